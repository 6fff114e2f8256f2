#!/bin/sh
# A Chromium for the browser tests: the system's, Debian's, or Playwright's own.
set -eu
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium …"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && exit 0
fi
echo "Installing Playwright's Chromium …"
.venv/bin/playwright install chromium || echo "No Chromium could be installed: browser tests will say so." >&2
