#!/bin/sh
# Packs the Spark job for EMR Serverless: package.sh FOLDER [ARCH]. Makes FOLDER/train.py and FOLDER/environment.tar.gz.
# EMR's own Python is 3.9, too old for our packages, so the archive brings an interpreter that runs wherever it is unpacked (uv's, about 30 MB,
# from GitHub or UV_PYTHON_INSTALL_MIRROR), the packages as wheels for the target, and `shared/`. No container is needed.
set -eu
folder=$1 arch=${2:-arm64} version=3.11
case $arch in arm64) machine=aarch64 ;; x86_64) machine=x86_64 ;; *) echo "ARCH must be arm64 or x86_64, not $arch." >&2; exit 1 ;; esac
uv=.venv/bin/uv environment="$folder/environment"
rm -rf "$folder" && mkdir -p "$folder/python"
"$uv" python install --quiet --no-bin --install-dir "$folder/python" "cpython-$version-linux-$machine-gnu" \
  || { echo "The Python for EMR could not be downloaded: is GitHub, or UV_PYTHON_INSTALL_MIRROR, reachable?" >&2; exit 1; }
mv "$folder"/python/cpython-$version.*-linux-$machine-gnu "$environment" && rm -rf "$folder/python"
site="$environment/lib/python$version/site-packages"
"$uv" pip install --quiet --requirement requirements/spark-job.txt --target "$site" --python-version "$version" \
  --python-platform "$machine-manylinux_2_28" --only-binary :all:
cp -r shared "$site/"
{ git describe --always --dirty 2>/dev/null || sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml; } > "$site/code-version"
find "$environment" \( -name __pycache__ -o -name tests -path '*/site-packages/*' \) -type d -prune -exec rm -rf {} +
tar -czf "$folder/environment.tar.gz" -C "$environment" . && rm -rf "$environment"
cp infrastructure/spark/train.py "$folder/"
du -h "$folder"/*
