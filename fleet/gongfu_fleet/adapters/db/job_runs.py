"""The ledger of job runs in the relational store."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Engine, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.services.jobs_ports import KEPT_RUNS, JobRun


class JobRunRow(Base):
    """One run of a job; the key makes a due time be taken once. Real time, UTC ms."""

    __tablename__ = "job_run"

    job: Mapped[str] = mapped_column(String(80), primary_key=True)
    due_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    next_due_ms: Mapped[int] = mapped_column(BigInteger)
    begin_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(String(200))


@dataclass
class SqlJobRuns:
    """Fits the port JobRuns."""

    engine: Engine

    def claim(self, run: JobRun) -> bool:
        """Take a due time; old runs of the job are forgotten."""
        with writing(self.engine) as session:
            if session.get(JobRunRow, (run.job, run.due_ms)) is not None:
                return False
            session.add(
                JobRunRow(
                    job=run.job,
                    due_ms=run.due_ms,
                    next_due_ms=run.next_due_ms,
                    begin_ms=run.begin_ms,
                    end_ms=run.end_ms,
                    error=run.error,
                )
            )
            session.flush()
            _forget(session, run.job)
            return True

    def end(self, job: str, due_ms: int, *, end_ms: int, error: str | None) -> None:
        """Note the end."""
        this = (JobRunRow.job == job, JobRunRow.due_ms == due_ms)
        with writing(self.engine) as session:
            session.execute(update(JobRunRow).where(*this).values(end_ms=end_ms, error=error))

    def newest(self) -> Sequence[JobRun]:
        """The newest run of every job, by name."""
        last = select(JobRunRow.job, func.max(JobRunRow.due_ms).label("due_ms"))
        found = last.group_by(JobRunRow.job).subquery()
        same = (JobRunRow.job == found.c.job) & (JobRunRow.due_ms == found.c.due_ms)
        with reading(self.engine) as session:
            runs = [_run(row) for row in session.scalars(select(JobRunRow).join(found, same))]
        # Sorted here: databases do not agree about the order of texts.
        return sorted(runs, key=lambda run: run.job)


def _run(row: JobRunRow) -> JobRun:
    return JobRun(row.job, row.due_ms, row.next_due_ms, row.begin_ms, row.end_ms, row.error)


def _forget(session: Session, job: str) -> None:
    oldest_kept = (
        select(JobRunRow.due_ms)
        .where(JobRunRow.job == job)
        .order_by(JobRunRow.due_ms.desc())
        .offset(KEPT_RUNS - 1)
        .limit(1)
        .scalar_subquery()
    )
    old = (JobRunRow.job == job, JobRunRow.due_ms < oldest_kept)
    session.execute(delete(JobRunRow).where(*old).execution_options(synchronize_session=False))
