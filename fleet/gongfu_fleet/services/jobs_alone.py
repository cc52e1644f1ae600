"""A schedule's ports for a process that shares with nobody: remembered while it lives."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from gongfu_fleet.services.jobs_ports import KEPT_RUNS, JobRun


@dataclass
class ProcessRuns:
    """Fits the port JobRuns."""

    _runs: dict[str, dict[int, JobRun]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def claim(self, run: JobRun) -> bool:
        """Take a due time."""
        with self._lock:
            taken = self._runs.setdefault(run.job, {})
            if run.due_ms in taken:
                return False
            taken[run.due_ms] = run
            if len(taken) > KEPT_RUNS:
                del taken[min(taken)]
            return True

    def end(self, job: str, due_ms: int, *, end_ms: int, error: str | None) -> None:
        """Note the end."""
        with self._lock:
            taken = self._runs[job]
            taken[due_ms] = replace(taken[due_ms], end_ms=end_ms, error=error)

    def newest(self) -> Sequence[JobRun]:
        """The newest run of every job, by name."""
        with self._lock:
            return [taken[max(taken)] for _, taken in sorted(self._runs.items())]


class Alone:
    """Fits the port Lease: there is nobody else."""

    def hold(self) -> bool:
        """Always."""
        return True

    def release(self) -> None:
        """Nothing to give up."""
