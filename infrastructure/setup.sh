#!/bin/sh
# Makes the environments: .venv for people, .local/emulator for the emulator, .local/runtime for functions; with `setup.sh PYTHON spark` also
# .local/spark, for the training job on Spark and its tests (a gigabyte, which only tests and benchmarks need).
# Does nothing when the requirements have not changed.
set -eu
python=${1:-python3}
command -v "$python" >/dev/null || { echo "Python is missing: install Python 3.11 or newer." >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $python is $("$python" -V)." >&2; exit 1; }
"$python" -c 'import venv, ensurepip' 2>/dev/null || {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Python's venv …"; apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
  else
    echo "Python's venv module is missing: install it (Debian: apt install python3-venv)." >&2; exit 1
  fi
}
for environment in dev:.venv emulator:.local/emulator runtime:.local/runtime ${2:+$2:.local/$2}; do
  name=${environment%%:*} folder=${environment#*:}
  digest=$("$python" -c 'import hashlib,sys; print(hashlib.sha256(b"".join(open(f,"rb").read() for f in sys.argv[1:])+sys.version.encode()).hexdigest())' \
    "requirements/$name.txt" $(case $name in dev) ls functions/*/*.txt ;; spark) ls requirements/spark-job.txt functions/prepare/*.txt functions/training/*.txt ;; esac))
  [ -f "$folder/.stamp" ] && [ "$(cat "$folder/.stamp")" = "$digest" ] && continue
  echo "Installing $folder …"
  [ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
  if [ "$name" = dev ]; then
    "$folder/bin/python" -m pip install -q "$(grep '^uv==' requirements/dev.txt)"
  fi
  .venv/bin/uv pip install -q --compile-bytecode --python "$folder/bin/python" -r "requirements/$name.txt" \
    || { echo "Packages could not be installed: is the package index reachable?" >&2; exit 1; }
  echo "$digest" > "$folder/.stamp"
done
ln -sf ../../infrastructure/shopwindow.sh .venv/bin/shopwindow
