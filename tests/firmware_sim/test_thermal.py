"""The air of a zone has the measured shape, and can be computed at any instant on its own."""

from itertools import pairwise
from statistics import mean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_firmware_sim.disturbance import Disturbances, Outage, Pulse, in_order
from gongfu_firmware_sim.thermal import (
    CHILLED,
    FREEZER,
    TRUCK_FREEZER,
    CooledZone,
    RoomZone,
    product_celsius,
)

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
START_MS = 1_762_560_000_000
CALM = Disturbances()


def freezer() -> CooledZone:
    return CooledZone(FREEZER, (7, "cab-0001"), number=1)


def chilled() -> CooledZone:
    return CooledZone(CHILLED, (7, "cab-0007"), number=1)


def extremes(zone: CooledZone) -> tuple[list[float], list[float], list[int]]:
    """Troughs, peaks, and the instants of the troughs over three undisturbed days."""
    minutes = range(START_MS, START_MS + 3 * DAY_MS, MINUTE_MS)
    air = [zone.calm(ts) for ts in minutes]
    inner = range(1, len(air) - 1)
    troughs = [i for i in inner if air[i - 1] > air[i] < air[i + 1]]
    peaks = [air[i] for i in inner if air[i - 1] < air[i] > air[i + 1]]
    return [air[i] for i in troughs], peaks, [minutes[i] for i in troughs]


def test_the_freezer_cycles_as_the_measured_one() -> None:
    troughs, peaks, instants = extremes(freezer())
    assert mean(troughs) == pytest.approx(-20.7, abs=0.15)
    assert mean(peaks) == pytest.approx(-17.7, abs=0.25)
    assert sorted(peaks)[int(0.95 * len(peaks))] == pytest.approx(-16.6, abs=0.5)
    periods = [(b - a) / MINUTE_MS for a, b in pairwise(instants)]
    assert mean(periods) == pytest.approx(29, abs=0.3)
    assert 27 <= min(periods) <= max(periods) <= 31


def test_the_freezer_is_as_cold_as_the_measured_one_and_no_steeper() -> None:
    zone = freezer()
    air = [zone.calm(START_MS + i * MINUTE_MS) for i in range(3 * 1440)]
    assert mean(air) == pytest.approx(-19.4, abs=0.2)
    assert median(air) == pytest.approx(-19.5, abs=0.3)
    slopes = sorted(abs(b - a) for a, b in pairwise(air))
    assert slopes[int(0.99 * len(slopes))] < 0.5


def test_defrosts_come_and_go_as_measured() -> None:
    zone = freezer()
    defrosts = zone.defrosts(START_MS, START_MS + 60 * DAY_MS)
    gaps = [(b.start_ms - a.start_ms) / HOUR_MS for a, b in pairwise(defrosts)]
    assert 35.6 <= min(gaps) <= max(gaps) <= 42.5
    for course in zone.courses(defrosts):
        end = course.outage.end_ms
        by = Disturbances(courses=(course,))
        assert 28 <= (end - course.outage.start_ms) / MINUTE_MS <= 35
        assert -6.0 <= zone.air(end - 1, by) <= 7.0
        back = next(m for m in range(60) if zone.air(end + m * MINUTE_MS, by) < -15)
        assert 12 <= back <= 35


def test_a_truck_defrosts_behind_its_damper_no_faster_than_a_unit_that_stands_still() -> None:
    zone = CooledZone(TRUCK_FREEZER, (7, "veh-0001"), number=2)
    defrosts = zone.defrosts(START_MS, START_MS + 10 * DAY_MS)
    gaps = [(b.start_ms - a.start_ms) / HOUR_MS for a, b in pairwise(defrosts)]
    assert 6 <= min(gaps) <= max(gaps) <= 8
    stopped = zone.stop(START_MS, START_MS + HOUR_MS)
    assert stopped is not None
    for course in zone.courses(defrosts):
        begin, end = course.outage.start_ms, course.outage.end_ms
        rise = zone.air(end - 1, Disturbances(courses=(course,))) - course.from_celsius
        assert 3 <= rise <= 7
        still = stopped.at(START_MS + end - begin, course.from_celsius) - course.from_celsius
        assert rise <= still * 1.2


