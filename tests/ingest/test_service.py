"""Ingest as it runs, over the in-memory broker."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from gongfu_broker.access import BACKFILL_LEAVES, LIVE_LEAVES, device_user, ingest_user
from gongfu_broker.clock import RealClock, real_ms
from gongfu_broker.columns import DeviceKind
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.payloads import Ack
from gongfu_broker.ports import Bus, Device, Session
from gongfu_broker.topics import uplink_filters
from gongfu_ingest.commit import Committer, DueAck
from gongfu_ingest.database import Database
from gongfu_ingest.lanes import Lane
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.messages import Draft
from gongfu_ingest.service import IngestService

CABINET = Device("cab-0001", "hangzhou", DeviceKind.CABINET)
LIVE = Session("ingest-p0-x", "ingest-p0", "i", persistent=True)
BACKFILL = Session("ingest-bf-p0-x", "ingest-bf-p0", "b", persistent=True)
OWN = "clf/v1/hangzhou/cab-0001"


class Registry:
    def devices(self) -> Mapping[str, Device]:
        return {CABINET.dev: CABINET}


@dataclass
class Running:
    broker: MemoryBroker
    database: Database
    log: TelemetryLog
    service: IngestService
    committer: Committer
    commits: list[int]
    task: asyncio.Task[None]


@asynccontextmanager
async def running(
    path: Path, *, backfill: Session = BACKFILL, committer: type[Committer] = Committer
) -> AsyncIterator[Running]:
    broker = MemoryBroker(
        [
            device_user(CABINET, "d"),
            ingest_user("ingest-p0", "i", LIVE_LEAVES),
            ingest_user("ingest-bf-p0", "b", BACKFILL_LEAVES),
        ]
    )
    database = Database(path)
    log = TelemetryLog(database)
    commits: list[int] = []
    door = committer(database, log, Registry())
    with ThreadPoolExecutor(1) as writer:
        service = IngestService(
            committer=door,
            lanes=[
                Lane("live", uplink_filters(LIVE_LEAVES), lambda: broker.intake(LIVE)),
                Lane(
                    "backfill",
                    uplink_filters(BACKFILL_LEAVES),
                    lambda: broker.intake(backfill),
                    urgent=False,
                    batch=200,
                ),
            ],
            clock=RealClock(),
            writer=writer,
            on_commit=lambda: commits.append(log.head()),
        )
        task = asyncio.create_task(service.run())
        try:
            yield Running(broker, database, log, service, door, commits, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    database.close()


def batch(seq: int) -> bytes:
    return json.dumps({"v": 1, "boot": 1, "seq": seq, "t0": real_ms(), "s": [[0, 4.0]]}).encode()


async def next_ack(bus: Bus) -> Ack:
    async with asyncio.timeout(5):
        async for message in bus.messages():
            return msgspec.json.decode(message.payload, type=Ack)
    raise AssertionError


async def connected(ingest: Running) -> None:
    async with asyncio.timeout(5):
        while not ingest.service.state.connected:
            await asyncio.sleep(0.01)


async def test_a_device_is_acknowledged_only_after_the_commit(tmp_path: Path) -> None:
    async with running(tmp_path / "t.db") as ingest:
        await connected(ingest)
        async with ingest.broker.connect(Session("cab-0001", "cab-0001", "d")) as device:
            await device.subscribe(f"{OWN}/ack")
            await device.publish(f"{OWN}/tel", batch(1), qos=1)
            ack = await next_ack(device)
            assert (ack.boot, ack.seq) == (1, 1)
            assert [record.mseq for record in ingest.log.read(0, 10)] == [1]
            assert ingest.commits == [1]


async def test_ingest_comes_back_after_the_broker_dropped_it(tmp_path: Path) -> None:
    async with running(tmp_path / "t.db") as ingest:
        await connected(ingest)
        ingest.broker.drop("ingest-p0-x")
        async with ingest.broker.connect(Session("cab-0001", "cab-0001", "d")) as device:
            await device.subscribe(f"{OWN}/ack")
            await device.publish(f"{OWN}/tel", batch(1), qos=1)
            assert (await next_ack(device)).seq == 1


async def test_ingest_can_be_stopped_in_the_moment_the_link_breaks(tmp_path: Path) -> None:
    for _ in range(5):
        async with running(tmp_path / "t.db") as ingest:
            await connected(ingest)
            ingest.broker.drop("ingest-p0-x")
            ingest.task.cancel()
            async with asyncio.timeout(5):
                await asyncio.gather(ingest.task, return_exceptions=True)


async def test_while_the_disk_refuses_nobody_is_acknowledged_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "t.db") as ingest:
        await connected(ingest)
        ingest.database.writer.execute("PRAGMA query_only = ON")
        async with ingest.broker.connect(Session("cab-0001", "cab-0001", "d")) as device:
            await device.subscribe(f"{OWN}/ack")
            await device.publish(f"{OWN}/tel", batch(1), qos=1)
            async with asyncio.timeout(5):
                while ingest.service.state.commit_error is None:
                    await asyncio.sleep(0.01)
            assert ingest.commits == []
            ingest.database.writer.execute("PRAGMA query_only = OFF")
            assert (await next_ack(device)).seq == 1
        assert ingest.service.state.commit_error is None


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not reached():
            await asyncio.sleep(0.01)


async def test_backfill_comes_in_on_its_own_session_and_is_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path / "t.db") as ingest:
        await connected(ingest)
        async with ingest.broker.connect(Session("cab-0001", "cab-0001", "d")) as device:
            await device.subscribe(f"{OWN}/ack")
            ingest.broker.drop("ingest-bf-p0-x")
            await device.publish(f"{OWN}/bf", batch(1), qos=1)
            assert (await next_ack(device)).seq == 1


async def test_what_was_not_committed_comes_again_after_the_link_broke(tmp_path: Path) -> None:
    async with running(tmp_path / "t.db") as ingest:
        await connected(ingest)
        ingest.database.writer.execute("PRAGMA query_only = ON")
        async with ingest.broker.connect(Session("cab-0001", "cab-0001", "d")) as device:
            await device.subscribe(f"{OWN}/ack")
            await device.publish(f"{OWN}/tel", batch(1), qos=1)
            await until(lambda: ingest.service.state.commit_error is not None)
            ingest.broker.drop("ingest-p0-x")
            ingest.database.writer.execute("PRAGMA query_only = OFF")
            # Once by the batch that was kept, once more by the broker that heard no PUBACK.
            assert (await next_ack(device)).seq == 1
        assert [record.mseq for record in ingest.log.read(0, 10)] == [1]


async def test_ingest_tells_how_much_waits_and_since_when(tmp_path: Path) -> None:
    async with running(tmp_path / "t.db") as ingest:
        await connected(ingest)
        state = ingest.service.state
        assert (state.waiting, state.oldest_waiting_ms, state.troubles()) == (0, None, [])
        ingest.database.writer.execute("PRAGMA query_only = ON")
        async with ingest.broker.connect(Session("cab-0001", "cab-0001", "d")) as device:
            await device.publish(f"{OWN}/tel", batch(1), qos=1)
            await until(lambda: state.refused > 0)
            assert state.waiting == 1
            assert state.oldest_waiting_ms is not None
            assert "disk" in state.troubles()[0]
            ingest.database.writer.execute("PRAGMA query_only = OFF")
            await until(lambda: state.waiting == 0)
        assert state.last_commit_ms is not None
        assert (state.messages, state.troubles()) == (1, [])


async def test_a_lane_that_the_broker_shuts_out_is_told_and_the_other_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shut_out = replace(BACKFILL, secret="wrong")
    async with running(tmp_path / "t.db", backfill=shut_out) as ingest:
        await until(lambda: ingest.service.state.links["live"] is None)
        await until(lambda: "bad user" in str(ingest.service.state.links["backfill"]))
        assert not ingest.service.state.connected
        assert caplog.text.count("backfill lane is without the broker") == 1
        assert "backfill lane is shut out" in ingest.service.state.troubles()[0]
        async with ingest.broker.connect(Session("cab-0001", "cab-0001", "d")) as device:
            await device.subscribe(f"{OWN}/ack")
            await device.publish(f"{OWN}/tel", batch(1), qos=1)
            assert (await next_ack(device)).seq == 1


class Counting(Committer):
    """Notes the size of each batch."""

    sizes: list[int]

    def commit(self, batch: Iterable[Draft]) -> list[DueAck]:
        drafts = list(batch)
        self.sizes.append(len(drafts))
        return super().commit(drafts)


async def test_a_backlog_is_committed_in_full_batches_and_in_order(tmp_path: Path) -> None:
    async with running(tmp_path / "t.db", committer=Counting) as ingest:
        committer = ingest.committer
        assert isinstance(committer, Counting)
        committer.sizes = []
        await connected(ingest)
        ingest.broker.drop("ingest-bf-p0-x")
        async with ingest.broker.connect(Session("cab-0001", "cab-0001", "d")) as device:
            for seq in range(1, 1_001):
                await device.publish(f"{OWN}/bf", batch(seq), qos=1)
            await until(lambda: ingest.log.head() == 1_000)
        assert committer.sizes[:5] == [200] * 5
        assert [record.mseq for record in ingest.log.read(0, 1_000)] == list(range(1, 1_001))
