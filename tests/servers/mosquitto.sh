#!/bin/sh
# A real mosquitto for tests, from the system's packages, unpacked into .servers/mosquitto and not installed.
# Where that is not possible the tests use an installed one, else they skip with this reason.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)/.servers/mosquitto
[ -x "$root/usr/sbin/mosquitto" ] && [ -x "$root/usr/bin/mosquitto_sub" ] && exit 0
for tool in apt-get apt-cache dpkg; do
  command -v $tool >/dev/null 2>&1 || { echo "test-servers: mosquitto: no $tool here: tests on mosquitto will be skipped"; exit 0; }
done
if ! apt-cache show mosquitto >/dev/null 2>&1; then apt-get update -qq >/dev/null 2>&1; fi
missing=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
  --no-enhances mosquitto mosquitto-clients 2>/dev/null | grep '^[a-z0-9]' | sort -u | while read -r name; do
    dpkg -s "$name" >/dev/null 2>&1 || { apt-cache show "$name" >/dev/null 2>&1 && echo "$name"; }
  done | grep '^lib')
mkdir -p "$root.part/deb" && cd "$root.part/deb" || exit 0
echo "test-servers: mosquitto: fetching it from the system's packages"
fetch() { apt-get download -qq mosquitto mosquitto-clients "$@" >/dev/null 2>&1; }
if fetch $missing || { apt-get update -qq >/dev/null 2>&1; fetch $missing; }; then
  for deb in *.deb; do dpkg -x "$deb" "$root.part" || exit 0; done
  cd / && rm -rf "$root.part/deb" "$root" && mv "$root.part" "$root"
else
  echo "test-servers: mosquitto: could not be fetched: tests on mosquitto will be skipped"
fi
exit 0
