#!/bin/sh
# Starts the whole of docker-compose.yml as a project of its own, with simulated devices, looks at every
# part, and takes it down again with its volumes. For machines with an engine; CI has none and does not run this.
# Needs: docker compose 2.24 or newer, curl, free ports 80, 443, 8883. Takes about ten minutes the first time.
set -u
cd "$(dirname "$0")/.." || exit 2
compose() { docker compose --project-name gongfu-check --profile demo "$@"; }
inside() { compose exec -T "$@" 2>/dev/null; }
compose version >/dev/null 2>&1 || { echo "check-compose: no docker compose here: see docs/deploy.md"; exit 2; }
sh deploy/secrets.sh || exit 2

failed=0
check() {  # check WHAT SECONDS COMMAND...: repeat the command until it holds or the time is over
  what=$1; until=$(($(date +%s) + $2)); shift 2
  while ! "$@" >/dev/null 2>&1; do
    if [ "$(date +%s)" -ge "$until" ]; then echo "FAIL $what"; failed=1; return; fi
    sleep 3
  done
  echo "ok   $what"
}

every_service_is_healthy() { ! compose ps --format '{{.Health}}' | grep -Eq 'unhealthy|starting'; }
all_devices_are_connected() { curl --insecure --silent --fail https://localhost/health | grep -q '"connected":119'; }
page_is_served() { curl --insecure --silent --fail https://localhost/ | grep -qi '<!doctype html>'; }
device_port_speaks_tls() { echo | openssl s_client -connect localhost:8883 2>/dev/null | grep -q 'BEGIN CERTIFICATE'; }
influx_has_points() {
  inside influxdb sh -c 'curl --silent --fail --get --header "Authorization: Token $(cat /run/secrets/influx_token)" \
    --data-urlencode db=telemetry --data-urlencode "q=SELECT count(*) FROM cabinet" http://127.0.0.1:8086/query' | grep -q '"values"'
}
grafana() { curl --insecure --silent --fail --user "admin:$(cat deploy/secrets/grafana_password)" "https://localhost/grafana/api/$1"; }
grafana_has_the_wall() { grafana dashboards/uid/gongfu-fleet-wall | grep -q '"panels"'; }
grafana_reads_influx() { grafana datasources/uid/gongfu-influxdb/health | grep -q '"status":"OK"'; }
nobody_is_root() {
  for id in $(compose ps --quiet); do
    case $(docker inspect --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}}' "$id") in
      0:*|root*|" "*|*false) return 1 ;;
    esac
  done
}

trap 'compose down --volumes --timeout 60 >/dev/null 2>&1' EXIT INT TERM
compose up --build --detach || { compose logs --tail 40; exit 1; }
# Secrets of the devices to be simulated; mosquitto is told of them by the service accounts.
compose run --rm --no-deps worker devices simulate || exit 1
compose restart simulator || exit 1
check "every service is healthy" 300 every_service_is_healthy
check "nobody is root, nobody writes to an image" 5 nobody_is_root
check "the page comes through Caddy" 60 page_is_served
check "119 devices are connected" 300 all_devices_are_connected
check "the device port speaks TLS" 30 device_port_speaks_tls
check "InfluxDB 2 has points and answers InfluxQL" 900 influx_has_points
check "Grafana has the fleet wall" 60 grafana_has_the_wall
check "Grafana reads InfluxDB" 60 grafana_reads_influx
[ $failed = 0 ] || compose logs --tail 60
exit $failed
