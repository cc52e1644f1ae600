"""Hourly data, as a replayed series brings it, under a slow and under a fast rule."""

from dataclasses import replace

from gongfu_fleet.domain.alarms.timeline import Condition
from tests.fleet.alarms.plain_rule import ZonePolicy
from tests.fleet.alarms.stand import HOUR, MINUTE, START_MS, Stand

AMBIENT = ZonePolicy(
    product_class="ambient",
    version=1,
    low_celsius=10.0,
    high_celsius=27.0,
    deadband_celsius=1.0,
    on_delay_ms=2 * HOUR,
    low_on_delay_ms=2 * HOUR,
    off_delay_ms=30 * MINUTE,
    max_gap_ms=3 * HOUR,
)
CHILLED = replace(
    AMBIENT,
    product_class="chilled_generic",
    low_celsius=0.0,
    high_celsius=8.0,
    deadband_celsius=0.5,
    on_delay_ms=30 * MINUTE,
    low_on_delay_ms=30 * MINUTE,
    off_delay_ms=10 * MINUTE,
    max_gap_ms=15 * MINUTE,
)


def hourly(policy: ZonePolicy, *values: float) -> Stand:
    stand = Stand()
    stand.zones.policy = policy
    for hour, celsius in enumerate(values):
        stand.commit((START_MS + hour * HOUR, celsius))
    stand.drain(limit=3)
    return stand


def test_a_slow_rule_sees_a_warm_afternoon_in_hourly_data() -> None:
    (incident,) = hourly(AMBIENT, 21.0, 27.5, 28.0, 29.0, 26.5, 25.9, 25.0, 24.0).incidents()
    episode = incident.finding.episode
    assert (episode.begin_ms, episode.raised_ms, episode.end_ms) == (
        START_MS + HOUR,
        START_MS + 3 * HOUR,
        START_MS + 5 * HOUR,
    )
    assert (episode.peak_celsius, episode.unknown) == (29.0, ())


def test_a_single_warm_hour_is_no_incident_under_a_slow_rule() -> None:
    assert hourly(AMBIENT, 21.0, 30.0, 21.0, 9.0, 21.0).incidents() == []


def test_hourly_warmth_in_a_chilled_zone_is_one_incident_mostly_unknown() -> None:
    (incident,) = hourly(CHILLED, *[21.0] * 48).incidents()
    assert incident.condition is Condition.ACTIVE
    assert incident.finding.episode.unknown_ms == 47 * HOUR


def test_hourly_data_never_proves_a_recovery_that_must_be_watched_by_the_minute() -> None:
    (incident,) = hourly(CHILLED, *[21.0] * 3, *[4.0] * 48).incidents()
    assert incident.condition is Condition.CLEARING
    assert incident.running
