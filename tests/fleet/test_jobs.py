"""Jobs run on time and alone, survive their failures, and say so once."""

import asyncio
import logging
import threading
import time

import pytest

from gongfu_fleet.jobs import Job, RunningJobs, start_jobs
from gongfu_fleet.services.jobs import Schedule
from gongfu_fleet.services.jobs_alone import ProcessRuns
from gongfu_fleet.services.jobs_ports import JobRun


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
    assert "next due" in trouble


async def test_nothing_runs_after_the_end() -> None:
    with start_jobs([Job("note", 0.02, lambda: None)]) as jobs:
        await until_runs(jobs, 2)
    await asyncio.sleep(0.05)
    runs = jobs.records[0].runs
    await asyncio.sleep(0.1)
    assert jobs.records[0].runs == runs


async def test_a_restart_within_one_due_time_runs_nothing_twice() -> None:
    ledger = ProcessRuns()
    ran: list[int] = []
    job = Job("backup", 3_600, lambda: ran.append(1))
    for _ in range(3):
        with start_jobs([job], Schedule(ledger)) as jobs:
            await asyncio.sleep(0.05)
    assert (ran, jobs.troubles()) == ([1], [])


class BrokenRuns(ProcessRuns):
    """A ledger whose database does not answer at first."""

    answers = False

    def claim(self, run: JobRun) -> bool:
        if not self.answers:
            raise ConnectionError("no route to the database")
        return super().claim(run)


async def test_a_ledger_that_cannot_be_asked_stops_the_job_until_it_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = BrokenRuns()
    with start_jobs([Job("note", 0.03, lambda: None)], Schedule(ledger)) as jobs:
        while not jobs.troubles():
            await asyncio.sleep(0.01)
        assert jobs.records[0].runs == 0
        assert "no route to the database" in jobs.troubles()[0]
        ledger.answers = True
        await until_runs(jobs, 1)
        async with asyncio.timeout(10):
            while jobs.troubles():
                await asyncio.sleep(0.01)
    assert caplog.messages == [
        "job 'note' fails; it will be tried again",
        "job 'note' works again",
    ]


async def test_an_instance_that_lost_its_turn_does_not_go_on_complaining() -> None:
    ledger = BrokenRuns()
    schedule = Schedule(ledger, now_ms=lambda: 1_000)
    with start_jobs([Job("note", 0.03, lambda: None)], schedule) as jobs:
        while not jobs.troubles():
            await asyncio.sleep(0.01)
        ledger.answers = True
        ledger.claim(JobRun("note", 990, 1_020, 1_000))
        while jobs.troubles():
            await asyncio.sleep(0.01)
        assert jobs.records[0].runs == 0


async def test_stopping_in_the_middle_of_a_run_is_no_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    started = threading.Event()

    def slow() -> None:
        started.set()
        time.sleep(0.3)

    with start_jobs([Job("slow", 60, slow)]) as jobs:
        await asyncio.to_thread(started.wait, 5)
    await asyncio.sleep(0.5)
    assert jobs.troubles() == []
    assert caplog.records == []
