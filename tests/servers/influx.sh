#!/bin/sh
# InfluxDB 1.6.7 and VictoriaMetrics 1.79.5 for tests: Debian's packages, unpacked, not installed.
# Where they cannot be had the tests that need them skip, with their count and this reason.
set -u
into=.servers/influx
[ -x "$into/usr/bin/influxd" ] && [ -x "$into/usr/bin/victoria-metrics" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg >/dev/null 2>&1; then
  echo "test-servers: influx: no apt-get here: InfluxDB and VictoriaMetrics tests will be skipped"
  exit 0
fi
mkdir -p "$into" && cd "$into" || exit 0
fetch() { apt-get download -qq influxdb victoria-metrics; }
echo "test-servers: influx: fetching InfluxDB and VictoriaMetrics from the system's packages"
{ fetch || { apt-get update -qq && fetch; }; } >/dev/null 2>&1
for package in influxdb_*.deb victoria-metrics_*.deb; do
  [ -f "$package" ] && dpkg -x "$package" . && rm -f "$package"
done
[ -x usr/bin/influxd ] || echo "test-servers: influx: no influxd to be had: InfluxDB tests will be skipped"
[ -x usr/bin/victoria-metrics ] || echo "test-servers: influx: no victoria-metrics to be had: its tests will be skipped"
exit 0
