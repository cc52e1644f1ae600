"""The whole county with InfluxDB beside it: what the embedded store holds, InfluxDB holds."""

import time
from contextlib import closing
from pathlib import Path

import httpx

from gongfu.bench.house import House, house_settings
from gongfu.ledger_check import END_MS
from gongfu.settings import Settings
from gongfu_ingest.database import Database
from gongfu_ingest.stores.embedded import EmbeddedStore
from tests.influx.servers import Server, influxd, running

DATABASE = "telemetry"


def count(server: Server, measurement: str, field: str) -> int:
    query = f'SELECT count("{field}") FROM "{measurement}"'  # noqa: S608 - names of this test
    answer = httpx.get(
        f"{server.url}/query", params={"db": DATABASE, "q": query}, trust_env=False
    ).json()
    series = answer["results"][0].get("series")
    return int(series[0]["values"][0][1]) if series else 0


def stored(settings: Settings, prefix: str) -> int:
    """Through the store's public face: rows may have been folded into hours by now."""
    with closing(Database(settings.telemetry_path, read_only=True)) as database:
        points = EmbeddedStore(database).export(0, END_MS)
        own = (point for point in points if point.dev.startswith(prefix))
        return sum("zone_1_celsius" in point.values for point in own)


def lag(house: House) -> int:
    consumers = {consumer["name"]: consumer["lag"] for consumer in house.health()["consumers"]}
    return int(consumers["influx"])


def test_influxdb_is_filled_outlived_and_caught_up(tmp_path: Path) -> None:
    with running(influxd(tmp_path / "influxd")) as server:
        server.ask(f"CREATE DATABASE {DATABASE}")
        settings = house_settings(tmp_path / "state")
        names = {
            "GONGFU_INFLUX__URL": server.url,
            "GONGFU_INFLUX__API": "v1",
            "GONGFU_INFLUX__BUCKET": DATABASE,
        }
        house = House(settings, names)
        with house:
            house.wait_connected()
            time.sleep(8)
            assert count(server, "cabinet", "zone_1_celsius") > 0
            server.stop()
            time.sleep(6)
            assert house.health()["ingest"]["accepted"] > 0
            server.start()
            deadline = time.monotonic() + 60
            while lag(house) > 500:
                assert time.monotonic() < deadline, house.tail()
                time.sleep(0.5)
        # Stopped: what was committed in the last second is sent at the next start.
        with House(settings, {**names, "GONGFU_DEMO__SIMULATE": "false"}) as quiet:
            deadline = time.monotonic() + 60
            while True:
                wanted = {kind: stored(settings, f"{kind[:3]}-") for kind in ("cabinet",)}
                wanted["truck"] = stored(settings, "veh-")
                found = {kind: count(server, kind, "zone_1_celsius") for kind in wanted}
                if found == wanted:
                    break
                assert time.monotonic() < deadline, (wanted, found, quiet.tail())
                time.sleep(0.5)
        assert wanted["cabinet"] > 500
        assert count(server, "device_state", "online") >= 119
