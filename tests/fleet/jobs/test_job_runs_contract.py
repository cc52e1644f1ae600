"""What every ledger of runs must do; the one in memory and the relational one do it alike."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from gongfu_fleet.adapters.db.engine import reading
from gongfu_fleet.adapters.db.job_runs import JobRunRow, SqlJobRuns
from gongfu_fleet.services.jobs_alone import ProcessRuns
from gongfu_fleet.services.jobs_ports import KEPT_RUNS, JobRun, JobRuns

RUN = JobRun("backup", 60_000, 120_000, 61_000)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def runs(kind: str, request: pytest.FixtureRequest) -> JobRuns:
    """An empty ledger of every kind."""
    return ProcessRuns() if kind == "memory" else SqlJobRuns(request.getfixturevalue("database"))


def test_a_due_time_is_taken_once(runs: JobRuns) -> None:
    assert runs.claim(RUN)
    assert not runs.claim(RUN)
    assert not runs.claim(replace(RUN, begin_ms=62_000))
    assert runs.claim(replace(RUN, due_ms=120_000, next_due_ms=180_000))
    assert runs.claim(replace(RUN, job="rollup"))


def test_the_newest_run_of_every_job_is_told_by_name(runs: JobRuns) -> None:
    for due_ms in (120_000, 60_000):
        for job in ("rollup", "backup", "Audit"):
            runs.claim(JobRun(job, due_ms, due_ms + 60_000, due_ms + 5))
    runs.end("rollup", 120_000, end_ms=120_900, error="OSError: 磁盘已满")
    runs.end("backup", 60_000, end_ms=60_900, error=None)
    assert runs.newest() == [
        JobRun("Audit", 120_000, 180_000, 120_005),
        JobRun("backup", 120_000, 180_000, 120_005),
        JobRun("rollup", 120_000, 180_000, 120_005, 120_900, "OSError: 磁盘已满"),
    ]


def test_many_at_once_take_a_due_time_once(runs: JobRuns) -> None:
    with ThreadPoolExecutor(8) as threads:
        for n in range(10):
            mine = replace(RUN, due_ms=n)
            assert sum(threads.map(runs.claim, [mine] * 8)) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_old_runs_are_forgotten_and_new_ones_are_not(database: Engine) -> None:
    runs = SqlJobRuns(database)
    runs.claim(replace(RUN, job="other"))
    for due_ms in range(KEPT_RUNS + 20):
        runs.claim(replace(RUN, due_ms=due_ms))
    with reading(database) as session:
        counted = dict(
            session.execute(select(JobRunRow.job, func.count()).group_by(JobRunRow.job)).all()
        )
        oldest = session.scalar(select(func.min(JobRunRow.due_ms)).where(JobRunRow.job == RUN.job))
    assert (counted, oldest) == ({"backup": KEPT_RUNS, "other": 1}, 20)
