"""The watch over the log: late data, rebuilds, silence."""

import pytest

from gongfu_broker.columns import DeviceKind
from gongfu_fleet.adapters.memory_log import batch_record
from gongfu_fleet.domain.alarms.incident import Acknowledged, Event
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition, Span
from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS, block_start
from gongfu_fleet.services.watch_judge import LOOK_BACK_MS
from tests.fleet.alarms.stand import DEV, HOUR, METRIC, MINUTE, POLICY, START_MS, Stand

GAP_MS = POLICY.max_gap_ms


def kinds(stand: Stand, incident_id: str) -> list[str]:
    return [type(event.body).__name__ for event in stand.ledger.events(incident_id)]


def test_an_excursion_becomes_one_incident_that_ends() -> None:
    stand = Stand()
    for minute, celsius in enumerate([*[4.0] * 5, *[9.0] * 40, 11.0, *[4.0] * 20]):
        stand.hear(celsius, minute=minute)
        stand.turn()
    (incident,) = stand.incidents()
    episode = incident.finding.episode
    assert (episode.begin_ms, episode.raised_ms, episode.end_ms, episode.peak_celsius) == (
        START_MS + 5 * MINUTE,
        START_MS + 35 * MINUTE,
        START_MS + 46 * MINUTE,
        11.0,
    )
    assert kinds(stand, incident.id) == ["Raised", "ConditionChanged", "ConditionChanged"]
    assert not incident.late


def test_a_late_sample_does_not_overwrite_newer_state() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 40)
    stand.drain()
    stand.commit((START_MS - 30 * MINUTE, 4.0))
    stand.drain()
    (incident,) = stand.incidents()
    assert incident.condition is Condition.ACTIVE


def test_an_old_sample_does_not_satisfy_a_delay_by_the_wall_clock() -> None:
    stand = Stand()
    stand.clock.ms = START_MS + 2 * HOUR
    stand.commit((START_MS, 9.0))
    stand.drain()
    stand.watch.tick(stand.clock.ms)
    assert stand.incidents() == []


def test_an_excursion_inside_a_backlog_is_found_and_called_late() -> None:
    stand = Stand()
    stand.hear(4.0)
    stand.hear(4.0, minute=300)
    stand.drain()
    stand.hear(*[4.0] * 29, *[12.0] * 60, *[4.0] * 60, minute=1)
    stand.drain()
    (incident,) = stand.incidents()
    assert incident.late
    assert incident.open
    assert incident.finding.episode.begin_ms == START_MS + 30 * MINUTE
    assert incident.finding.episode.end_ms == START_MS + 90 * MINUTE


def test_a_backlog_fills_the_unknown_span_of_a_running_incident() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 31)
    stand.hear(9.0, minute=90)
    stand.drain()
    (before,) = stand.incidents()
    assert before.finding.episode.unknown == (Span(START_MS + 30 * MINUTE, START_MS + 90 * MINUTE),)
    stand.hear(*[9.0] * 59, minute=31)
    stand.drain()
    (after,) = stand.incidents()
    assert after.finding.episode.unknown == ()
    assert kinds(stand, after.id) == ["Raised", "Revised"]


def test_late_proof_of_a_recovery_splits_one_incident_into_two() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 31)
    stand.hear(*[9.0] * 31, minute=120)
    stand.drain()
    assert len(stand.incidents()) == 1
    stand.hear(*[4.0] * 60, minute=40)
    stand.drain()
    first, second = stand.incidents()
    assert first.finding.episode.end_ms == START_MS + 40 * MINUTE
    assert second.finding.episode.begin_ms == START_MS + 120 * MINUTE


