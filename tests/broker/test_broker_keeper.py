"""The keeper starts the broker again when it ends, and when it can store nothing more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from gongfu_broker.broker_keeper import BrokerKeeper
from gongfu_broker.errors import BrokerStartError


class FakeBroker:
    """Ends when told, is sick when told, refuses to start as often as told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.starts = 0
        self.stops = 0
        self.refusals = 0
        self.sick: str | None = None
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def start(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise BrokerStartError("the disk is full")
        self.starts += 1
        self.sick = None
        self._ended = asyncio.get_running_loop().create_future()

    async def stop(self) -> None:
        self.stops += 1
        self.end(0)

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    async def ailment(self) -> str | None:
        return self.sick

    def end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)


@asynccontextmanager
async def keeping(broker: FakeBroker, needed_bytes: int = 0) -> AsyncIterator[BrokerKeeper]:
    keeper = BrokerKeeper(broker, look_s=0.01, retry_s=0.01, needed_bytes=needed_bytes)
    task = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def started(broker: FakeBroker, times: int) -> None:
    async with asyncio.timeout(5):
        while broker.starts < times:
            await asyncio.sleep(0.005)


async def test_a_broker_that_ended_is_started_again_each_time(tmp_path: Path) -> None:
    broker = FakeBroker(tmp_path)
    async with keeping(broker) as keeper:
        for times in (1, 2, 3):
            broker.end(-9)
            await started(broker, times)
        assert keeper.troubles() == []


async def test_a_broker_that_cannot_store_is_started_anew(tmp_path: Path) -> None:
    broker = FakeBroker(tmp_path)
    async with keeping(broker) as keeper:
        broker.sick = "write error: no space left on device"
        await started(broker, 1)
        assert broker.stops == 1
        assert keeper.troubles() == []


async def test_without_room_on_the_disk_the_trouble_is_told_and_nothing_is_started(
    tmp_path: Path,
) -> None:
    broker = FakeBroker(tmp_path)
    async with keeping(broker, needed_bytes=2**62) as keeper:
        broker.sick = "write error: no space left on device"
        await asyncio.sleep(0.1)
        assert broker.starts == 0
        (told,) = keeper.troubles()
        assert "free disk space" in told


async def test_a_broker_that_does_not_start_is_tried_until_it_does(tmp_path: Path) -> None:
    broker = FakeBroker(tmp_path)
    broker.refusals = 3
    async with keeping(broker):
        broker.end(1)
        await started(broker, 1)
    assert broker.refusals == 0
