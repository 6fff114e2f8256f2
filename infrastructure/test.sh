#!/bin/sh
# All tests: first those that need nothing, then those on fresh local stacks, two side by side since each waits half of its time.
set -eu
python=.venv/bin/python
home="$PWD/.local/test"
rm -rf "$home"/*.report "$home"/*.passed
mkdir -p "$home"

echo "Unit, contract and architecture tests …"
# a module's tests stay in one worker: what they share is made once
.venv/bin/pytest -q -n 2 --dist loadscope tests/unit tests/contract tests/architecture

echo "Tests of training on Spark …"
# where Spark cannot be installed its tests are skipped and say so; in CI they fail
spark=.local/spark/bin/python
[ -f .local/spark/.stamp ] || spark=$python
"$spark" -m pytest -q -rs tests/spark

ports=$("$python" - <<'END'
import socket

held = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(one.getsockname()[1] for one in held))
END
)
on_stack() { # NAME PORT REDIS_PORT, and what pytest is to run there
  name=$1 port=$2 redis=$3
  shift 3
  SHOPWINDOW_HOME="$home/$name" PORT=$port REDIS_PORT=$redis sh infrastructure/on-stack.sh "$@" &&
    touch "$home/$name.passed"
}
# shellcheck disable=SC2086 # four numbers
set -- $ports
trap 'kill $other 2>/dev/null; wait; exit 130' INT TERM
echo "Integration and browser tests, each half on a deployed stack; what is said of privacy comes last …"
on_stack privacy "$1" "$2" tests/integration/test_privacy.py >"$home/privacy.report" 2>&1 &
other=$!
on_stack rest "$3" "$4" tests/integration tests/e2e --ignore tests/integration/test_privacy.py 2>&1 | tee "$home/rest.report"
wait $other || true
cat "$home/privacy.report"
if [ ! -e "$home/rest.passed" ] || [ ! -e "$home/privacy.passed" ]; then
  echo "What failed:" >&2
  grep -hE '^(FAILED|ERROR|E  )' "$home/rest.report" "$home/privacy.report" | head -n 60 >&2
  exit 1
fi
