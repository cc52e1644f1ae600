"""A cabinet's day: rows each minute, customers, refill, trays, faults."""

from itertools import pairwise
from statistics import pstdev

import msgspec
import pytest

from gongfu_broker.codec import encode
from gongfu_broker.columns import COLUMNS, DeviceKind, positions
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.faults import NO_FAULTS, FaultKind, FaultRates, Injection
from gongfu_firmware_sim.moment import Moment
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
AT = positions(1, DeviceKind.CABINET)


@pytest.fixture
def calm(county: ScenarioSpec) -> ScenarioSpec:
    return msgspec.structs.replace(county, rates=NO_FAULTS)


def device(spec: ScenarioSpec) -> DeviceSpec:
    return spec.devices[0]


def day_of_rows(spec: ScenarioSpec, *, days: int = 1) -> list[Moment]:
    return Cabinet(device(spec), spec).moments(spec.start_ms, spec.start_ms + days * DAY_MS)


def with_fault(
    spec: ScenarioSpec, kind: FaultKind, *, after_min: int, minutes: int
) -> ScenarioSpec:
    order = Injection(device(spec).dev, kind, spec.start_ms + after_min * MINUTE_MS, minutes * 60)
    return msgspec.structs.replace(spec, injections=(order,))


def test_a_row_is_due_each_minute_and_each_closes_a_message(calm: ScenarioSpec) -> None:
    rows = [row for row in day_of_rows(calm) if row.door is None]
    assert len(rows) == 1_440
    assert all(b.ts_ms - a.ts_ms == MINUTE_MS for a, b in pairwise(rows))
    assert all(row.closes for row in rows)


def test_no_time_stamp_stands_twice(county: ScenarioSpec) -> None:
    stamps = [row.ts_ms for row in day_of_rows(county, days=10)]
    assert stamps == sorted(set(stamps))


def test_every_value_is_one_the_instrument_can_report(county: ScenarioSpec) -> None:
    columns = COLUMNS[1, DeviceKind.CABINET]
    for row in day_of_rows(county, days=3):
        for column, value in zip(columns, row.values, strict=False):
            assert value is None or column.low <= value <= column.high


def test_fifteen_customers_and_a_refill_open_the_door_and_edges_alternate(
    calm: ScenarioSpec,
) -> None:
    edges = [row for row in day_of_rows(calm, days=5) if row.door is not None]
    assert len(edges) == 5 * 2 * 19
    assert all(a.door != b.door for a, b in pairwise(edges))


def test_the_opening_counter_counts_over_midnight(calm: ScenarioSpec) -> None:
    rows = day_of_rows(calm, days=3)
    counts = [row.values[AT["door_opens"]] or 0 for row in rows]
    opened = [row.door == 1 for row in rows]
    assert all(b - a == now for (a, b), now in zip(pairwise(counts), opened[1:], strict=True))


def test_trays_get_lighter_with_twelve_sales_and_full_with_the_refill(calm: ScenarioSpec) -> None:
    rows = [row for row in day_of_rows(calm) if row.values[0] is not None]
    loads = [sum(w or 0 for w in row.values[AT["tray_1_kg"] : AT["tray_8_kg"] + 1]) for row in rows]
    steps = [b - a for a, b in pairwise(loads)]
    assert 10 <= sum(step < -0.2 for step in steps) <= 12
    refill = rows[max(range(len(steps)), key=steps.__getitem__)]
    assert sum(step for step in steps if step > 0.2) > 5
    assert 5.4 <= (refill.ts_ms + 8 * HOUR_MS) % DAY_MS / HOUR_MS <= 7.6


def test_the_same_seed_gives_the_same_rows_however_they_are_asked_for(county: ScenarioSpec) -> None:
    at_once = day_of_rows(county)
    cabinet = Cabinet(device(county), county)
    stepwise: list[Moment] = []
    at, end, step = county.start_ms, county.start_ms + DAY_MS, 0
    while at < end:
        step = step * 7 % 9_973 + 6_600
        stepwise += cabinet.moments(at, min(at + step, end))
        at += step
    assert stepwise == at_once


