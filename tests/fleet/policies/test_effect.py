"""What a changed policy does to incidents: gained, lost, changed; and what is judged for it."""

from dataclasses import replace

from gongfu_fleet.adapters.memory import MemoryReadings
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.policy_effect import Effect, Judging, compared, effect, found
from gongfu_fleet.domain.alarms.rulebook import Found
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.alarms.zone_book import zone_book
from gongfu_fleet.services.cold_policies import cold_policy
from gongfu_fleet.services.policy_trial import Stretch, tried

MINUTE = 60_000
METRIC = "zone_1_celsius"


def incident(begin: int, end: int | None, hazard: Hazard = Hazard.AIR_HIGH) -> Found:
    return Found(hazard, Episode(Condition.ACTIVE, begin, begin + 1, end, float("nan"), ()))


def test_incidents_of_one_hazard_that_overlap_are_one() -> None:
    before = [
        incident(10, 20),
        incident(30, 40),
        incident(50, None),
        incident(70, 80, Hazard.DRIFT),
    ]
    after = [
        incident(12, 20),
        incident(30, 40),
        incident(60, 65),
        incident(70, 80, Hazard.DOOR_AJAR),
    ]
    assert compared(before, after) == Effect(
        gained=(after[3],),
        lost=(before[3],),
        changed=((before[0], after[0]), (before[2], after[2])),
        same=(before[1],),
    )


def test_two_gained_incidents_in_one_long_one_are_a_change_and_a_gain() -> None:
    one, first, second = incident(10, 90), incident(10, 30), incident(60, 90)
    assert compared([one], [first, second]) == Effect((second,), (), ((one, first),), ())


def test_incidents_that_were_over_before_the_span_do_not_count() -> None:
    policy = cold_policy("chilled_generic")
    warm = {*range(100, 200), *range(500, 600)}
    rows = [(n * MINUTE, (9.0 if n in warm else 3 + n % 3 / 10, None)) for n in range(720)]
    before, after = (
        zone_book(METRIC, one) for one in (policy, replace(policy, air_high_celsius=9.5, version=2))
    )
    told = effect(rows, before, after, since_ms=400 * MINUTE)
    assert [one.hazard for one in told.lost] == [Hazard.AIR_HIGH]
    assert len(effect(rows, before, after, since_ms=0).lost) == 2


def test_a_probe_without_a_value_is_judged_where_the_device_goes_on_to_speak() -> None:
    readings = MemoryReadings()
    for n in range(240):
        ts_ms = n * MINUTE
        readings.add("cab-0001", "door_open", ts_ms=ts_ms, value=0)
        if not 100 <= n < 160:
            readings.add("cab-0001", METRIC, ts_ms=ts_ms, value=3 + n % 3 / 10)
    stretch = Stretch("cab-0001", METRIC, 0, 240 * MINUTE)
    policy = cold_policy("chilled_generic")
    later = Judging(policy, replace(policy, bad_min=90, version=2))
    trial = tried(readings, stretch, later)
    assert len(trial.rows) == 240
    assert [one.hazard for one in trial.effect.lost] == [Hazard.PROBE_FAULT]


def test_only_what_the_watch_judges_is_judged() -> None:
    policy = cold_policy("chilled_generic")
    rows = [(n * 20_000, (9.0 if n % 3 else 3.0 + n % 2 / 10, None)) for n in range(3 * 300)]
    assert found(rows, zone_book(METRIC, policy)) == []
    every = zone_book(METRIC, replace(policy, sample_s=20))
    assert Hazard.AIR_HIGH in [one.hazard for one in found(rows, every)]
