#!/bin/sh
# PostgreSQL for tests: the system's own where there is one, else its packages unpacked (nothing is
# installed, nothing is started) into .servers/postgres, with wrappers in .servers/postgres/bin.
# "--fetch" unpacks even where the system has one. Without a server the tests skip, with this reason.
set -u
cd "$(dirname "$0")/../.." || exit 0
home=$PWD/.servers/postgres
skip() { rm -rf "$home.part"; echo "test-servers: postgres: $1: tests on PostgreSQL will be skipped"; exit 0; }
if [ "${1:-}" != --fetch ]; then
  for found in "$home"/bin/initdb /usr/lib/postgresql/*/bin/initdb; do [ -x "$found" ] && exit 0; done
  command -v initdb >/dev/null 2>&1 && command -v postgres >/dev/null 2>&1 && exit 0
fi
command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || skip "no server here, and no apt-get to fetch one"

echo "test-servers: postgres: unpacking the system's packages into .servers/postgres"
newest() { apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: \(postgresql-[0-9]*\)$/\1/p' | tail -1; }
server=$(newest)
[ -n "$server" ] || { apt-get update -qq >/dev/null 2>&1; server=$(newest); }
[ -n "$server" ] || skip "apt-get knows no package postgresql"
client=$(echo "$server" | sed 's/-/-client-/')
libraries=$(apt-cache depends "$server" "$client" libpq5 libldap-2.5-0 2>/dev/null \
  | sed -n 's/^ *Depends: \(lib[a-z0-9.+-]*\)$/\1/p' | grep -v -e '^libc6' -e '^libllvm' -e '^libgcc' -e '^libstdc' | sort -u)
rm -rf "$home.part" && mkdir -p "$home.part/deb" && cd "$home.part/deb" || skip "cannot write here"
for package in $server $client $libraries; do
  apt-get download -qq "$package" >/dev/null 2>&1 \
    || { apt-get update -qq >/dev/null 2>&1; apt-get download -qq "$package" >/dev/null 2>&1; } \
    || skip "cannot download $package"
done
cd "$home.part" || exit 0
for deb in deb/*.deb; do dpkg -x "$deb" . || skip "cannot unpack $deb"; done
rm -rf deb
lib=$(dirname "$(find . -name libpq.so.5 | head -1)")
tools=$(dirname "$(find . -path '*/bin/initdb' | head -1)")
mkdir bin
for tool in initdb postgres pg_dump pg_restore; do
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$home/${lib#./}" "$home/${tools#./}/$tool" > "bin/$tool"
  chmod 755 "bin/$tool"
  LD_LIBRARY_PATH="$lib" ldd "$tools/$tool" | grep -q 'not found' && skip "a library of $tool is missing"
done
rm -rf "$home" && mv "$home.part" "$home"
exit 0
