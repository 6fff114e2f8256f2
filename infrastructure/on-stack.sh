#!/bin/sh
# pytest with what is given, on a fresh stack in SHOPWINDOW_HOME with IAM enforced; when it fails, the ends of the stack's logs too.
set -eu
python=.venv/bin/python
export SHOPWINDOW_STACK="$SHOPWINDOW_HOME/stack.json"
trap '"$python" -m infrastructure.local stop >/dev/null 2>&1 || true' EXIT
trap 'exit 130' INT TERM
"$python" -m infrastructure.local reset >/dev/null
"$python" -m infrastructure.local start --auth
"$python" -m infrastructure.local deploy
if ! .venv/bin/pytest -q "$@"; then
  echo "The logs of the stack are in $SHOPWINDOW_HOME/logs; their ends:"
  tail -n 20 "$SHOPWINDOW_HOME/logs/emulator.log" "$SHOPWINDOW_HOME/logs/poller.log" | cut -c1-300
  exit 1
fi
