"""What must happen now and then: APScheduler on the running event loop, work in its threads.

APScheduler only ticks; the ``Schedule`` decides whether a job is due and whose turn it is, so that
sleep, restarts and clocks set anew cost no run and double none. One run at a time per job and
process. An outage of a job is logged once when it begins and once when it ends.
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

from gongfu_fleet.domain.due import Grid
from gongfu_fleet.services.jobs import Schedule, failing, told

TICK_S = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """``run`` every ``every_s`` real seconds counted from 1970-01-01 UTC, or at the times ``at``.

    A due time that passed while nobody ran is made up for at the start.
    """

    name: str
    every_s: float
    run: Callable[[], object]
    at: Grid | None = None

    @property
    def grid(self) -> Grid:
        """Its due times."""
        return self.at or Grid(max(1, round(self.every_s * 1000)))


@dataclass
class JobRecord:
    """How a job has fared in this process: ``failure`` is the last error while an outage lasts.

    ``blocked`` says that the schedule could not be asked, so that the job could not even begin.
    """

    job: Job
    runs: int = 0
    failures: int = 0
    failure: str | None = None
    blocked: bool = False


@dataclass
class RunningJobs:
    """The jobs of this process, for /health."""

    records: tuple[JobRecord, ...]
    schedule: Schedule = field(default_factory=Schedule)
    _ended: threading.Event = field(default_factory=threading.Event)

    def troubles(self) -> list[str]:
        """A sentence with its remedy for every job that fails in this process at present."""
        return [failing(r.job.name, r.failure) for r in self.records if r.failure]

    def end(self) -> None:
        """Failures after this come from stopping and are nobody's concern."""
        self._ended.set()

    def tick(self, record: JobRecord) -> None:
        """Run the job if it is due and our turn; no error leaves it."""
        if self._ended.is_set():
            return
        asked = False
        try:
            due_ms = self.schedule.begin(record.job.name, record.job.grid)
            asked = True
            if due_ms is not None:
                self._run(record, due_ms)
            elif not record.blocked:
                return
        except Exception as error:  # noqa: BLE001 - whatever fails, the other jobs must go on
            record.blocked = not asked
            self._note_failure(record, error)
        else:
            record.blocked = False
            self._note_success(record)

    def _run(self, record: JobRecord, due_ms: int) -> None:
        try:
            record.job.run()
        except Exception as error:
            self.schedule.end(record.job.name, due_ms, told(error))
            raise
        else:
            self.schedule.end(record.job.name, due_ms)
        finally:
            record.runs += 1

    def _note_success(self, record: JobRecord) -> None:
        if record.failure:
            log.warning("job '%s' works again", record.job.name)
        record.failure = None

    def _note_failure(self, record: JobRecord, error: Exception) -> None:
        if self._ended.is_set():
            return
        if record.failure is None:
            log.error("job '%s' fails; it will be tried again", record.job.name, exc_info=error)
        record.failures += 1
        record.failure = told(error)


@contextmanager
def start_jobs(jobs: Sequence[Job], schedule: Schedule | None = None) -> Iterator[RunningJobs]:
    """Run the jobs inside the block; it must be entered on a running event loop.

    Without a schedule the process shares with nobody and forgets its runs when it ends.
    """
    # Failures are told by us; APScheduler would only tell that stopping cut a run short.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    shared = schedule or Schedule()
    running = RunningJobs(tuple(JobRecord(job) for job in jobs), shared)
    scheduler = AsyncIOScheduler(timezone=UTC)
    for record in running.records:
        scheduler.add_job(
            running.tick,
            "interval",
            args=(record,),
            seconds=min(TICK_S, record.job.grid.every_ms / 1000),
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
        shared.lease.release()
