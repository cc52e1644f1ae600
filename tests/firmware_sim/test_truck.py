"""A truck's day: on duty or parked, moving as it says it moves, loaded more at every village."""

from itertools import pairwise
from math import hypot
from statistics import mean

import msgspec
import pytest

from gongfu_broker.columns import COLUMNS, DeviceKind, positions
from gongfu_firmware_sim.faults import NO_FAULTS, FaultRates
from gongfu_firmware_sim.moment import Moment
from gongfu_firmware_sim.roads import LonLat, offset_m
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_firmware_sim.thermal import product_celsius
from gongfu_firmware_sim.truck import Truck

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
AT = positions(1, DeviceKind.TRUCK)


@pytest.fixture
def calm(county: ScenarioSpec) -> ScenarioSpec:
    return msgspec.structs.replace(county, rates=NO_FAULTS)


def device(spec: ScenarioSpec) -> DeviceSpec:
    return spec.devices[2]


def local_midnight(spec: ScenarioSpec) -> int:
    return spec.start_ms - 8 * HOUR_MS


def rows_of(spec: ScenarioSpec, *, days: int = 1) -> list[Moment]:
    start = local_midnight(spec)
    return Truck(device(spec), spec).moments(start - 1, start + days * DAY_MS - 1)


def value(row: Moment, name: str) -> float | None:
    return row.values[AT[name]] if AT[name] < len(row.values) else None


def series(rows: list[Moment], name: str) -> list[tuple[int, float]]:
    return [(row.ts_ms, told) for row in rows if (told := value(row, name)) is not None]


def hours(spec: ScenarioSpec, ts_ms: int) -> float:
    return (ts_ms - local_midnight(spec)) / HOUR_MS


def place(row: Moment) -> LonLat:
    lon, lat = value(row, "lon_deg"), value(row, "lat_deg")
    assert lon is not None
    assert lat is not None
    return lon, lat


def test_positions_are_dense_on_duty_and_rare_when_parked(calm: ScenarioSpec) -> None:
    stamps = [ts for ts, _ in series(rows_of(calm), "lat_deg")]
    gaps = [b - a for a, b in pairwise(stamps)]
    assert gaps.count(10 * SECOND_MS) > 3_000
    assert 150 <= gaps.count(5 * MINUTE_MS) <= 190
    dense = [hours(calm, a) for a, b in pairwise(stamps) if b - a == 10 * SECOND_MS]
    assert 7.8 <= min(dense) <= 8.1
    assert 17.3 <= max(dense) <= 18.5


def test_climate_is_due_every_half_minute_on_duty_and_load_every_minute(
    calm: ScenarioSpec,
) -> None:
    rows = [row for row in rows_of(calm) if 9 <= hours(calm, row.ts_ms) < 16]
    assert len(series(rows, "zone_1_celsius")) == 7 * 120
    assert len(series(rows, "zone_2_celsius")) == 7 * 120
    assert len(series(rows, "load_kg")) == 7 * 60
    assert sum(row.closes for row in rows) == 7 * 120


def test_no_time_stamp_stands_twice(county: ScenarioSpec) -> None:
    stamps = [row.ts_ms for row in rows_of(county, days=7)]
    assert stamps == sorted(set(stamps))


def test_every_value_is_one_the_instrument_can_report(county: ScenarioSpec) -> None:
    columns = COLUMNS[1, DeviceKind.TRUCK]
    for row in rows_of(county, days=3):
        for column, told in zip(columns, row.values, strict=False):
            assert told is None or column.low <= told <= column.high


def test_speed_and_position_agree(calm: ScenarioSpec) -> None:
    rows = [row for row in rows_of(calm) if value(row, "speed_kmh") is not None]
    dense = [(a, b) for a, b in pairwise(rows) if b.ts_ms - a.ts_ms == 10 * SECOND_MS]
    errors = []
    for a, b in dense:
        moved_m = hypot(*offset_m(place(a), place(b)))
        speed = mean([value(a, "speed_kmh") or 0.0, value(b, "speed_kmh") or 0.0])
        if speed > 10:
            errors.append(moved_m - speed / 3.6 * 10)
    assert len(errors) > 200
    assert abs(mean(errors)) < 4  # bends are cut by the straight line between two fixes
    assert mean(abs(error) for error in errors) < 15


def test_a_standing_truck_scatters_a_few_metres(calm: ScenarioSpec) -> None:
    parked = [row for row in rows_of(calm) if hours(calm, row.ts_ms) < 7 and row.door is None]
    depot = device(calm).depot
    assert depot is not None
    east = [offset_m(depot, place(row))[0] for row in parked]
    assert abs(mean(east)) < 3
    assert 3 < (mean(e * e for e in east)) ** 0.5 < 9
    assert all((value(row, "speed_kmh") or 0) < 3 for row in parked)


