"""Each due time at most once, whoever restarts, takes over, or has its clock set."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.domain.due import DAY_MS, Grid
from gongfu_fleet.services.jobs import Schedule, told
from gongfu_fleet.services.jobs_alone import ProcessRuns

MINUTE = 60_000
GRID = Grid(MINUTE)


@dataclass
class OneChair:
    """A lease in memory: who sits first, sits until it stands up."""

    sitting: list[object] = field(default_factory=list)


@dataclass(eq=False)
class Chair:
    """One process's way to the chair."""

    shared: OneChair

    def hold(self) -> bool:
        if not self.shared.sitting:
            self.shared.sitting.append(self)
        return self.shared.sitting == [self]

    def release(self) -> None:
        if self.shared.sitting == [self]:
            self.shared.sitting.clear()


def run(schedule: Schedule, job: str = "backup") -> int | None:
    due_ms = schedule.begin(job, GRID)
    if due_ms is not None:
        schedule.end(job, due_ms)
    return due_ms


def test_a_missed_due_time_is_made_up_for_once() -> None:
    clock = SettableClock(10 * MINUTE + 5)
    schedule = Schedule(now_ms=clock.now_ms)
    assert run(schedule) == 10 * MINUTE
    assert run(schedule) is None
    clock.now = 17 * MINUTE + 5
    assert [run(schedule), run(schedule)] == [17 * MINUTE, None]


def test_only_the_holder_of_the_lease_runs_and_a_successor_goes_on_where_it_stopped() -> None:
    clock, ledger, chair = SettableClock(MINUTE), ProcessRuns(), OneChair()
    first, second = (Schedule(ledger, Chair(chair), clock.now_ms) for _ in range(2))
    assert [run(first), run(second)] == [MINUTE, None]
    clock.now += MINUTE
    assert [run(second), run(first)] == [None, 2 * MINUTE]
    first.lease.release()
    assert run(second) is None  # it has the lease now; this due time was taken
    clock.now += MINUTE
    assert [run(first), run(second)] == [None, 3 * MINUTE]


def test_a_job_that_died_half_way_is_not_repeated_before_it_is_due_again() -> None:
    clock, ledger = SettableClock(MINUTE), ProcessRuns()
    assert Schedule(ledger, now_ms=clock.now_ms).begin("backup", GRID) == MINUTE
    successor = Schedule(ledger, now_ms=clock.now_ms)
    assert run(successor) is None
    (state,) = successor.states()
    assert (state.last_due_ms, state.last_end_ms) == (MINUTE, None)
    clock.now += MINUTE
    assert run(successor) == 2 * MINUTE


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3_600, 3_600)), max_size=60))
def test_no_due_time_runs_twice_even_when_clocks_jump_and_leases_fail(
    steps: list[tuple[str, int]],
) -> None:
    clock, ledger = SettableClock(DAY_MS), ProcessRuns()
    processes = {name: Schedule(ledger, now_ms=clock.now_ms) for name in "abc"}
    ran = []
    for name, jump_s in steps:
        clock.now += jump_s * 1_000
        ran.append(run(processes[name]))
    taken = [due_ms for due_ms in ran if due_ms is not None]
    assert len(taken) == len(set(taken))


def test_failing_hanging_and_overdue_jobs_are_told_with_a_remedy() -> None:
    clock = SettableClock(MINUTE)
    schedule = Schedule(now_ms=clock.now_ms)
    schedule.begin("hangs", Grid(DAY_MS))
    run(schedule, "late")
    schedule.begin("fails", GRID)
    schedule.end("fails", MINUTE, "OSError: disk full")
    assert [text for text in schedule.troubles() if "fails" not in text] == []
    clock.now += 90 * MINUTE
    told_now = " ".join(schedule.troubles())
    for part in ("'fails' fails (OSError: disk full)", "'late' has been overdue for 89 min"):
        assert part in told_now
    assert "'hangs' began 90 min ago and has not ended" in told_now
    clock.now += 30 * DAY_MS
    assert [text for text in schedule.troubles() if "overdue" in text] == []


def test_an_error_is_told_without_what_stands_below_its_first_line() -> None:
    error = RuntimeError("(psycopg.Error) no connection\n[parameters: {'hash': 'secret'}]")
    assert told(error) == "RuntimeError: (psycopg.Error) no connection"
    assert len(told(RuntimeError("x" * 900))) == 200
