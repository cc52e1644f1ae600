"""What a changed policy does to incidents: gained, lost, changed; and what is judged for it."""

from dataclasses import replace

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.policy_effect import Effect, Judging, compared, effect, sampled
from gongfu_fleet.domain.alarms.rules.zone_rules import Found
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy

MINUTE = 60_000


def found(begin: int, end: int | None, hazard: Hazard = Hazard.AIR_HIGH) -> Found:
    return Found(hazard, Episode(Condition.ACTIVE, begin, begin + 1, end, float("nan"), ()))


def test_incidents_of_one_hazard_that_overlap_are_one() -> None:
    before = [found(10, 20), found(30, 40), found(50, None), found(70, 80, Hazard.DRIFT)]
    after = [found(12, 20), found(30, 40), found(60, 65), found(70, 80, Hazard.DOOR_AJAR)]
    assert compared(before, after) == Effect(
        gained=(after[3],),
        lost=(before[3],),
        changed=((before[0], after[0]), (before[2], after[2])),
        same=(before[1],),
    )


def test_two_gained_incidents_in_one_long_one_are_a_change_and_a_gain() -> None:
    one, first, second = found(10, 90), found(10, 30), found(60, 90)
    assert compared([one], [first, second]) == Effect((second,), (), ((one, first),), ())


def test_only_the_first_reading_of_each_stretch_is_judged() -> None:
    readings = [Reading(n * 20_000, float(n)) for n in (0, 1, 2, 4, 5, 9)]
    assert [one.celsius for one in sampled(readings, MINUTE)] == [0, 4, 9]


def test_incidents_that_were_over_before_the_span_do_not_count() -> None:
    policy = cold_policy("chilled_generic")
    warm = {*range(100, 200), *range(500, 600)}
    readings = [Reading(n * MINUTE, 9.0 if n in warm else 3 + n % 3 / 10) for n in range(720)]
    judging = Judging(policy, replace(policy, air_high_celsius=9.5, version=2))
    told = effect(readings, judging, since_ms=400 * MINUTE)
    assert [one.hazard for one in told.lost] == [Hazard.AIR_HIGH]
    assert len(effect(readings, judging, since_ms=0).lost) == 2
