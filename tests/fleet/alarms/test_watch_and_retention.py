"""Readings expire; what was found while they were there stays found."""

from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS
from tests.fleet.alarms.stand import HOUR, MINUTE, START_MS, Stand

DAYS = 10


def stand_with_an_expired_incident() -> tuple[Stand, int]:
    """An excursion on day 0, quiet days after it, readings of the first five days expired."""
    stand = Stand()
    stand.hear(*[4.0] * 10, *[12.0] * 60, *[4.0] * 60)
    for hour in range(3, DAYS * 24):
        stand.commit((START_MS + hour * HOUR, 4.0))
    stand.drain()
    assert len(stand.incidents()) == 1
    edge_ms = START_MS + 5 * 24 * HOUR
    stand.history.history.expire(edge_ms)
    return stand, edge_ms


def test_a_sample_older_than_the_retention_retracts_no_incident() -> None:
    stand, _ = stand_with_an_expired_incident()
    before = stand.timeline()
    stand.commit((START_MS + 30 * MINUTE + 1, 4.0))
    stand.drain()
    assert stand.timeline() == before
    assert not stand.incidents()[0].retracted


def test_a_late_sample_within_the_retention_is_still_judged() -> None:
    stand, edge_ms = stand_with_an_expired_incident()
    begin_ms = edge_ms + 2 * CHECKPOINT_MS + MINUTE
    for minute in range(0, 50, 5):
        stand.commit((begin_ms + minute * MINUTE, 12.0))
    stand.drain()
    found = [incident.finding.episode.begin_ms for incident in stand.incidents()]
    assert found == [START_MS + 10 * MINUTE, begin_ms]
    assert not any(incident.retracted for incident in stand.incidents())


def test_a_late_sample_just_inside_the_edge_changes_nothing_before_it() -> None:
    stand, edge_ms = stand_with_an_expired_incident()
    before = stand.timeline()
    for offset_ms in (-1, 0, 1, CHECKPOINT_MS - 1, CHECKPOINT_MS, CHECKPOINT_MS + 1):
        stand.commit((edge_ms + offset_ms, 4.0))
        stand.drain()
    assert stand.timeline() == before