def test_each_village_gets_about_forty_minutes_with_the_door_in_use(calm: ScenarioSpec) -> None:
    rows = rows_of(calm)
    moving = [(ts, v) for ts, v in series(rows, "speed_kmh") if v > 5]
    stops = [(a, b) for (a, _), (b, _) in pairwise(moving) if b - a > 20 * MINUTE_MS]
    assert len(stops) in (3, 4)
    assert min(b - a for a, b in stops) > 35 * MINUTE_MS
    opened = [row.ts_ms for row in rows if row.door == 1]
    assert all(sum(a <= ts <= b for ts in opened) >= 10 for a, b in stops)


def test_every_village_is_visited_once_a_week(calm: ScenarioSpec) -> None:
    monday = msgspec.structs.replace(calm, start_ms=calm.start_ms - DAY_MS)
    fixes = [place(row) for row in rows_of(monday, days=5) if value(row, "lat_deg") is not None]
    for stop in device(calm).stops:
        assert min(hypot(*offset_m(stop, fix)) for fix in fixes[::6]) < 60


def test_the_truck_rests_at_the_weekend(calm: ScenarioSpec) -> None:
    saturday = msgspec.structs.replace(calm, start_ms=calm.start_ms + 4 * DAY_MS)
    rows = rows_of(saturday)
    assert len(rows) == 288
    assert all(row.door is None for row in rows)


def test_the_load_grows_along_the_round_and_is_unloaded_at_the_depot(calm: ScenarioSpec) -> None:
    loads = [kg for _, kg in series(rows_of(calm), "load_kg")]
    assert 300 <= max(loads) - loads[0] <= 520
    assert abs(loads[-1] - loads[0]) < 8
    top = loads.index(max(loads))
    assert all(b - a > -10 for a, b in pairwise(loads[:top]))


def test_the_odometer_only_ever_grows_also_over_midnight(calm: ScenarioSpec) -> None:
    odometer = [km for _, km in series(rows_of(calm, days=3), "odometer_km")]
    assert all(b >= a for a, b in pairwise(odometer))
    assert 60 < odometer[-1] - odometer[0] < 500


def test_the_radio_is_sure_for_forty_minutes_and_fails_once_on_the_road(
    county: ScenarioSpec,
) -> None:
    spec = msgspec.structs.replace(county, rates=FaultRates(radio_gap_per_truck_day=1.0))
    truck = Truck(device(spec), spec)
    start = local_midnight(spec)
    silent = [m for m in range(1_440) if not truck.reachable(start + m * MINUTE_MS)]
    assert 9 <= len(silent) <= 41
    assert silent[0] >= 8.5 * 60
    assert silent[-1] - silent[0] + 1 == len(silent)


def test_drifting_fixes_are_rare_far_off_and_have_few_satellites(county: ScenarioSpec) -> None:
    drifting = FaultRates(0, 0, 0, 0, 0, gps_drift_share_of_duty=0.01)
    spec = msgspec.structs.replace(county, rates=drifting)
    clean = msgspec.structs.replace(county, rates=NO_FAULTS)
    pairs = [
        (a, b)
        for a, b in zip(rows_of(spec), rows_of(clean), strict=True)
        if value(a, "lat_deg") is not None
    ]
    off = [a for a, b in pairs if hypot(*offset_m(place(a), place(b))) > 20]
    assert 0.004 < len(off) / len(pairs) < 0.02
    assert all((value(row, "satellites") or 0) < 9 for row in off)


def test_the_same_seed_gives_the_same_day_however_it_is_asked_for(county: ScenarioSpec) -> None:
    at_once = rows_of(county)
    truck = Truck(device(county), county)
    stepwise: list[Moment] = []
    at = local_midnight(county) - 1
    end, step = at + DAY_MS, 0
    while at < end:
        step = step * 7 % 9_973 + 6_600
        stepwise += truck.moments(at, min(at + step, end))
        at += step
    assert stepwise == at_once
    other = msgspec.structs.replace(county, seed=8)
    assert rows_of(other) != at_once


def test_normal_work_keeps_the_goods_cold(calm: ScenarioSpec) -> None:
    rows = rows_of(calm, days=4)
    outer = [celsius for _, celsius in series(rows, "zone_1_celsius")]
    inner = sorted(celsius for _, celsius in series(rows, "zone_2_celsius"))
    assert sum(celsius > 8 for celsius in outer) < 0.02 * len(outer)
    assert inner[int(0.97 * len(inner))] < -10


@pytest.mark.parametrize("number", range(1, 13))
def test_frozen_goods_stay_frozen_through_doors_and_defrosts_of_a_working_unit(
    calm: ScenarioSpec, number: int
) -> None:
    other = msgspec.structs.replace(device(calm), dev=f"veh-{number:04}")
    devices = (*calm.devices[:2], other)
    air = series(rows_of(msgspec.structs.replace(calm, devices=devices), days=2), "zone_2_celsius")
    goods = warmest = air[0][1]
    for (before, celsius), (now, _) in pairwise(air):
        goods = product_celsius(goods, celsius, dt_ms=now - before, tau_ms=120 * MINUTE_MS)
        warmest = max(warmest, goods)
    assert max(celsius for _, celsius in air) > -14  # doors and defrosts are felt
    assert warmest < -15
