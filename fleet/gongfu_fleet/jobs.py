"""What must happen now and then: APScheduler on the running event loop, work in its threads.

Real time, not platform time. One run at a time per job; one that fails runs again at its next turn.
An outage of a job is logged once when it begins and once when it ends.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import (  # type: ignore[import-untyped] # APScheduler 3 has no types
    AsyncIOScheduler,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """``run`` every ``every_s`` real seconds, for the first time at once."""

    name: str
    every_s: float
    run: Callable[[], object]


@dataclass
class JobRecord:
    """How a job has fared: ``failure`` is the last error while an outage lasts."""

    job: Job
    runs: int = 0
    failures: int = 0
    failure: str | None = None


@dataclass
class RunningJobs:
    """The jobs of this process, for /health."""

    records: tuple[JobRecord, ...]
    _ended: threading.Event = field(default_factory=threading.Event)

    def troubles(self) -> list[str]:
        """A sentence with its remedy for every job that fails at present."""
        return [
            f"The job '{record.job.name}' fails ({record.failure}); it tries again every "
            f"{record.job.every_s:g} s, see the log for the reason."
            for record in self.records
            if record.failure
        ]

    def end(self) -> None:
        """Failures after this come from stopping and are nobody's concern."""
        self._ended.set()

    def run(self, record: JobRecord) -> None:
        """One turn of a job; no error leaves it."""
        if self._ended.is_set():
            return
        try:
            record.job.run()
        except Exception as error:  # noqa: BLE001 - whatever fails, the other jobs must go on
            self._note_failure(record, error)
        else:
            if record.failure:
                log.warning("job '%s' works again", record.job.name)
            record.failure = None
        record.runs += 1

    def _note_failure(self, record: JobRecord, error: Exception) -> None:
        if self._ended.is_set():
            return
        if record.failure is None:
            log.error("job '%s' fails; it will be tried again", record.job.name, exc_info=error)
        record.failures += 1
        record.failure = f"{type(error).__name__}: {error}"


@contextmanager
def start_jobs(jobs: Sequence[Job]) -> Iterator[RunningJobs]:
    """Run the jobs inside the block; it must be entered on a running event loop."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    running = RunningJobs(tuple(JobRecord(job) for job in jobs))
    scheduler = AsyncIOScheduler(timezone=UTC)
    for record in running.records:
        scheduler.add_job(
            running.run,
            "interval",
            args=(record,),
            seconds=record.job.every_s,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        yield running
    finally:
        running.end()
        scheduler.shutdown(wait=False)
