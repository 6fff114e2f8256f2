#!/bin/sh
# The command line. Setup links it as .venv/bin/shopwindow; it works in any folder, on the project that the link stands in.
root=$(cd "$(dirname "$0")/../.." && pwd)
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "$root/.venv/bin/python" -m infrastructure.cli "$@"
