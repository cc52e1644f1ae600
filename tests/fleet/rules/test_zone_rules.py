"""The rules over a zone: what each finds, and that order, pieces and storage do not matter."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.catalogue import RULES, rule_of
from gongfu_fleet.domain.alarms.rules.state_data import from_text, to_text
from gongfu_fleet.domain.alarms.rules.zone_rules import (
    FRESH,
    Followed,
    Found,
    follow,
    open_findings,
    resolved,
)
from gongfu_fleet.domain.coldchain.policy import policy_of
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.errors import FleetError, InvalidError
from gongfu_fleet.services.cold_policies import cold_policy

MINUTE = 60_000
START = 1_790_000_000_000
FREEZER = Path(__file__).parents[4] / "shared" / "data" / "freezer" / "freezer_1min.csv"
FROZEN = cold_policy("frozen", {"learn_h": 12})
MEAT = cold_policy("chilled_meat", {"learn_h": 12, "tau_min": 10})


def at(minute: float, celsius: float | None, *, door: bool | None = None) -> Reading:
    return Reading(START + int(minute * MINUTE), celsius, door)


def cycling(minutes: range, *, door: bool | None = None, mean: float = -19.4) -> list[Reading]:
    """A thermostat: 14 minutes up, 14 down, a degree and a half around the mean."""
    return [at(m, round(mean + abs(m % 28 - 14) / 14 * 3 - 1.5, 1), door=door) for m in minutes]


def ran(readings: Iterable[Reading], policy: object = FROZEN) -> Followed:
    assert policy in {FROZEN, MEAT}
    return follow(FRESH, readings, FROZEN if policy is FROZEN else MEAT)


def raised(followed: Followed) -> dict[Hazard, int]:
    """Minutes at which each hazard was first found."""
    found: dict[Hazard, int] = {}
    for one in followed.raised:
        found.setdefault(one.hazard, (one.episode.raised_ms - START) // MINUTE)
    return found


def warming(begin: int, minutes: int, slope: float, *, door: bool | None) -> list[Reading]:
    return [at(begin + n, round(-18 + slope * n, 1), door=door) for n in range(minutes)]


def test_a_unit_that_cycles_gives_no_alarm() -> None:
    assert raised(ran(cycling(range(2_880), door=False))) == {}


def test_a_compressor_that_stops_is_told_before_the_limit_of_the_goods() -> None:
    begin = 1_008
    course = cycling(range(begin), door=False) + warming(begin, 90, 0.2, door=False)
    found = raised(ran(course))
    assert found[Hazard.NO_COOLING] - begin <= 25
    assert found.get(Hazard.PRODUCT_HIGH, 9_999) > found[Hazard.NO_COOLING]


def test_a_new_unit_is_given_the_longest_defrost_of_its_policy() -> None:
    course = cycling(range(56), door=False) + warming(56, 140, 0.2, door=False)
    begin_ms = next(r.ts_ms for r in course if (r.celsius or 0) > -15)
    found = raised(ran(course))
    assert found[Hazard.AIR_HIGH] == (begin_ms - START) // MINUTE + 1 + 76
    assert Hazard.NO_COOLING not in found


def test_a_door_left_open_is_told_after_three_minutes_and_a_crew_has_thirty() -> None:
    course = cycling(range(840), door=False)
    open_ = [at(840 + n, -17, door=True) for n in range(20)]
    assert raised(ran(course + open_)) == {Hazard.DOOR_AJAR: 843}
    crew = [reading._replace(restocking=True) for reading in open_]
    assert raised(ran(course + crew)) == {}


def test_a_short_opening_is_no_alarm_even_where_nobody_reports_the_door() -> None:
    course = cycling(range(1_500))
    for n, lift in enumerate((20, 43, 30, 20, 14, 9, 6, 4, 2)):
        reading = course[1_000 + n]
        course[1_000 + n] = reading._replace(celsius=(reading.celsius or 0) + lift)
    assert raised(ran(course)) == {}


def test_a_defrost_like_those_learned_is_no_alarm_and_one_that_does_not_end_is() -> None:
    policy = cold_policy("frozen", {"learn_h": 40})
    course = cycling(range(3_360), door=False)
    for begin in (300, 980, 1_660, 2_340):
        for n in range(30):
            course[begin + n] = at(begin + n, round(-17 + 0.55 * n, 1), door=False)
        for n in range(24):
            course[begin + 30 + n] = at(begin + 30 + n, round(-0.5 - 0.62 * n, 1), door=False)
        for n in range(6):
            course[begin + 54 + n] = at(begin + 54 + n, round(-15.5 - 0.6 * n, 1), door=False)
    followed = follow(FRESH, course, policy)
    assert followed.state.unit.habit.defrosts == 4
    after = [at(3_360 + n, round(-17 + 0.55 * min(n, 30), 1), door=False) for n in range(60)]
    later = cycling(range(2_700, 3_360), door=False)
    quiet = follow(FRESH, course[:2_700] + later, policy)
    assert quiet.raised == ()
    found = follow(quiet.state, after, policy).raised
    assert found[0].hazard is Hazard.AIR_HIGH
    assert (found[0].episode.raised_ms - START) // MINUTE - 3_360 <= 50


def test_a_leak_is_told_as_drift_long_before_the_limit() -> None:
    calm, begin = cycling(range(1_120), door=False), 1_120
    leak = [
        r._replace(celsius=round((r.celsius or 0) + 0.5 * n / 60, 2))
        for n, r in enumerate(cycling(range(begin, begin + 400), door=False))
    ]
    found = raised(ran(calm + leak))
    assert found[Hazard.DRIFT] - begin < 360
    assert Hazard.PRODUCT_HIGH not in found


def test_a_probe_that_repeats_itself_is_stuck_only_where_the_air_used_to_move() -> None:
    moving = cycling(range(800), door=False)
    stuck = [at(800 + n, -19.4, door=False) for n in range(40)]
    assert raised(ran(moving + stuck)) == {Hazard.PROBE_STUCK: 830}
    assert raised(ran([at(n, -19.4) for n in range(1_500)])) == {}


@pytest.mark.parametrize("code", [85.0, -127.0, 882.6, None])
def test_codes_of_the_probe_are_a_fault_and_never_a_temperature(code: float | None) -> None:
    followed = ran([*cycling(range(800)), *(at(800 + n, code) for n in range(30))])
    assert raised(followed) == {Hazard.PROBE_FAULT: 810}
    product = followed.state.unit.product
    assert product
    assert product.celsius < -18


def test_one_code_between_good_values_is_nothing() -> None:
    course = cycling(range(1_000))
    course[900] = at(900, 85.0)
    assert raised(ran(course)) == {}


def test_a_limit_of_zero_and_a_reading_of_zero_are_values_like_others() -> None:
    policy = cold_policy("dairy", {"low_celsius": 0})
    course = [at(n, 0.0) for n in range(60)]
    assert follow(FRESH, course, policy).raised == ()
    below = follow(FRESH, [at(n, -0.1) for n in range(60)], policy).raised
    assert [one.hazard for one in below] == [Hazard.TEMPERATURE_LOW]


def test_time_above_the_budget_adds_up_over_pauses() -> None:
    warm = [at(n, 5.8, door=False) for n in range(200)]
    cold = [at(200 + n, 3.0, door=False) for n in range(60)]
    again = [at(260 + n, 5.8, door=False) for n in range(120)]
    found = raised(ran(warm + cold + again, MEAT))
    assert 290 < found[Hazard.EXPOSURE] < 330


def test_silence_neither_raises_nor_clears() -> None:
    begin = 1_008
    course = cycling(range(begin), door=False) + warming(begin, 60, 0.2, door=False)
    before = ran(course)
    open_before = {one.hazard for one in open_findings(before.state)}
    assert Hazard.NO_COOLING in open_before
    after = follow(before.state, [at(begin + 600, -7.0, door=False)], FROZEN)
    assert after.ended == ()
    assert {one.hazard for one in open_findings(after.state)} >= open_before
    going_on = [one for one in open_findings(after.state) if one.hazard in open_before]
    assert all(one.episode.unknown for one in going_on)


def test_every_rule_speaks_two_languages() -> None:
    course = cycling(range(1_008), door=False) + warming(1_008, 60, 0.2, door=False)
    episode = ran(course).raised[0].episode
    for rule in RULES:
        told = rule_of(rule.hazard).message(episode, MEAT)
        assert told.zh
        assert told.en.endswith(".")


def wild(seed: int) -> list[Reading]:
    """Two days in which everything happens, with gaps; distinct times, in order."""
    dice = random.Random(seed)
    course = cycling(range(1_200), door=False)
    minute = 1_200
    while minute < 1_700:
        door = dice.choice([True, False, False, None])
        told = dice.choice([-19.4, -18.0, -16.0, -14.0, -11.0, 3.0, 27.0, 85.0, None])
        for _ in range(dice.choice([1, 2, 30])):
            wobble = dice.choice([0, 0.1, 0.3])
            course.append(at(minute, None if told is None else told + wobble, door=door))
            minute += dice.choice([1, 1, 1, 2, 40])
    return course


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000))
def test_episodes_are_the_same_under_any_order_and_duplication(seed: int) -> None:
    course = wild(seed)
    dice = random.Random(seed + 1)
    shuffled = course + dice.sample(course, len(course) // 5)
    dice.shuffle(shuffled)
    assert resolved(shuffled) == course
    assert ran(resolved(shuffled)) == ran(course)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_following_in_pieces_over_a_stored_state_is_following_at_once(
    seed: int, data: st.DataObject
) -> None:
    course = wild(seed)
    cut = data.draw(st.integers(1, len(course) - 1))
    first = ran(course[:cut])
    stored = from_text(to_text(first.state))
    assert stored == first.state
    second = follow(stored, course[cut:], FROZEN)
    whole = ran(course)
    assert second.state == whole.state
    assert (*first.raised, *second.raised) == whole.raised
    assert (*first.ended, *second.ended) == whole.ended


def test_a_stored_state_of_another_age_is_refused_with_a_remedy() -> None:
    with pytest.raises(InvalidError, match="follow the readings again"):
        from_text('{"unit":7,"courses":{}}')


def test_a_policy_that_can_mean_nothing_is_refused() -> None:
    with pytest.raises(FleetError, match="unknown field 'limit'"):
        cold_policy("frozen", {"limit": 3})
    with pytest.raises(FleetError, match="no product class 'fish sticks'"):
        cold_policy("fish sticks")
    with pytest.raises(InvalidError, match="negative learn_h"):
        cold_policy("frozen", {"learn_h": -1})
    with pytest.raises(InvalidError, match="critical limit below"):
        cold_policy("frozen", {"product_critical_celsius": -16})
    with pytest.raises(InvalidError, match="lacks"):
        policy_of({"product_class": "x"})
    with pytest.raises(InvalidError, match="Give a number"):
        cold_policy("frozen", {"tau_min": "60"})


def test_a_real_freezer_gives_no_alarm_after_its_first_half_was_learned() -> None:
    if not FREEZER.exists():
        pytest.skip("the recorded freezer is not on this machine: nothing of 3,888 readings judged")
    lines = FREEZER.read_text().splitlines()[1:]
    readings = [
        Reading(int(cells[0]) * 1000, float(cells[1])) for cells in (ln.split(",") for ln in lines)
    ]
    hours = (readings[-1].ts_ms - readings[0].ts_ms) / 3_600_000
    found = follow(FRESH, readings, cold_policy("frozen", {"learn_h": hours / 2})).raised
    assert [one for one in found if isinstance(one, Found)] == []
