"""What the watch saves when: cursors, groups of calm readings, news ahead of them."""

import pytest

from gongfu_broker.errors import CursorError
from gongfu_fleet.adapters.memory_log import MemoryHistory, MemoryLog
from gongfu_fleet.domain.alarms.arrivals import Covered
from gongfu_fleet.domain.alarms.timeline import Condition
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.watch_cold_chain import CONSUMER
from gongfu_fleet.services.watch_ports import BEGINNING_MS, Cursor, Turn
from gongfu_fleet.services.watch_unsaved import Pace
from tests.fleet.alarms.stand import MINUTE, POLICY, START_MS, Stand

GAP_MS = POLICY.max_gap_ms


def test_a_turn_that_failed_after_it_was_stored_is_not_done_again() -> None:
    stand = Stand(crashes={1: True})
    stand.hear(*[9.0] * 20)
    stand.drain()
    stand.hear(*[9.0] * 20, minute=20)
    with pytest.raises(TimeoutError):
        stand.watch.turn()
    stand.hear(*[9.0] * 5, minute=40)
    stand.drain()
    (incident,) = stand.incidents()
    assert incident.finding.episode.raised_ms == START_MS + 30 * MINUTE
    assert incident.finding.episode.unknown == ()


def test_the_cursor_advances_and_the_log_is_released() -> None:
    stand = Stand()
    assert stand.turn() == 0
    assert stand.log.released == {CONSUMER: 0}
    stand.hear(*[4.0] * 7)
    assert [stand.turn(limit=5) for _ in range(3)] == [5, 2, 0]
    assert stand.ledger.cursor(CONSUMER) == Cursor("memory", 7)
    assert stand.log.released == {CONSUMER: 7}


def test_calm_readings_wait_for_the_pace_and_news_does_not() -> None:
    stand = Stand(pace=Pace(records=50))
    stand.hear(4.0)
    stand.turn()
    assert stand.ledger.cursor(CONSUMER) == Cursor("memory", 1)  # a new zone is news
    stand.hear(*[4.0] * 10, minute=1)
    stand.hear(*[9.0] * 20, minute=11)
    stand.drain()
    assert stand.ledger.cursor(CONSUMER) == Cursor("memory", 1)
    assert (stand.log.released, stand.log.progress) == ({CONSUMER: 1}, {CONSUMER: 31})
    stand.hear(*[9.0] * 12, minute=31)
    stand.drain()
    assert len(stand.incidents()) == 1
    assert stand.ledger.cursor(CONSUMER) == Cursor("memory", 1)
    (followed,) = stand.ledger.states().values()
    assert followed.state.last == (START_MS + 42 * MINUTE, (9.0,))
    assert followed.covered == Covered(43, BEGINNING_MS)
    stand.hear(*[4.0] * 8, minute=43)
    stand.drain()
    assert stand.ledger.cursor(CONSUMER) == Cursor("memory", 51)
    assert stand.log.released == {CONSUMER: 51}


def test_what_was_read_and_not_saved_is_read_again_after_a_crash() -> None:
    stand = Stand(pace=Pace(records=1_000))
    stand.hear(4.0, *[9.0] * 20)
    stand.turn(limit=1)
    stand.drain()
    stand.watch = stand.restarted()
    stand.hear(*[9.0] * 20, minute=21)
    stand.drain()
    (incident,) = stand.incidents()
    assert incident.finding.episode.raised_ms == START_MS + 31 * MINUTE


def test_before_a_rest_everything_read_is_saved() -> None:
    stand = Stand(pace=Pace(records=1_000))
    stand.watch.rest()
    assert stand.ledger.cursor(CONSUMER) is None
    stand.hear(4.0)
    stand.drain()
    stand.hear(5.0, minute=1)
    stand.drain()
    stand.watch.rest()
    assert stand.ledger.cursor(CONSUMER) == Cursor("memory", 2)
    assert [followed.state.last for followed in stand.ledger.states().values()] == [
        (START_MS + MINUTE, (5.0,))
    ]


def test_silence_is_told_by_what_was_read_not_by_what_was_saved() -> None:
    stand = Stand(pace=Pace(records=1_000))
    stand.hear(*[9.0] * 32)
    stand.drain()
    stand.hear(*[9.0] * 60, minute=32)
    stand.drain()
    stand.watch.tick(START_MS + 91 * MINUTE + GAP_MS)
    assert stand.incidents()[0].condition is Condition.ACTIVE


@pytest.mark.parametrize("cursor", [Cursor("another", 0), Cursor("memory", 3)])
def test_a_cursor_that_does_not_fit_the_log_stops_with_a_remedy(cursor: Cursor) -> None:
    stand = Stand()
    stand.hear(4.0, 4.0)
    stand.ledger.save_turn(Turn(CONSUMER, None, cursor, 0, ()))
    with pytest.raises(CursorError, match="restore"):
        stand.watch.turn()
    with pytest.raises(CursorError, match="restore"):
        stand.watch.tick(START_MS)


def test_readings_that_lag_behind_the_log_are_refused() -> None:
    stand = Stand()
    stand.hear(4.0)
    stand.watch.readings = MemoryHistory(MemoryLog())
    with pytest.raises(ConflictError, match="belongs to this log"):
        stand.watch.turn()
