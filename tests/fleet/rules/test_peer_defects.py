"""Defects of other systems that the rules must not have; each names its system and its issue."""

import random

import pytest

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, follow, open_findings, resolved
from gongfu_fleet.domain.alarms.timeline import Condition
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy

MINUTE = 60_000
START = 1_790_000_000_000
# A limit that must last ten minutes, in zones that nobody has learned yet.
TEN_MIN = {"air_delay_min": 10, "low_delay_min": 10, "defrost_longest_min": 5}
DAIRY = cold_policy("dairy", {**TEN_MIN, "low_celsius": 0})
ZERO = cold_policy("frozen", {**TEN_MIN, "air_high_celsius": 0, "product_high_celsius": 5,
                              "product_critical_celsius": 9})  # fmt: skip


def at(minute: float, celsius: float | None) -> Reading:
    return Reading(START + int(minute * MINUTE), celsius, door_open=False)


def span(begin: int, end: int, celsius: float | None) -> list[Reading]:
    return [at(minute, celsius) for minute in range(begin, end)]


def hazards(readings: list[Reading], policy: object = DAIRY) -> set[Hazard]:
    used = DAIRY if policy is DAIRY else ZERO
    return {found.hazard for found in follow(FRESH, readings, used).raised}


def test_fleetbase_a_reading_of_zero_degrees_is_a_value() -> None:
    """Sensor.php takes 0 for "no value": here it ends what was too cold."""
    followed = follow(FRESH, [*span(0, 30, -2.0), *span(30, 31, 0.0)], DAIRY)
    assert followed.state.unit.points[-1] == (START + 30 * MINUTE, -2.0)  # the median of three
    steady = follow(FRESH, [*span(0, 30, -2.0), *span(30, 60, 0.6)], DAIRY)
    assert [found.hazard for found in steady.ended] == [Hazard.TEMPERATURE_LOW]
    assert follow(FRESH, span(0, 60, 0.0), DAIRY).state.unit.points[-1][1] == 0.0


def test_fleetbase_a_limit_of_zero_is_a_limit() -> None:
    """Sensor.php takes a limit of 0 for "no limit"."""
    assert Hazard.TEMPERATURE_LOW in hazards(span(0, 30, -0.1))
    assert Hazard.AIR_HIGH in hazards(span(0, 30, 0.1), ZERO)
    assert hazards(span(0, 30, 0.0), ZERO) == set()


def test_fleetbase_a_late_sample_does_not_overwrite_newer_state() -> None:
    """Sensor.php stores whatever came last as the state of now."""
    told = [*span(0, 40, 12.0), *span(40, 80, 4.0)]
    late = [*told[:20], *told[21:], told[20]]
    assert follow(FRESH, resolved(late), DAIRY) == follow(FRESH, told, DAIRY)


def test_fleetbase_one_normal_sample_does_not_close_an_alarm() -> None:
    """Sensor.php closes the alert at the first sample within the limits."""
    followed = follow(FRESH, [*span(0, 30, 12.0), at(30, 4.0), *span(31, 40, 12.0)], DAIRY)
    assert followed.ended == ()
    assert Hazard.AIR_HIGH in {found.hazard for found in open_findings(followed.state)}


@pytest.mark.parametrize("hours_old", [0, 2, 24])
def test_thingsboard_10590_8681_10661_one_old_sample_does_not_fill_a_duration(
    hours_old: int,
) -> None:
    """Issues 10590, 8681, 10661: data time was compared with the server's clock."""
    one = Reading(START - hours_old * 60 * MINUTE, 12.0, door_open=False)
    assert follow(FRESH, [one], DAIRY).raised == ()
    # What lies between two samples of one kind counts; the silence before the first does not.
    assert hazards([at(0, -2.0), at(12, -2.0)]) == {Hazard.TEMPERATURE_LOW}
    assert hazards([at(0, 4.0), at(120, 12.0)]) == set()


def test_thingsboard_14013_a_dead_probe_on_a_live_device_is_seen() -> None:
    """Issue 14013: the device goes on to report, the channel says nothing."""
    assert hazards([*span(0, 30, 4.0), *span(30, 60, None)]) == {Hazard.PROBE_FAULT}


def test_traccar_4417_an_excursion_inside_an_uploaded_backlog_is_found() -> None:
    """Issue 4417: what is older than the newest fix gave no events."""
    live = [*span(0, 100, 4.0), *span(200, 260, 4.0)]
    backlog = [*span(100, 160, 13.0), *span(160, 200, 4.0)]
    assert hazards(live) == set()
    followed = follow(FRESH, resolved([*live, *backlog]), DAIRY)
    (found,) = (one for one in followed.ended if one.hazard is Hazard.AIR_HIGH)
    assert START + 100 * MINUTE <= found.episode.begin_ms <= START + 102 * MINUTE
    assert found.episode.condition is Condition.NORMAL


def test_a_zone_whose_first_reading_came_through_an_open_door_has_no_spoiled_goods() -> None:
    """Not a peer's defect but ours until November 2026: one sample was a critical incident."""
    assert hazards([at(0, 14.0), *span(1, 200, 4.0)]) == set()
    assert Hazard.PRODUCT_HIGH in hazards(span(0, 90, 14.0))


def test_grafana_105571_a_series_that_vanishes_is_not_resolved() -> None:
    """Issue 105571: a site that lost its link sent "resolved" after two evaluations."""
    raised = follow(FRESH, span(0, 40, 12.0), DAIRY)
    for minutes in (60, 600, 6_000):
        after = follow(raised.state, [at(minutes, 12.0)], DAIRY)
        assert after.ended == ()
        kept = {one.hazard: one.episode for one in open_findings(after.state)}
        assert kept[Hazard.AIR_HIGH].unknown


def test_openremote_a_rule_that_goes_on_being_true_makes_one_incident() -> None:
    """Every firing made a new ticket."""
    dice = random.Random(7)
    readings = [at(minute, 12 + dice.choice([-0.3, 0, 0.3])) for minute in range(600)]
    raised = [found.hazard for found in follow(FRESH, readings, DAIRY).raised]
    assert raised.count(Hazard.AIR_HIGH) == 1
    assert len(raised) == len(set(raised))
