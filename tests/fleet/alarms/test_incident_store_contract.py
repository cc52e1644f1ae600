"""What every store of the watch must do; the one in memory and the relational one do it alike."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.domain.alarms.arrivals import Covered
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Body,
    ConditionChanged,
    Finding,
    Incident,
    Merged,
    Raised,
    Retracted,
    Silent,
    Subject,
    fold,
)
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Span
from gongfu_fleet.domain.alarms.zone import (
    CHECKPOINT_MS,
    DAY_MS,
    KEEP_ALL_MS,
    Checkpoint,
    ZoneState,
)
from gongfu_fleet.errors import ConflictError, NotFoundError
from gongfu_fleet.services.watch_ports import (
    BEGINNING_MS,
    Cursor,
    Followed,
    Turn,
    ZoneKey,
    ZoneUpdate,
)

Store = MemoryIncidentStore | SqlIncidentStore
KEY = ZoneKey("cab-0001", 1)
HIGH = Subject("cab-0001", 1, Hazard.TEMPERATURE_HIGH)
ACTIVE = Finding(Episode(Condition.ACTIVE, 10, 20, None, -0.1, (Span(11, 15),)), -15.0, "frozen", 2)
OVER = replace(ACTIVE, episode=replace(ACTIVE.episode, condition=Condition.NORMAL, end_ms=30))
STATE = ZoneState("zone:zone_1_celsius", "frozen v2", (25, (-14.3, None)), '{"high":[10,-0.1]}')


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def store(kind: str, request: pytest.FixtureRequest) -> Store:
    """An empty store of every kind."""
    if kind == "memory":
        return MemoryIncidentStore()
    return SqlIncidentStore(request.getfixturevalue("database"))


def raised(finding: Finding = ACTIVE, subject: Subject = HIGH) -> Raised:
    return Raised(subject, Severity.HIGH, finding, late=False)


def turn(seq: int, *updates: ZoneUpdate, before: Cursor | None = None) -> Turn:
    return Turn("watch", before, Cursor("log", seq), 1_000 + seq, updates)


def ids(incidents: Sequence[Incident]) -> list[str]:
    return [incident.id for incident in incidents]


def kept_checkpoints(store: Store, key: ZoneKey) -> list[int]:
    """Their times, found as the judge finds them: from the newest back."""
    found: list[int] = []
    at_ms = 10**15
    while checkpoint := store.checkpoint(key, at_ms):
        found.insert(0, checkpoint.at_ms)
        at_ms = checkpoint.at_ms - 1
    return found


def test_a_new_store_knows_nothing(store: Store) -> None:
    assert store.cursor("watch") is None
    assert store.states() == {}
    assert store.checkpoint(KEY, 10**15) is None
    assert list(store.running()) == []
    assert list(store.subjects()) == []
    assert store.version() == 0


def test_a_turn_keeps_cursor_state_checkpoints_and_ledger_together(store: Store) -> None:
    followed = Followed(STATE, Covered(7, 5))
    checkpoint = Checkpoint(0, ZoneState("zone:zone_1_celsius", "frozen v2"))
    drafts = (Draft("i-1", raised()), Draft("i-1", Silent(25)))
    store.save_turn(turn(3, ZoneUpdate(KEY, followed, (checkpoint,), drafts=drafts)))
    assert store.cursor("watch") == Cursor("log", 3)
    assert store.states() == {KEY: followed}
    assert store.zone_state(KEY) == STATE
    assert store.zone_state(ZoneKey("cab-0001", 2)) is None
    assert store.checkpoint(KEY, 100) == checkpoint
    assert store.version() == 2
    incident = store.find("i-1")
    assert incident == fold("i-1", store.events("i-1"))
    assert incident.condition is Condition.UNKNOWN
    assert [event.at_ms for event in store.events("i-1")] == [1_003, 1_003]


def test_a_state_that_moved_on_is_the_newer_one(store: Store) -> None:
    moved = Followed(replace(STATE, last=(26, (-14.4, 0.0))))
    other = ZoneKey("cab-0002", 1)
    about = turn(3, ZoneUpdate(KEY, Followed(STATE)))
    store.save_turn(replace(about, moved={KEY: moved, other: moved}))
    assert store.states() == {KEY: moved, other: moved}
    again = Followed(replace(STATE, last=(27, (-14.5, 0.0))), Covered(3, 0))
    store.save_turn(replace(turn(4, before=Cursor("log", 3)), moved={other: again}))
    assert store.states() == {KEY: moved, other: again}


def test_news_can_be_stored_ahead_of_the_cursor(store: Store) -> None:
    store.save_turn(turn(3))
    ahead = Followed(STATE, Covered(5, BEGINNING_MS))
    update = ZoneUpdate(KEY, ahead, drafts=(Draft("i-1", raised()),))
    store.save_turn(turn(3, update, before=Cursor("log", 3)))
    assert store.cursor("watch") == Cursor("log", 3)
    assert store.states() == {KEY: ahead}
    assert store.find("i-1").running


def test_measures_come_before_the_events_of_the_same_turn(store: Store) -> None:
    store.save_turn(turn(1, ZoneUpdate(KEY, Followed(STATE), drafts=(Draft("i-1", raised()),))))
    worse = replace(ACTIVE, episode=replace(ACTIVE.episode, peak_celsius=4.5))
    drafts = (Draft("i-1", ConditionChanged(OVER)),)
    update = ZoneUpdate(KEY, Followed(STATE), drafts=drafts, measures={"i-1": worse})
    store.save_turn(turn(2, update, before=Cursor("log", 1)))
    assert store.find("i-1").finding == OVER
    retired = ZoneUpdate(KEY, Followed(STATE), drafts=(Draft("i-1", Retracted()),))
    store.save_turn(turn(3, retired, before=Cursor("log", 2)))
    assert store.find("i-1").finding == OVER


def test_old_checkpoints_are_thinned_to_the_first_of_each_day(store: Store) -> None:
    times = [n * CHECKPOINT_MS for n in range(2, 40)]
    other = ZoneKey("cab-0002", 1)
    for seq, at_ms in enumerate(times):
        checkpoints = (Checkpoint(at_ms, STATE),)
        both = [ZoneUpdate(key, Followed(STATE), checkpoints) for key in (KEY, other)]
        if at_ms > 5 * DAY_MS:
            both.pop()  # the other zone fell silent
        before = Cursor("log", seq - 1) if seq else None
        store.save_turn(turn(seq, *both, before=before))
    assert kept_checkpoints(store, KEY) == [
        *(2 * CHECKPOINT_MS, 1 * DAY_MS, 2 * DAY_MS, 3 * DAY_MS, 4 * DAY_MS, 5 * DAY_MS),
        *(6 * DAY_MS, *range(times[-1] - KEEP_ALL_MS, times[-1] + 1, CHECKPOINT_MS)),
    ]
    assert kept_checkpoints(store, other)[:4] == [
        *(2 * CHECKPOINT_MS, 1 * DAY_MS, 2 * DAY_MS, 2 * DAY_MS + CHECKPOINT_MS)
    ]


def test_a_turn_that_cannot_be_stored_leaves_nothing_behind(store: Store) -> None:
    good = ZoneUpdate(KEY, Followed(STATE), drafts=(Draft("i-1", raised()),))
    bad = ZoneUpdate(ZoneKey("cab-0002", 1), Followed(STATE), drafts=(Draft("i-2", Silent(1)),))
    with pytest.raises(ConflictError):
        store.save_turn(turn(3, good, bad))
    assert store.cursor("watch") is None
    assert store.states() == {}
    assert store.version() == 0
    with pytest.raises(NotFoundError):
        store.find("i-1")


def test_two_watches_on_one_log_are_refused(store: Store) -> None:
    store.save_turn(turn(3))
    with pytest.raises(ConflictError, match="somebody else"):
        store.save_turn(turn(4))
    store.save_turn(turn(4, before=Cursor("log", 3)))
    assert store.cursor("watch") == Cursor("log", 4)


def test_a_checkpoint_is_found_by_time_and_replaced_by_a_redo(store: Store) -> None:
    checkpoints = tuple(Checkpoint(at_ms, STATE) for at_ms in (100, 200, 300))
    store.save_turn(turn(1, ZoneUpdate(KEY, Followed(STATE), checkpoints)))
    found = [store.checkpoint(KEY, at_ms) for at_ms in (99, 100, 199, 250, 900)]
    assert [checkpoint and checkpoint.at_ms for checkpoint in found] == [None, 100, 100, 200, 300]
    other = replace(STATE, text="{}")
    redo = ZoneUpdate(KEY, Followed(other), (Checkpoint(200, other),), redo_from_ms=200)
    store.save_turn(turn(2, redo, before=Cursor("log", 1)))
    assert store.checkpoint(KEY, 900) == Checkpoint(200, other)
    assert store.states() == {KEY: Followed(other)}
    assert store.checkpoint(ZoneKey("cab-0001", 2), 900) is None


def test_a_running_incident_is_measured_on_and_keeps_it_when_acknowledged(store: Store) -> None:
    store.save_turn(turn(1, ZoneUpdate(KEY, Followed(STATE), drafts=(Draft("i-1", raised()),))))
    worse = replace(ACTIVE, episode=replace(ACTIVE.episode, peak_celsius=4.5))
    update = ZoneUpdate(KEY, Followed(STATE), measures={"i-1": worse})
    store.save_turn(turn(2, update, before=Cursor("log", 1)))
    store.append([Draft("i-1", Acknowledged("是"))], at_ms=5_000, by="mei")
    incident = store.find("i-1")
    assert incident.finding == worse
    assert (incident.acked_by, incident.acked_ms, incident.note) == ("mei", 5_000, "是")
    assert store.version() == 2


def test_an_event_that_changes_nothing_leaves_no_trace(store: Store) -> None:
    store.append([Draft("i-1", raised()), Draft("i-1", Acknowledged("first"))], at_ms=1, by="mei")
    store.append([Draft("i-1", Acknowledged("second"))], at_ms=2, by="lin")
    assert [event.by for event in store.events("i-1")] == ["mei", "mei"]
    assert store.find("i-1").note == "first"


@pytest.mark.parametrize(
    ("bodies", "running", "open_"),
    [
        ([], True, True),
        ([Acknowledged("")], True, True),
        ([ConditionChanged(OVER)], False, True),
        ([ConditionChanged(OVER), Acknowledged("")], False, False),
        ([Merged("i-0")], False, False),
        ([Retracted()], False, False),
    ],
)
def test_lists_show_what_runs_and_what_is_open(
    store: Store, bodies: list[Body], *, running: bool, open_: bool
) -> None:
    store.append([Draft("i-1", raised()), *(Draft("i-1", body) for body in bodies)], at_ms=1)
    assert bool(store.running()) is running
    assert bool(store.page(10, None, asset=None, only_open=True)) is open_
    assert bool(store.page(10, None, asset=None, only_open=False))


def test_only_living_incidents_of_the_subject_that_reach_the_time_are_found(store: Store) -> None:
    others = [
        Subject("cab-0002", 1, Hazard.TEMPERATURE_HIGH),
        Subject("cab-0001", 2, Hazard.TEMPERATURE_HIGH),
        Subject("cab-0001", 1, Hazard.TEMPERATURE_LOW),
    ]
    drafts = [Draft(f"o-{n}", raised(subject=subject)) for n, subject in enumerate(others)]
    drafts += [Draft("i-1", raised(OVER)), Draft("i-2", raised()), Draft("i-3", raised())]
    store.append([*drafts, Draft("i-3", Merged("i-2"))], at_ms=1)

    def find(since_ms: int) -> list[str]:
        return sorted(incident.id for incident in store.incidents_since(HIGH, since_ms))

    assert find(29) == ["i-1", "i-2"]
    assert find(30) == ["i-1", "i-2"]
    assert find(31) == ["i-2"]
    assert set(store.subjects()) == {HIGH, *others}
    store.append([Draft("o-1", Retracted())], at_ms=2)
    assert set(store.subjects()) == {HIGH, others[0], others[2]}


def test_pages_go_from_the_newest_id_down(store: Store) -> None:
    asset_2 = replace(HIGH, asset="cab-0002")
    for n, subject in enumerate([HIGH, asset_2, HIGH, HIGH]):
        store.append([Draft(f"i-{n}", raised(subject=subject))], at_ms=n)
    everything = store.page(10, None, asset=None, only_open=False)
    assert ids(everything) == ["i-3", "i-2", "i-1", "i-0"]
    assert ids(store.page(2, "i-3", asset=None, only_open=True)) == ["i-2", "i-1"]
    assert ids(store.page(10, "i-3", asset="cab-0001", only_open=True)) == ["i-2", "i-0"]


def test_an_unknown_incident_is_not_found_and_has_no_events(store: Store) -> None:
    with pytest.raises(NotFoundError) as refused:
        store.find("i-9")
    assert refused.value.remedy
    assert list(store.events("i-9")) == []
