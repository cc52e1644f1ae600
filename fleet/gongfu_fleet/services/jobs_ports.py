"""What the schedule needs: a ledger of runs, and a lease that one process holds at a time.

Due times and all others here are real time, UTC milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

# How many runs of a job are remembered; so far back no due time is taken twice.
KEPT_RUNS = 1_000


@dataclass(frozen=True)
class JobRun:
    """One run of a job. ``end_ms`` is None while it runs, and for ever when its process died."""

    job: str
    due_ms: int
    next_due_ms: int
    begin_ms: int
    end_ms: int | None = None
    error: str | None = None


class JobRuns(Protocol):
    """Which due times were taken, by whichever process."""

    def claim(self, run: JobRun) -> bool:
        """Take a due time; False when it was taken before, by anybody."""
        ...

    def end(self, job: str, due_ms: int, *, end_ms: int, error: str | None) -> None:
        """Note the end of a run that was claimed."""
        ...

    def newest(self) -> Sequence[JobRun]:
        """The run with the newest due time of every job, by name."""
        ...


class Lease(Protocol):
    """The right to run the jobs; one process at a time has it, and loses it when it dies."""

    def hold(self) -> bool:
        """Take the lease, or see that it is still ours; False while another process has it."""
        ...

    def release(self) -> None:
        """Give it up, so that another process has it at once."""
        ...
