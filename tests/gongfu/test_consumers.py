"""A consumer's loop: woken by commits, repeated after failures, ticked in its own thread."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from gongfu.consumers import ConsumerLoop
from gongfu_broker.clock import RealClock


class Counting:
    """Takes what is offered; fails when told to."""

    def __init__(self) -> None:
        self.offered = 0
        self.taken = 0
        self.saved = 0
        self.ticks: list[int] = []
        self.threads: set[str] = set()
        self.broken = False

    def turn(self) -> int:
        self.threads.add(threading.current_thread().name)
        if self.broken:
            raise OSError("the disk is gone")
        count = min(self.offered - self.taken, 500)
        self.taken += count
        return count

    def tick(self, now_ms: int) -> None:
        self.threads.add(threading.current_thread().name)
        if self.broken:
            raise OSError("the disk is gone")
        self.ticks.append(now_ms)

    def rest(self) -> None:
        if self.broken:
            raise OSError("the disk is gone")
        self.saved = self.taken


@asynccontextmanager
async def running(consumer: Counting) -> AsyncIterator[ConsumerLoop]:
    loop = ConsumerLoop("watch", consumer, RealClock())
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_commit_wakes_it_and_it_reads_to_the_end() -> None:
    consumer = Counting()
    async with running(consumer) as loop:
        consumer.offered = 1_300
        loop.wake()
        await until(lambda: consumer.taken == 1_300)


async def test_a_failure_is_told_and_the_work_goes_on_when_it_is_over() -> None:
    consumer = Counting()
    consumer.broken = True
    async with running(consumer) as loop:
        await until(lambda: loop.failure is not None)
        assert loop.failure == "watch: the disk is gone"
        consumer.broken, consumer.offered = False, 7
        await until(lambda: consumer.taken == 7)
        await until(lambda: loop.failure is None)


async def test_a_tick_runs_in_the_consumer_s_own_thread() -> None:
    consumer = Counting()
    async with running(consumer) as loop:
        await asyncio.to_thread(loop.tick)
        assert len(consumer.ticks) == 1
        assert len(consumer.threads) == 1


async def test_at_the_end_it_saves_what_it_has() -> None:
    consumer = Counting()
    async with running(consumer) as loop:
        consumer.offered = 7
        loop.wake()
        await until(lambda: consumer.taken == 7)
    assert consumer.saved == 7


async def test_when_nobody_wakes_it_for_a_while_it_saves_what_it_has() -> None:
    consumer = Counting()
    async with running(consumer) as loop:
        consumer.offered = 7
        loop.wake()
        await until(lambda: consumer.saved == 7)


async def test_an_end_without_a_disk_is_logged_and_stays_an_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    consumer = Counting()
    async with running(consumer):
        await until(lambda: bool(consumer.threads))
        consumer.broken = True
    assert "watch could not save before its end" in caplog.text


async def test_a_tick_that_comes_after_the_end_is_nothing() -> None:
    consumer = Counting()
    async with running(consumer) as loop:
        await asyncio.to_thread(loop.tick)
    loop.tick()
    assert len(consumer.ticks) == 1


async def test_a_tick_that_fails_is_told_to_who_asked_for_it() -> None:
    consumer = Counting()
    async with running(consumer) as loop:
        consumer.broken = True
        with pytest.raises(OSError, match="the disk is gone"):
            await asyncio.to_thread(loop.tick)
