"""The demonstration's timetable fits what its trucks drive, and people can import it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gongfu.demo_county import demo_scenario
from gongfu.demo_timetable import demo_timetable
from gongfu_firmware_sim.daytime import MINUTE_MS, day_of, midnight_ms, weekday_of
from gongfu_firmware_sim.truck import Truck
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import RegistryFiles, import_registry
from gongfu_fleet.services.seed import seed_registry
from gongfu_fleet.services.timetable_csv import lines_of
from gongfu_geo.villages import shipped_places

TUESDAY_MS = 1_790_640_000_000
LATE_MIN = 30


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/fleet.db")
    upgrade(engine)
    seed_registry(SqlRegistry(engine))
    yield engine
    engine.dispose()


def test_every_served_village_is_called_at_once_a_week_and_visited_in_its_window(
    county: Engine,
) -> None:
    registry = SqlRegistry(county)
    spec = demo_scenario(registry.assets(), seed=1, start_ms=TUESDAY_MS)
    places = shipped_places().villages.values()
    calls = demo_timetable(spec, places)
    assert sorted(c.village_code for c in calls) == sorted(v.code for v in places if v.served)
    points = {v.code: (v.point.lon, v.point.lat) for v in places}
    windows = {(c.asset_id, c.weekday, points[c.village_code]): c for c in calls}
    first = day_of(TUESDAY_MS)
    for device in spec.devices:
        if device.stops and device.dev < "veh-0010":
            for day in range(first, first + 7):
                for at, ms in Truck(device, spec).arrivals(day):
                    call = windows[device.dev, weekday_of(day) + 1, at]
                    minute = (ms - midnight_ms(day)) / MINUTE_MS
                    assert call.from_min <= minute <= call.until_min + LATE_MIN


def test_the_exported_file_is_what_the_registry_has(county: Engine) -> None:
    registry = SqlRegistry(county)
    spec = demo_scenario(registry.assets(), seed=1, start_ms=TUESDAY_MS)
    calls = demo_timetable(spec, shipped_places().villages.values())
    file = TableFile("timetable.csv", "\n".join(lines_of(calls)).encode())
    report = import_registry(registry, RegistryFiles(timetable=file), by=None)
    assert (report.faults, report.counts.added) == ((), len(calls))
    assert len(registry.timetables()) == 39
