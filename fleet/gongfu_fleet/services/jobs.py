"""Who runs which job when: one process at a time, each due time at most once.

The lease says which process runs the jobs; the ledger of runs says which due times were taken, so
that neither a restart, nor a second process, nor a clock set back runs one twice. A due time that
passed while nobody ran is made up for once, not as often as it was missed. What failed, or died
half-way, is tried at the next due time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gongfu_broker.clock import real_ms
from gongfu_fleet.domain.due import Grid
from gongfu_fleet.services.jobs_alone import Alone, ProcessRuns
from gongfu_fleet.services.jobs_ports import JobRun, JobRuns, Lease

LONGEST_ERROR = 200
# Ticks come once a second and a restart takes a while; this much later something is wrong.
LATE_MS = 120_000
LONG_RUN_MS = 3_600_000
# A job that was due this long ago belongs to another version, or nobody works here any more.
FORGOTTEN_MS = 7 * 86_400_000


@dataclass(frozen=True)
class JobState:
    """A job for /health. ``last_end_ms`` is None while it runs or when its process died."""

    name: str
    last_due_ms: int
    last_end_ms: int | None
    last_error: str | None
    next_due_ms: int


@dataclass
class Schedule:
    """The due times of all jobs; real time in UTC ms. Safe to use from several threads."""

    runs: JobRuns = field(default_factory=ProcessRuns)
    lease: Lease = field(default_factory=Alone)
    now_ms: Callable[[], int] = real_ms
    _seen: dict[str, int] = field(default_factory=dict, init=False)

    def begin(self, job: str, grid: Grid) -> int | None:
        """The due time to run for now, taken for us; None when it is not our turn."""
        now_ms = self.now_ms()
        due_ms = grid.last_ms(now_ms)
        if self._seen.get(job) == due_ms or not self.lease.hold():
            return None
        ours = self.runs.claim(JobRun(job, due_ms, grid.next_ms(now_ms), now_ms))
        self._seen[job] = due_ms
        return due_ms if ours else None

    def end(self, job: str, due_ms: int, error: str | None = None) -> None:
        """Note the end of a run that ``begin`` gave."""
        self.runs.end(job, due_ms, end_ms=self.now_ms(), error=error)

    def states(self) -> list[JobState]:
        """Every job that ever ran, by name, whichever process ran it."""
        return [
            JobState(run.job, run.due_ms, run.end_ms, run.error, run.next_due_ms)
            for run in self.runs.newest()
        ]

    def troubles(self) -> list[str]:
        """A sentence with its remedy for every job that fails, hangs or is overdue."""
        now_ms = self.now_ms()
        return [told for run in self.runs.newest() for told in _troubles(run, now_ms)]


def failing(job: str, error: str) -> str:
    """The sentence about a job that fails."""
    return (
        f"The job '{job}' fails ({error}); it tries again when it is next due, "
        "see the log for the reason."
    )


def told(error: Exception) -> str:
    """An error in one short line: what follows may hold values that are nobody's business."""
    first = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}"[:LONGEST_ERROR]


def _troubles(run: JobRun, now_ms: int) -> Iterator[str]:
    if run.error is not None:
        yield failing(run.job, run.error)
    late_ms = now_ms - run.next_due_ms
    if max(LATE_MS, run.next_due_ms - run.due_ms) < late_ms < FORGOTTEN_MS:
        yield (
            f"The job '{run.job}' has been overdue for {late_ms // 60_000} min; "
            "see that a worker runs and reaches the database."
        )
    elif run.end_ms is None and LONG_RUN_MS < now_ms - run.begin_ms < FORGOTTEN_MS:
        minutes = (now_ms - run.begin_ms) // 60_000
        yield (
            f"The job '{run.job}' began {minutes} min ago and has not ended: it hangs, "
            "or its process died; it runs again when it is next due."
        )
