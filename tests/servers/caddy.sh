#!/bin/sh
# Caddy 2.6 for tests of the Caddyfile: Debian's package, unpacked, not installed.
# Where it cannot be had those tests skip, with their count and this reason.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)/.servers/caddy
[ -x "$root/usr/bin/caddy" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg >/dev/null 2>&1; then
  echo "test-servers: caddy: no apt-get here: tests of the Caddyfile will be skipped"
  exit 0
fi
mkdir -p "$root" && cd "$root" || exit 0
echo "test-servers: caddy: fetching it from the system's packages"
fetch() { apt-get download -qq caddy; }
{ fetch || { apt-get update -qq && fetch; }; } >/dev/null 2>&1
for package in caddy_*.deb; do
  [ -f "$package" ] && dpkg -x "$package" . && rm -f "$package"
done
[ -x usr/bin/caddy ] || echo "test-servers: caddy: could not be fetched: tests of the Caddyfile will be skipped"
exit 0
