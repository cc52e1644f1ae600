#!/bin/sh
# libfaketime for tests of clocks that jump: Debian's package, unpacked, not installed.
# Where it cannot be had the tests that need it skip, with their count and this reason.
set -u
into=.servers/faketime
ls "$into"/usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 && exit 0
if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg >/dev/null 2>&1; then
  echo "test-servers: faketime: no apt-get here: tests with jumping clocks will be skipped"
  exit 0
fi
mkdir -p "$into" && cd "$into" || exit 0
fetch() { apt-get download -qq libfaketime; }
echo "test-servers: faketime: fetching libfaketime from the system's packages"
{ fetch || { apt-get update -qq && fetch; }; } >/dev/null 2>&1
for package in libfaketime_*.deb; do
  [ -f "$package" ] && dpkg -x "$package" . && rm -f "$package"
done
ls usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 \
  || echo "test-servers: faketime: no libfaketime to be had: tests with jumping clocks will be skipped"
exit 0
