#!/bin/sh
# All tests: first those that need nothing, then those on a fresh local stack with ports and state of its own.
set -eu
export SHOPWINDOW_HOME="$PWD/.local/test" PORT="${TEST_PORT:-4666}"
export REDIS_PORT=$((PORT + 1)) SHOPWINDOW_STACK="$SHOPWINDOW_HOME/stack.json"
python=.venv/bin/python
echo "Unit, contract and architecture tests …"
.venv/bin/pytest -q tests/unit tests/contract tests/architecture
stop() { "$python" -m infrastructure.local stop >/dev/null 2>&1 || true; }
trap stop EXIT
"$python" -m infrastructure.local reset >/dev/null
"$python" -m infrastructure.local start
"$python" -m infrastructure.local deploy
echo "Integration and browser tests on the deployed stack …"
.venv/bin/pytest -q tests/integration tests/e2e || {
  code=$?
  echo "The logs of the stack are in $SHOPWINDOW_HOME/logs." >&2
  tail -n 60 "$SHOPWINDOW_HOME/logs/emulator.log" >&2
  exit $code
}