def test_late_proof_of_no_recovery_merges_two_incidents_into_the_elder() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 31, *[4.0] * 5)
    stand.hear(*[4.0] * 5, *[9.0] * 31, minute=46)
    stand.drain()
    stand.hear(*[4.0] * 10, minute=36)
    stand.drain()
    first, second = stand.incidents()
    # The store prefers the higher message number: what was good proves to have been warm.
    stand.hear(*[9.0] * 20, minute=31)
    stand.drain()
    elder, younger = stand.incidents()
    assert (elder.id, younger.merged_into) == (first.id, first.id)
    assert younger.id == second.id
    assert elder.running


def test_acknowledging_survives_every_revision() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 31)
    stand.drain()
    (incident,) = stand.incidents()
    stand.ledger.append([Draft(incident.id, Acknowledged("seen"))], at_ms=1, by="mei")
    stand.hear(*[9.0] * 31, minute=-31)
    stand.hear(*[4.0] * 20, minute=31)
    stand.drain()
    (revised,) = stand.incidents()
    assert revised.finding.episode.begin_ms == START_MS - 31 * MINUTE
    assert (revised.acked_by, revised.running) == ("mei", False)


def test_a_rebuild_reads_only_from_its_checkpoint() -> None:
    stand = Stand()
    hours = 30
    for hour in range(hours):
        stand.commit(*[(START_MS + hour * HOUR + m * MINUTE, 4.0) for m in range(0, 60, 5)])
    stand.drain()
    stand.history.reads.clear()
    late_ms = START_MS + (hours - 1) * HOUR + MINUTE
    stand.commit((late_ms, 9.0))
    stand.drain()
    ((start_ms, rows),) = stand.history.reads
    assert start_ms == block_start(late_ms)
    assert rows < 6 * 12 + 12


def test_a_backlog_in_the_store_already_is_judged_once() -> None:
    stand = Stand()
    stand.hear(4.0)
    stand.drain()
    stand.hear(4.0, minute=500)
    stand.drain()
    stand.history.reads.clear()
    for minute in range(499, 0, -1):
        stand.hear(4.0, minute=minute)
    stand.drain(limit=10)
    # One rebuild for each six hours of the backlog at most: later records are covered.
    assert len(stand.history.reads) <= 3


def test_a_repeated_newest_sample_needs_no_rebuild() -> None:
    stand = Stand()
    stand.hear(4.0, 5.0)
    stand.drain()
    stand.history.reads.clear()
    stand.hear(5.0, minute=1)
    stand.drain()
    assert stand.history.reads == []


def test_a_zone_is_first_judged_over_three_days_of_the_past() -> None:
    stand = Stand()
    stand.commit((START_MS, 4.0))
    stand.drain()
    assert stand.history.reads == [(block_start(START_MS - LOOK_BACK_MS), 1)]


def test_of_a_device_never_heard_before_no_past_is_looked_for() -> None:
    stand = Stand()
    stand.turn()
    stand.hear(*[9.0] * 31)
    stand.drain(limit=10)
    assert stand.history.reads == []
    assert stand.incidents()[0].running
    # What is older than its first reading is judged from where the zone begins.
    stand.hear(4.0, minute=-400)
    stand.hear(*[9.0] * 10, minute=-10)
    stand.drain(limit=1)
    (incident,) = stand.incidents()
    assert incident.finding.episode.begin_ms == START_MS - 10 * MINUTE


def test_two_first_values_of_one_time_are_for_the_store_to_decide() -> None:
    stand = Stand()
    stand.turn()
    stand.hear(9.0)
    stand.hear(9.0, 9.0, minute=500)
    stand.hear(4.0, minute=501)
    stand.drain()
    (followed,) = stand.ledger.states().values()
    assert followed.state.last == (START_MS + 501 * MINUTE, (4.0,))