def test_another_seed_gives_another_day(county: ScenarioSpec) -> None:
    other = msgspec.structs.replace(county, seed=8)
    assert day_of_rows(other)[:50] != day_of_rows(county)[:50]


def test_a_restart_in_the_afternoon_goes_on_as_if_nothing_had_happened(
    county: ScenarioSpec,
) -> None:
    noon = county.start_ms + 30 * HOUR_MS
    restarted = Cabinet(device(county), county).moments(noon, noon + 6 * HOUR_MS)
    assert restarted == [r for r in day_of_rows(county, days=2) if r.ts_ms > noon][: len(restarted)]


def test_a_stopped_compressor_brings_an_incident_within_an_hour_or_so(calm: ScenarioSpec) -> None:
    spec = with_fault(calm, FaultKind.COMPRESSOR_STOP, after_min=6, minutes=240)
    rows = [row for row in day_of_rows(spec) if row.values[0] is not None]
    warm = next(row for row in rows if (row.values[0] or 0) > 8)
    assert 20 <= (warm.ts_ms - spec.start_ms) / MINUTE_MS <= 46
    later = [row.values[0] or 0 for row in rows if 0 < row.ts_ms - warm.ts_ms < 60 * MINUTE_MS]
    assert min(later) > 7.5


def test_a_door_left_ajar_is_reported_open_and_warms_the_air(calm: ScenarioSpec) -> None:
    spec = with_fault(calm, FaultKind.DOOR_AJAR, after_min=100, minutes=75)
    begin = spec.start_ms + 100 * MINUTE_MS
    during = [
        row.values
        for row in day_of_rows(spec)
        if begin + 30 * MINUTE_MS < row.ts_ms < begin + 75 * MINUTE_MS and row.door is None
    ]
    assert all(values[AT["door_open"]] == 1 for values in during)
    assert all((values[0] or 0) > 8 for values in during)


def test_a_stuck_sensor_repeats_itself_to_the_last_digit(calm: ScenarioSpec) -> None:
    spec = with_fault(calm, FaultKind.SENSOR_STUCK, after_min=60, minutes=180)
    begin = spec.start_ms + 60 * MINUTE_MS
    rows = [r for r in day_of_rows(spec) if begin <= r.ts_ms < begin + 180 * MINUTE_MS]
    assert len({row.values[0] for row in rows if row.values[0] is not None}) == 1
    healthy = [r.values[0] or 0 for r in day_of_rows(calm) if r.values[0] is not None]
    assert pstdev(healthy) > 0.4


def test_a_wrong_clock_is_off_the_grid_of_the_right_one(calm: ScenarioSpec) -> None:
    spec = with_fault(calm, FaultKind.CLOCK_WRONG, after_min=60, minutes=60)
    cabinet = Cabinet(device(spec), spec)
    assert cabinet.clock_offset_ms(spec.start_ms) == 0
    assert cabinet.clock_offset_ms(spec.start_ms + 61 * MINUTE_MS) == -7_200_000 + 500


def test_an_ordered_gap_cuts_the_cabinet_off(calm: ScenarioSpec) -> None:
    spec = with_fault(calm, FaultKind.RADIO_GAP, after_min=60, minutes=60)
    cabinet = Cabinet(device(spec), spec)
    assert cabinet.reachable(spec.start_ms)
    assert not cabinet.reachable(spec.start_ms + 61 * MINUTE_MS)


def test_rows_are_plain_numbers_for_the_wire(county: ScenarioSpec) -> None:
    text = encode([row.values for row in day_of_rows(county)[:200]])
    assert b"e-" not in text
    assert len(text) / 200 < 90


def test_a_drawn_door_ajar_stays_open_for_ten_minutes_or_more(calm: ScenarioSpec) -> None:
    spec = msgspec.structs.replace(calm, rates=FaultRates(door_ajar=1.0))
    edges = [row.ts_ms for row in day_of_rows(spec, days=5) if row.door is not None]
    open_ms = [shut - opened for opened, shut in zip(edges[::2], edges[1::2], strict=True)]
    assert 4 <= sum(span >= 10 * MINUTE_MS for span in open_ms) <= 6
