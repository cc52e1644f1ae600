"""What our own ears are taken for, from ingest's state."""

from gongfu.liveness_side import BEHIND_REAL_MS, hearing
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_ingest.ingest_state import IngestState


def test_the_link_is_lost_when_every_lane_is_and_the_live_one_alone_is_needed() -> None:
    clock, state = SettableClock(1_000_000), IngestState(["live", "backfill"])
    assert not hearing(state, clock).connected
    state.links["backfill"] = None
    assert hearing(state, clock) == (True, True)
    state.links["live"] = None
    assert hearing(state, clock) == (True, False)
    state.links["backfill"] = "shut out"
    assert hearing(state, clock) == (True, False)


def test_what_waits_for_its_commit_is_a_backlog_by_real_time() -> None:
    clock, state = SettableClock(1_000_000, speed=30), IngestState(["live"])
    state.links["live"] = None
    state.taken("live", 10, clock.now)
    clock.now += 30 * BEHIND_REAL_MS
    assert not hearing(state, clock).behind
    clock.now += 1
    assert hearing(state, clock).behind
    state.committed("live", clock.now)
    assert not hearing(state, clock).behind
    state.commit_error = "the disk is full"
    assert hearing(state, clock).behind
