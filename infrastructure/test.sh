#!/bin/sh
# All tests: first those that need nothing, then those on a fresh local stack with ports and state of its own and IAM enforced.
set -eu
python=.venv/bin/python
export SHOPWINDOW_HOME="$PWD/.local/test" SHOPWINDOW_STACK="$PWD/.local/test/stack.json"
free_port() { "$python" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
stop() { "$python" -m infrastructure.local stop >/dev/null 2>&1 || true; }
trap stop EXIT
trap 'exit 130' INT TERM

echo "Unit, contract and architecture tests …"
# a module's tests stay in one worker: what they share is made once
.venv/bin/pytest -q -n 2 --dist loadscope tests/unit tests/contract tests/architecture

echo "Tests of training on Spark …"
# where Spark cannot be installed its tests are skipped and say so; in CI they fail
spark=.local/spark/bin/python
[ -f .local/spark/.stamp ] || spark=$python
"$spark" -m pytest -q -rs tests/spark

"$python" -m infrastructure.local reset >/dev/null
PORT=$(free_port) REDIS_PORT=$(free_port)
export PORT REDIS_PORT
"$python" -m infrastructure.local start --auth
"$python" -m infrastructure.local deploy
echo "Integration and browser tests on the deployed stack …"
report="$SHOPWINDOW_HOME/report.txt"
{ .venv/bin/pytest -q tests/integration tests/e2e && echo passed >"$report.end" || echo failed >"$report.end"; } | tee "$report"
if [ "$(cat "$report.end")" != passed ]; then
  echo "The logs of the stack are in $SHOPWINDOW_HOME/logs; their ends:" >&2
  tail -n 20 "$SHOPWINDOW_HOME/logs/emulator.log" "$SHOPWINDOW_HOME/logs/poller.log" | cut -c1-300 >&2
  echo "What failed:" >&2
  grep -E '^(FAILED|ERROR|E  )' "$report" | head -n 60 >&2
  exit 1
fi
