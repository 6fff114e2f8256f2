#!/bin/sh
# All tests: first those that need nothing, then those on a fresh local stack with ports and state of its own.
set -eu
python=.venv/bin/python
export SHOPWINDOW_HOME="$PWD/.local/test" SHOPWINDOW_STACK="$PWD/.local/test/stack.json"
"$python" -m infrastructure.local reset >/dev/null
export PORT="$("$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')"
export REDIS_PORT="$("$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')"
echo "Unit, contract and architecture tests …"
.venv/bin/pytest -q tests/unit tests/contract tests/architecture
stop() { "$python" -m infrastructure.local stop >/dev/null 2>&1 || true; }
trap stop EXIT
"$python" -m infrastructure.local start
"$python" -m infrastructure.local deploy
echo "Integration and browser tests on the deployed stack …"
.venv/bin/pytest -q tests/integration tests/e2e || {
  code=$?
  echo "The logs of the stack are in $SHOPWINDOW_HOME/logs." >&2
  tail -n 60 "$SHOPWINDOW_HOME/logs/emulator.log" >&2
  exit $code
}
