"""Jobs run on time and alone, survive their failures, and say so once."""

import asyncio
import logging
import threading
import time

import pytest

from gongfu_fleet.jobs import Job, RunningJobs, start_jobs


async def until_runs(jobs: RunningJobs, runs: int) -> None:
    deadline = time.monotonic() + 10
    while min(record.runs for record in jobs.records) < runs:
        assert time.monotonic() < deadline, jobs.records
        await asyncio.sleep(0.01)


async def test_jobs_run_again_and_again_outside_the_event_loop() -> None:
    threads: set[str] = set()
    job = Job("note", 0.05, lambda: threads.add(threading.current_thread().name))
    with start_jobs([job]) as jobs:
        await until_runs(jobs, 3)
    assert threading.main_thread().name not in threads
    assert jobs.troubles() == []


async def test_a_slow_job_never_overtakes_itself() -> None:
    at_once: list[int] = []
    busy: list[int] = []

    def slow() -> None:
        busy.append(1)
        at_once.append(len(busy))
        time.sleep(0.12)
        busy.pop()

    with start_jobs([Job("slow", 0.03, slow)]) as jobs:
        await until_runs(jobs, 3)
    assert set(at_once) == {1}


async def test_an_outage_is_logged_at_its_begin_and_its_end_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns = iter([True, False, False, False])

    def sometimes() -> None:
        if not next(turns, True):
            raise OSError("disk full")

    with caplog.at_level(logging.WARNING), start_jobs([Job("tidy", 0.03, sometimes)]) as jobs:
        await until_runs(jobs, 6)
    assert [record.message for record in caplog.records] == [
        "job 'tidy' fails; it will be tried again",
        "job 'tidy' works again",
    ]
    assert jobs.records[0].failures == 3


async def test_a_failing_job_shows_in_health_and_leaves_the_others_alone() -> None:
    def fail() -> None:
        raise OSError("disk full")

    with start_jobs([Job("bad", 0.03, fail), Job("good", 0.03, lambda: None)]) as jobs:
        await until_runs(jobs, 2)
        (trouble,) = jobs.troubles()
    assert "'bad' fails (OSError: disk full)" in trouble
    assert "every 0.03 s" in trouble


async def test_nothing_runs_after_the_end() -> None:
    with start_jobs([Job("note", 0.02, lambda: None)]) as jobs:
        await until_runs(jobs, 2)
    await asyncio.sleep(0.05)
    runs = jobs.records[0].runs
    await asyncio.sleep(0.1)
    assert jobs.records[0].runs == runs
