#!/bin/sh
# Makes what is missing in deploy/secrets; never changes what is there.
# The folder is closed to others; the files are readable because each container reads its own as its own user.
# Usage: sh deploy/secrets.sh [name of the MQTT host, for the trial certificate]
set -eu
host=${1:-localhost}
into=${GONGFU_SECRETS:-$(dirname "$0")/secrets}
umask 022
mkdir -p "$into"
chmod 700 "$into"

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }
once() {
  [ -s "$into/$1" ] && return
  cat > "$into/$1.part"
  chmod 444 "$into/$1.part"
  mv "$into/$1.part" "$into/$1"
  echo "made $into/$1"
}

for name in postgres_password influx_password influx_token grafana_password; do random | once $name; done
printf 'postgresql+psycopg://gongfu:%s@postgres:5432/gongfu' "$(cat "$into/postgres_password")" | once database_url

if [ ! -s "$into/mqtt_certificate" ] && [ ! -s "$into/mqtt_key" ]; then
  command -v openssl >/dev/null || { echo "no openssl: put mqtt_certificate and mqtt_key (PEM) into $into" >&2; exit 1; }
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj "/CN=$host" \
    -addext "subjectAltName=DNS:$host" -keyout "$into/.key" -out "$into/.certificate" 2>/dev/null
  once mqtt_key < "$into/.key"
  once mqtt_certificate < "$into/.certificate"
  rm -f "$into/.key" "$into/.certificate"
  echo "mqtt_certificate vouches for itself, for 90 days: good for a trial; replace both files before devices trust it"
fi
