"""Three real processes on one database; the one that runs the jobs is killed again and again."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

EVERY_S = 0.1
KILLS = 5
WORKER = """
import asyncio, os, sys
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.job_runs import SqlJobRuns
from gongfu_fleet.adapters.db.leases import scheduler_lease
from gongfu_fleet.jobs import Job, start_jobs
from gongfu_fleet.services.jobs import Schedule

url, path, every_s = sys.argv[1], sys.argv[2], float(sys.argv[3])
engine = open_database(url)

class Noted(Schedule):
    def begin(self, job, grid):
        due_ms = super().begin(job, grid)
        if due_ms is not None:
            with open(path, "a") as file:
                file.write(f"{os.getpid()} {due_ms}\\n")
        return due_ms

async def main():
    schedule = Noted(SqlJobRuns(engine), scheduler_lease(engine))
    with start_jobs([Job("note", every_s, lambda: None)], schedule):
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[], list[tuple[int, int]]]:
    def read() -> list[tuple[int, int]]:
        lines = (tmp_path / "ran").read_text().splitlines() if (tmp_path / "ran").exists() else []
        return [(int(pid), int(due_ms)) for pid, due_ms in (line.split() for line in lines)]

    return read


def test_killed_runners_are_replaced_and_no_due_time_runs_twice(
    database: Engine, tmp_path: Path, written: Callable[[], list[tuple[int, int]]]
) -> None:
    url = database.url.render_as_string(hide_password=False)
    words = [sys.executable, "-c", WORKER, url, str(tmp_path / "ran"), str(EVERY_S)]
    workers = [subprocess.Popen(words) for _ in range(3)]
    try:
        for _ in range(KILLS):
            pid = until_another_runs(written)
            (runner,) = (worker for worker in workers if worker.pid == pid)
            kill(runner)
            workers.append(subprocess.Popen(words))
        until_another_runs(written)
    finally:
        for worker in workers:
            kill(worker)
    ran = written()
    print(f"\n{len(ran)} runs by {len({pid for pid, _ in ran})} processes, {KILLS} kills")
    assert [due_ms for due_ms, times in Counter(d for _, d in ran).items() if times > 1] == []


def kill(worker: "subprocess.Popen[bytes]") -> None:
    worker.kill()
    worker.wait()


def until_another_runs(written: Callable[[], list[tuple[int, int]]]) -> int:
    """Wait for three runs by whoever runs next; returns its process id."""
    seen = len(written())
    deadline = time.monotonic() + 20
    while len(written()) < seen + 3:
        assert time.monotonic() < deadline, "nobody runs the job"
        time.sleep(0.05)
    return written()[-1][0]
