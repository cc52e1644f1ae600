#!/bin/sh
# A browser for tests, from the system's packages, with its own font and a font with Chinese characters.
# Where that is not possible the browser tests skip, with their count and this reason.
set -u
if command -v chromium >/dev/null 2>&1 && fc-list 2>/dev/null | grep -qi 'cjk'; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "test-servers: chromium: no chromium here, and no right to install it: browser tests will be skipped"
  exit 0
fi
echo "test-servers: chromium: installing chromium and fonts-noto-cjk from the system's packages"
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig; } >/dev/null 2>&1 \
  || echo "test-servers: chromium: could not install chromium: browser tests will be skipped"
exit 0
