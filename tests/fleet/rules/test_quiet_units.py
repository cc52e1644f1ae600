"""What used to give false alarms on a healthy unit (ADR 0033), and what must still be found."""

import random

import pytest

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.catalogue import rule_of
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, follow
from gongfu_fleet.domain.coldchain.cooling import Cooling, cooled
from gongfu_fleet.domain.coldchain.defrost import FEW, Excursion, Habit, highest_celsius, learned
from gongfu_fleet.domain.coldchain.policy import HOUR_MS
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy

MINUTE = 60_000
START = 1_790_000_000_000
POLICY = cold_policy("frozen", {"learn_h": 40})


def cycling(minutes: int, *, door: bool | None = False) -> list[Reading]:
    air = [round(-20.9 + abs(m % 28 - 14) / 14 * 3, 1) for m in range(minutes)]
    return [Reading(START + m * MINUTE, celsius, door) for m, celsius in enumerate(air)]


def put(course: list[Reading], begin: int, air: list[float]) -> None:
    for n, celsius in enumerate(air):
        course[begin + n] = course[begin + n]._replace(celsius=round(celsius, 1))


def defrost(ramp: float) -> list[float]:
    top = -17 + ramp * 30
    up = [-17 + ramp * n for n in range(30)]
    return up + [top - (top + 19) / 28 * n for n in range(28)]


def open_door(course: list[Reading], begin: int, *, reported: bool) -> None:
    for n in range(12):
        before = course[begin + n]
        lift = 12 * (0.7**n)
        course[begin + n] = before._replace(
            celsius=round((before.celsius or 0) + lift, 1),
            door_open=n < 2 if reported else None,
        )


def hazards(course: list[Reading]) -> list[Hazard]:
    return [found.hazard for found in follow(FRESH, course, POLICY).raised]


def after(peaks: list[float]) -> Habit:
    habit = Habit()
    for n, peak in enumerate(peaks):
        begin = START + n * 6 * HOUR_MS
        habit = learned(habit, Excursion(begin, -15, begin + 1, peak, plausible=True), begin + 9)
    return habit


@pytest.mark.parametrize("seed", range(3))
def test_hardly_one_defrost_passes_the_peak_that_three_of_its_kind_allow(seed: int) -> None:
    dice = random.Random(seed)
    beyond = 0
    for _ in range(400):
        habit = after([dice.gauss(-2, 2.5) for _ in range(FEW)])
        beyond += dice.gauss(-2, 2.5) > highest_celsius(habit)
    assert beyond <= 4


def test_the_more_defrosts_were_seen_the_nearer_the_peak_that_is_allowed() -> None:
    few = highest_celsius(after([-4, -2, 0]))
    many = highest_celsius(after([-4, -2, 0] * 5))
    assert 0 + 3 < many < few


def test_a_defrost_that_is_warmer_than_the_three_learned_is_still_one() -> None:
    course = cycling(3_360)
    for begin, ramp in ((300, 0.42), (1_000, 0.48), (1_700, 0.45), (2_800, 0.62)):
        put(course, begin, defrost(ramp))
    assert hazards(course) == []


@pytest.mark.parametrize("reported", [True, False])
def test_a_door_in_a_defrost_does_not_make_a_failure_of_it(*, reported: bool) -> None:
    course = cycling(3_360, door=False if reported else None)
    for begin in (300, 1_000, 1_700, 2_800):
        put(course, begin, defrost(0.5))
    open_door(course, 2_835, reported=reported)
    assert hazards(course) == []


@pytest.mark.parametrize("reported", [True, False])
def test_a_defrost_with_a_door_in_it_does_not_double_the_shortest_gap(*, reported: bool) -> None:
    course = cycling(3_360, door=False if reported else None)
    for begin in (100, 800, 1_500, 2_200, 2_900):
        put(course, begin, defrost(0.5))
    open_door(course, 802, reported=reported)
    assert hazards(course) == []


def test_a_weak_cycle_counts_as_cooling() -> None:
    points = tuple((START + n * MINUTE, -19.6 - 0.05 * n) for n in range(14))
    before = Cooling(seen_ms=START - 20 * MINUTE)
    after = cooled(before, points, learning=False, disturbed=False)
    assert after.seen_ms == points[-1][0]


def test_a_pause_in_the_usual_band_is_no_failure_and_one_above_it_is() -> None:
    calm = cycling(2_800)
    empty = cycling(2_880)[2_800:]
    pause = [r._replace(celsius=-19.0 + 0.1 * (n % 2)) for n, r in enumerate(empty)]
    assert hazards(calm + pause) == []
    warming = [min(-18.0 + 0.15 * n, -15.3) + 0.1 * (n % 2) for n in range(len(empty))]
    above = [r._replace(celsius=round(c, 2)) for r, c in zip(empty, warming, strict=True)]
    assert hazards(calm + above) == [Hazard.NO_COOLING]


def test_air_that_rises_faster_than_ever_is_a_quiet_warning_before_the_limit() -> None:
    calm = cycling(2_800)
    rising = [r._replace(celsius=round(-22 + 0.36 * n, 1)) for n, r in enumerate(calm[:40])]
    course = [
        *calm,
        *(r._replace(ts_ms=START + (2_800 + n) * MINUTE) for n, r in enumerate(rising)),
    ]
    first = follow(FRESH, course, POLICY).raised[0]
    assert first.hazard is Hazard.RATE_OF_RISE
    assert first.episode.peak_celsius is not None
    assert first.episode.peak_celsius < POLICY.air_high_celsius
    assert rule_of(first.hazard).severity is Severity.LOW


def test_the_same_rise_is_no_warning_where_a_learned_defrost_may_begin() -> None:
    course = cycling(3_360)
    for begin in (300, 1_000, 1_700, 2_800):
        put(course, begin, [-22 + 0.36 * n for n in range(45)] + [-6 - 0.5 * n for n in range(28)])
    assert Hazard.RATE_OF_RISE not in hazards(course)


def test_the_same_rise_after_an_open_door_is_no_warning() -> None:
    calm = cycling(2_900)
    put(calm, 2_800, [-22 + 0.36 * n for n in range(19)])
    for n in range(2_798, 2_803):
        calm[n] = calm[n]._replace(door_open=n < 2_800)
    assert Hazard.RATE_OF_RISE not in hazards(calm)
    for n in range(2_798, 2_800):
        calm[n] = calm[n]._replace(door_open=False)
    assert Hazard.RATE_OF_RISE in hazards(calm)


def test_a_truck_that_reports_every_five_minutes_when_parked_has_defrosts_too() -> None:
    course = cycling(6_000)
    for begin in (300, 1_003, 1_706, 2_909, 3_612, 4_315, 5_018):
        put(course, begin, defrost(0.5))
    assert hazards(course[::5]) == []


def test_a_unit_with_fewer_than_three_defrosts_goes_on_to_be_learned_until_the_third() -> None:
    course = cycling(5_000)
    for begin in (1_000, 1_700, 2_800, 3_500, 4_200):
        put(course, begin, defrost(0.5))
    counts = [follow(FRESH, course[:until], POLICY).state.unit.habit.defrosts for until in
              (2_700, 3_400, 5_000)]  # fmt: skip
    assert counts == [2, 3, 3]
