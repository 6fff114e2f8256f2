#!/bin/sh
# Makes a bundle smaller and quicker to start: trim.sh FOLDER BUNDLE PYTHON_VERSION
set -eu
folder=$1 bundle=$2 version=$3
cd "$folder"
rm -rf bin .lock
find . -type d \( -name tests -o -name test -o -name testing \) -path '*/*/*' -not -path './functions/*' -not -path './numpy/*' -not -path './sklearn/*' -prune -exec rm -rf {} +
find . -type d -name tests \( -path './numpy/*' -o -path './sklearn/*' \) -prune -exec rm -rf {} +
find . \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' \) -type f -delete
if [ "$bundle" = training ] || [ "$bundle" = prepare ]; then
  # What implicit, lightgbm, scipy.sparse and scikit-learn never load; the bundles must stay under Lambda's 250 MB, so no .pyc either.
  for part in signal io odr fftpack cluster misc datasets differentiate; do
    rm -rf "scipy/$part"
  done
  rm -f implicit/gpu/*.so
  # optuna loads these only for studies in a database
  rm -rf sqlalchemy sqlalchemy-* alembic alembic-* mako mako-* greenlet greenlet-* markupsafe markupsafe-* yaml _yaml pyyaml-*
  exit 0
fi
# Where a number's holder lives, and in which network, is nobody's business here.
rm -rf phonenumbers/geodata phonenumbers/carrierdata phonenumbers/tzdata
# Compiled modules halve the cold start. They must match the version of Python they run on.
for python in "python$version" python3 "${PYTHON:-python3}"; do
  if command -v "$python" >/dev/null && [ "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$version" ]; then
    "$python" -m compileall -q -j 2 --invalidation-mode unchecked-hash . >/dev/null || true
    exit 0
  fi
done
echo "No Python $version on this machine: functions are shipped without compiled modules and start more slowly." >&2