def test_a_stopped_compressor_warms_a_chilled_zone_past_eight_degrees_within_forty_minutes() -> (
    None
):
    zone = chilled()
    stop = zone.stop(START_MS, START_MS + 6 * HOUR_MS)
    assert stop is not None
    by = Disturbances(courses=zone.courses([stop]))
    crossed = next(m for m in range(120) if zone.air(START_MS + m * MINUTE_MS, by) > 8.0)
    assert 18 <= crossed <= 40
    after = [zone.air(START_MS + m * MINUTE_MS, by) for m in range(crossed, 360)]
    assert all(a < b for a, b in pairwise(after))
    recovered = zone.air(START_MS + 8 * HOUR_MS, by)
    assert recovered == pytest.approx(zone.calm(START_MS + 8 * HOUR_MS), abs=0.1)


def test_a_slow_leak_is_slow() -> None:
    zone = freezer()
    leak = zone.leak(START_MS, START_MS + 10 * HOUR_MS)
    assert leak.at(START_MS + 30 * MINUTE_MS) < 1.0
    assert leak.at(START_MS + 8 * HOUR_MS) > 5.0


def test_an_open_door_is_felt_and_forgotten_in_minutes() -> None:
    door = freezer().door(START_MS, START_MS + 45_000)
    assert door.at(START_MS) == 0.0
    assert 4.0 < door.at(START_MS + 45_000) < 7.0
    assert door.at(START_MS + 45_000 + 8 * MINUTE_MS) < 0.5


@given(st.integers(0, 30 * DAY_MS), st.integers(0, 30 * DAY_MS))
def test_the_air_does_not_depend_on_what_was_asked_before(a_ms: int, b_ms: int) -> None:
    zone, fresh = freezer(), freezer()
    zone.calm(START_MS + b_ms)
    assert zone.calm(START_MS + a_ms) == fresh.calm(START_MS + a_ms)


@given(st.integers(0, 30 * DAY_MS))
def test_the_air_never_jumps(at_ms: int) -> None:
    zone = freezer()
    defrosts = zone.defrosts(START_MS + at_ms - DAY_MS, START_MS + at_ms + DAY_MS)
    by = Disturbances(
        zone.courses(defrosts), (zone.door(START_MS + at_ms, START_MS + at_ms + 60_000),)
    )
    a, b = (zone.air(START_MS + at_ms + shift, by) for shift in (0, 1_000))
    assert abs(a - b) < 0.2


SPAN = st.tuples(st.integers(0, 200), st.integers(1, 60))


@given(st.lists(SPAN, max_size=4), SPAN)
def test_outages_never_overlap_and_stops_are_kept_whole(
    spans: list[tuple[int, int]], defrost: tuple[int, int]
) -> None:
    stops = [Outage(start, start + length, 25.0, 100) for start, length in spans]
    ordered = in_order(stops, [Outage(defrost[0], sum(defrost), 80.0, 100)])
    assert all(a.end_ms <= b.start_ms for a, b in pairwise(ordered))
    stopped = {t for o in ordered if o.target_celsius < 80 for t in range(o.start_ms, o.end_ms)}
    assert stopped == {t for o in stops for t in range(o.start_ms, o.end_ms)}


def test_pulses_add_up() -> None:
    pulse = Pulse(START_MS, START_MS + MINUTE_MS, 6.0, MINUTE_MS, MINUTE_MS)
    both = Disturbances(doors=(pulse,), slow=(pulse,))
    at = START_MS + 90_000
    assert both.lift(at) == pytest.approx(2 * pulse.at(at))


def test_a_room_follows_the_day() -> None:
    room = RoomZone((7, "cab-0080"), number=1)
    air = [room.air(START_MS + h * HOUR_MS, CALM) for h in range(24)]
    assert min(air) > 17
    assert max(air) < 25
    assert max(air) - min(air) > 3
    assert room.stop(0, 1) is None


# reference/cold-chain.md, test vectors of the product filter, tau 60 min
@pytest.mark.parametrize(
    ("product", "steps", "expected"),
    [
        (4.0, [(20.0, 10)], 6.456292),
        (4.0, [(20.0, 5), (20.0, 5)], 6.456292),
        (4.0, [(15.0, 3)], 4.536476),
        (4.0, [(15.0, 3), (4.0, 30)], 4.325389),
    ],
)
def test_the_goods_follow_the_air_with_delay(
    product: float, steps: list[tuple[float, int]], expected: float
) -> None:
    for air, minutes in steps:
        product = product_celsius(product, air, dt_ms=minutes * MINUTE_MS, tau_ms=60 * MINUTE_MS)
    assert product == pytest.approx(expected, abs=1e-5)