def test_an_incident_that_was_ending_at_a_checkpoint_is_not_found_twice() -> None:
    stand = Stand()
    boundary = block_start(START_MS) + CHECKPOINT_MS
    minute = (boundary - START_MS) // MINUTE
    stand.hear(*[9.0] * 31, *[4.0] * 20, minute=minute - 36)
    stand.drain()
    # The recovery began before the boundary and was settled after it.
    stand.commit((boundary + 1, 4.1))
    stand.drain()
    (incident,) = stand.incidents()
    assert incident.finding.episode.end_ms == boundary - 5 * MINUTE
    assert stand.ledger.version() == 1


@pytest.mark.parametrize("turns", [1, 2])
@pytest.mark.parametrize(("first", "second"), [(4.0, 9.0), (9.0, 4.0)])
def test_the_store_decides_between_two_values_of_one_time(
    turns: int, first: float, second: float
) -> None:
    stand = Stand()
    stand.hear(4.0)
    stand.drain()
    stand.hear(first, minute=1)
    if turns == 2:
        stand.drain()
    stand.hear(second, minute=1)
    stand.drain()
    (followed,) = stand.ledger.states().values()
    assert followed.state.last == (START_MS + MINUTE, (second,))
    assert (followed.state.rules.high is None) is (second < 8.0)


def test_a_value_that_the_store_ranks_lower_does_not_count_though_it_came_later() -> None:
    stand = Stand()
    for mseq, celsius in ((901, 4.0), (900, 9.0)):
        row = [(START_MS, {METRIC: celsius})]
        stand.log.append(batch_record(DEV, DeviceKind.CABINET, row, mseq=mseq, received_ms=0))
        stand.drain()
    (followed,) = stand.ledger.states().values()
    assert (followed.state.last, followed.state.rules.high) == ((START_MS, (4.0,)), None)


def test_silence_makes_a_running_incident_unknown_until_data_returns() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 31)
    stand.drain()
    heard_ms = START_MS + 30 * MINUTE
    stand.watch.tick(heard_ms + GAP_MS)
    assert stand.incidents()[0].condition is Condition.ACTIVE
    for later_ms in (1, 2, 3):
        stand.watch.tick(heard_ms + GAP_MS + later_ms)
    assert stand.incidents()[0].condition is Condition.UNKNOWN
    stand.hear(9.0, minute=50)
    stand.drain()
    stand.watch.tick(START_MS + 50 * MINUTE)
    assert stand.incidents()[0].condition is Condition.ACTIVE
    assert kinds(stand, stand.incidents()[0].id) == ["Raised", "Silent", "Heard"]


def test_silence_never_ends_an_incident_nor_begins_one() -> None:
    stand = Stand()
    stand.hear(*[9.0] * 29)
    stand.drain()
    stand.watch.tick(START_MS + 100 * HOUR)
    assert stand.incidents() == []
    stand.hear(*[9.0] * 2, minute=29)
    stand.drain()
    stand.watch.tick(START_MS + 100 * HOUR)
    assert stand.incidents()[0].running


def test_our_own_backlog_is_nobodys_silence() -> None:
    stand = Stand()
    for minute in range(60):
        stand.commit((START_MS + minute * MINUTE, 9.0), received_ms=START_MS + minute * MINUTE)
    stand.turn(limit=40)
    stand.watch.tick(START_MS + 10 * HOUR)
    assert stand.incidents()[0].condition is Condition.ACTIVE
    restarted = stand.restarted()
    restarted.tick(START_MS + 10 * HOUR)
    assert stand.incidents()[0].condition is Condition.ACTIVE


def test_a_tick_before_the_first_record_is_quiet() -> None:
    stand = Stand()
    stand.watch.tick(START_MS)
    assert stand.ledger.version() == 0
    assert stand.zones.refreshed == 1


def test_the_ledger_notes_platform_time_of_the_discovery() -> None:
    stand = Stand()
    stand.clock.ms = START_MS + 77
    stand.hear(*[9.0] * 31)
    stand.drain()
    events = stand.ledger.events(stand.incidents()[0].id)
    assert [(type(e), e.at_ms, e.by) for e in events] == [(Event, START_MS + 77, None)]
