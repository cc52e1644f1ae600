"""What waits to be saved, and for how long."""

from gongfu_fleet.domain.alarms.incident import Finding, Retracted
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.alarms.zone import Checkpoint, ZoneState
from gongfu_fleet.services.watch_ports import Followed, ZoneKey, ZoneUpdate
from gongfu_fleet.services.watch_unsaved import Pace, Stride, Unsaved, together

ONE, OTHER = ZoneKey("cab-0001", 1), ZoneKey("cab-0002", 1)
STATE = Followed(ZoneState("zone:zone_1_celsius", "dairy v1"))


class Elapsed:
    """Seconds that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def finding(peak_celsius: float) -> Finding:
    return Finding(Episode(Condition.ACTIVE, 1, 2, None, peak_celsius, ()), 8.0, "dairy", 1)


def checkpoints(*times_ms: int) -> tuple[Checkpoint, ...]:
    return tuple(Checkpoint(at_ms, STATE.state) for at_ms in times_ms)


def test_calm_readings_wait_for_a_number_of_records_or_for_seconds() -> None:
    elapsed = Elapsed()
    pace = Pace(records=100, seconds=2.0, elapsed_s=elapsed)
    assert [pace.due(unsaved) for unsaved in (0, 1, 99, 100)] == [False, False, False, True]
    pace.saved()
    assert not pace.due(5)
    elapsed.seconds += 1.9
    assert not pace.due(6)
    elapsed.seconds += 0.1
    assert pace.due(6)
    pace.saved()
    assert not pace.due(1)


def test_the_seconds_count_from_the_first_unsaved_record() -> None:
    elapsed = Elapsed()
    pace = Pace(seconds=2.0, elapsed_s=elapsed)
    assert not pace.due(0)
    elapsed.seconds += 60
    assert not pace.due(1)


def test_a_turn_takes_about_as_many_records_as_are_followed_in_a_second() -> None:
    elapsed = Elapsed()
    stride = Stride(records=500, most=5_000, elapsed_s=elapsed)

    def spend(seconds: float) -> int:
        with stride.measured():
            elapsed.seconds += seconds
        return stride.records

    assert [spend(0.1) for _ in range(5)] == [1_000, 2_000, 4_000, 5_000, 5_000]
    assert [spend(0.5), spend(1.0)] == [5_000, 5_000]
    assert [spend(30.0) for _ in range(8)] == [1_250, 312, 78, 19, 4, 1, 1, 1]


def test_events_and_what_was_judged_anew_are_urgent_the_rest_is_not() -> None:
    unsaved = Unsaved()
    unsaved.add(ZoneUpdate(ONE, STATE))
    assert unsaved.updates == {}
    unsaved.add(ZoneUpdate(ONE, STATE, checkpoints(5), measures={"i-1": finding(9.0)}))
    assert unsaved.urgent == set()
    unsaved.add(ZoneUpdate(ONE, STATE, drafts=(Draft("i-1", Retracted()),)))
    unsaved.add(ZoneUpdate(OTHER, STATE, redo_from_ms=7))
    assert unsaved.urgent == {ONE, OTHER}
    unsaved.saved({ONE})
    assert (unsaved.urgent, list(unsaved.updates), unsaved.measures) == ({OTHER}, [OTHER], {})
    unsaved.saved(unsaved.updates)
    assert (unsaved.urgent, unsaved.updates) == (set(), {})


def test_two_updates_of_a_zone_are_one_and_a_redo_replaces_checkpoints_not_saved_yet() -> None:
    earlier = ZoneUpdate(
        ONE, STATE, checkpoints(5, 10), measures={"i-1": finding(9.0), "i-2": finding(8.5)}
    )
    later = ZoneUpdate(ONE, STATE, checkpoints(15), measures={"i-1": finding(9.5)})
    both = together(earlier, later)
    assert [c.at_ms for c in both.checkpoints] == [5, 10, 15]
    assert both.measures == {"i-1": finding(9.5), "i-2": finding(8.5)}
    redo = ZoneUpdate(ONE, STATE, checkpoints(10, 20), redo_from_ms=10)
    again = together(both, redo)
    assert ([c.at_ms for c in again.checkpoints], again.redo_from_ms) == ([5, 10, 20], 10)
