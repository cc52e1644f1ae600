"""Commands over a real broker: sent until answered, and replayed in vain (S3)."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from gongfu.downlink import Downlink
from gongfu_broker.access import User, device_user, downlink_user, ingest_user
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.codec import decode_result, decode_state, encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BrokerError
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.payloads import Ack
from gongfu_broker.ports import Bus, BusConnector, CommittedRecord, Device, Message, Session
from gongfu_broker.topics import DOWN, Leaf, Topic, parse, uplink_filters
from gongfu_firmware_sim.controls import Controls
from gongfu_firmware_sim.run import SimSetup, simulate
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_fleet.adapters.db.commands import SqlCommands
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.adapters.memory_log import MemoryLog
from gongfu_fleet.domain.commands import LIFE_MS, REPEAT_MS, Command, Name, State
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.commands import CommandBook, CommandResults, Order
from gongfu_fleet.services.seed import seed_registry
from tests.servers.mosquitto import free_port

NOW = 1_762_819_200_000
CABINET, OTHER = (Device(f"cab-000{n}", "hangzhou", DeviceKind.CABINET) for n in (1, 2))
CMD = str(Topic("hangzhou", "cab-0001", Leaf.CMD))
USERS: tuple[User, ...] = (
    device_user(CABINET, "secret-1"),
    device_user(OTHER, "secret-2"),
    ingest_user("ingest-p0", "secret-i"),
    downlink_user("downlink", "secret-d"),
)
INGEST = Session("ingest-p0-x", "ingest-p0", "secret-i")
DOWNLINK = Session("downlink-x", "downlink", "secret-d")
SPY = Session("spy", "downlink", "secret-d")
INGEST_TOO = Session("ingest-p0-y", "ingest-p0", "secret-i")
UNLOCK = Order("cab-0001", Name.UNLOCK, reason="补货开门")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('downlink')}/fleet.db")
    upgrade(engine)
    seed_registry(SqlRegistry(engine))
    yield engine
    engine.dispose()


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not happened():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(work: "asyncio.Future[None]") -> AsyncIterator[None]:
    try:
        yield
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


@dataclass
class Platform:
    """Book, downlink, and an ingest that acknowledges births and hands results on."""

    engine: Engine
    connector: BusConnector
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW))
    verdicts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        store = SqlCommands(self.engine)
        self.book = CommandBook(store, SqlRegistry(self.engine))
        self.log = MemoryLog()
        self.results = CommandResults(self.log, store)
        self.downlink = Downlink(store, self.clock, self.connector, DOWNLINK)

    def unlock(self) -> Command:
        return self.book.request(UNLOCK, by=Actor("lin", self.clock.now, NOW))

    def state(self, command: Command) -> State:
        return self.book.get(command.asset, command.id).state

    async def ingest(self) -> None:
        async with self.connector.connect(INGEST) as bus:
            for topic in uplink_filters():
                await bus.subscribe(topic, qos=1)
            async for message in bus.messages():
                await self._take(bus, message)

    async def _take(self, bus: Bus, message: Message) -> None:
        topic = parse(message.topic)
        if topic.leaf is Leaf.STATE:
            ack = Ack(decode_state(message.payload).boot, 0, self.clock.now)
            await bus.publish(str(Topic(topic.site, topic.dev, Leaf.ACK)), encode(ack))
        if topic.leaf is Leaf.RES:
            self.verdicts.append(decode_result(message.payload).st)
            about = (0, self.clock.now, 0, topic.site, topic.dev, DeviceKind.CABINET, Leaf.RES)
            self.log.append(CommittedRecord(*about, None, None, message.payload))
            await asyncio.to_thread(self.results.turn)


@dataclass
class Cabinet:
    """A simulated cabinet that can be switched off like a light."""

    platform: Platform
    ring: Path

    @contextlib.asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        device = DeviceSpec("cab-0001", DeviceKind.CABINET, "hangzhou", ("chilled_generic",))
        setup = SimSetup(
            connector=self.platform.connector,
            clock=self.platform.clock,
            secrets={"cab-0001": "secret-1"},
            ring_path=self.ring,
            tick_s=0.02,
        )
        spec = ScenarioSpec(seed=7, start_ms=NOW, devices=(device,))
        stopping = asyncio.Event()
        task = asyncio.ensure_future(simulate(spec, setup, stopping=stopping))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def doors_opened(self) -> int:
        with closing(sqlite3.connect(self.ring)) as db:
            found = db.execute("SELECT state FROM controls").fetchone()
        return len(msgspec.json.decode(found[0], type=Controls).doors) if found else 0

    def forget_everything(self) -> None:
        """Worse than any device: not one id is remembered."""
        with closing(sqlite3.connect(self.ring)) as db, db:
            db.execute("DELETE FROM command")


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[AiomqttConnector]:
    settings = NatsSettings(tmp_path / "broker", port=free_port())
    broker = EmbeddedBroker(settings, USERS)
    await broker.start()
    yield AiomqttConnector("127.0.0.1", settings.port)
    await broker.stop()


async def replay(platform: Platform, captured: bytes, *, as_user: Session, times: int) -> None:
    async with platform.connector.connect(as_user) as bus:
        for _ in range(times):
            await bus.publish(CMD, captured)


async def test_a_captured_unlock_opens_nothing_however_it_is_replayed(
    county: Engine, nats: AiomqttConnector, tmp_path: Path
) -> None:
    platform = Platform(county, nats)
    cabinet = Cabinet(platform, tmp_path / "devices.db")
    said = platform.verdicts
    async with running(asyncio.ensure_future(platform.ingest())), nats.connect(SPY) as spy:
        await spy.subscribe(CMD)
        async with running(asyncio.ensure_future(platform.downlink.run())), cabinet.on():
            command = platform.unlock()
            captured = (await anext(spy.messages())).payload
            # Said again and again: whatever the device missed while it connected.
            while platform.state(command) is not State.OK:
                platform.clock.now += REPEAT_MS // 20
                await asyncio.sleep(0.05)
            assert cabinet.doors_opened() == 1
            # By a device that has no right to, then by an account that may: at once …
            stranger, before = Session("cab-0002", "cab-0002", "secret-2"), len(said)
            await replay(platform, captured, as_user=stranger, times=20)
            await replay(platform, captured, as_user=INGEST_TOO, times=20)
            await until(lambda: len(said) >= before + 20)
        assert len(said) < before + 25  # nobody heard the stranger
        before = len(said)
        async with cabinet.on():  # … after a reboot …
            await until_answered(platform, captured, before)
        platform.clock.now += LIFE_MS
        cabinet.forget_everything()
        before = len(said)
        async with cabinet.on():  # … and after its time, with no memory at all.
            await until_answered(platform, captured, before)
    replayed = 20 + 20 + 2
    print(f"S3: an unlock replayed {replayed} times or more, 0 succeeded")
    assert cabinet.doors_opened() == 1
    assert platform.state(command) is State.OK
    assert set(said[:before]) == {"ok"}
    assert set(said[before:]) == {"expired"}
    assert [one.state for one in platform.book.page("cab-0001", 5)] == [State.OK]


async def until_answered(platform: Platform, captured: bytes, before: int) -> None:
    """A device that still connects hears nothing, so it is said until it answers."""
    async with asyncio.timeout(15), platform.connector.connect(INGEST_TOO) as bus:
        while len(platform.verdicts) == before:
            await bus.publish(CMD, captured)
            await asyncio.sleep(0.05)


async def test_the_downlinks_account_says_commands_and_hears_nothing_else(
    nats: AiomqttConnector,
) -> None:
    device = Session("cab-0001", "cab-0001", "secret-1")
    async with nats.connect(device) as cabinet, nats.connect(DOWNLINK) as downlink:
        for leaf in set(DOWN) - {Leaf.OTA}:
            await cabinet.subscribe(str(Topic("hangzhou", "cab-0001", leaf)))
        for filters in (*uplink_filters(), "#", "clf/v1/+/+/ack", "$SYS/#"):
            with pytest.raises(BrokerError, match="refuses"):
                await downlink.subscribe(filters)
        for leaf in (Leaf.ACK, Leaf.CFG, Leaf.CMD):
            await downlink.publish(str(Topic("hangzhou", "cab-0001", leaf)), leaf.encode())
        async with asyncio.timeout(5):
            assert (await anext(cabinet.messages())).payload == b"cmd"


async def test_a_lost_link_is_told_and_what_is_open_goes_on_afterwards(county: Engine) -> None:
    broker = MemoryBroker(USERS)
    platform = Platform(county, broker)
    async with (
        running(asyncio.ensure_future(platform.downlink.run())),
        broker.connect(SPY) as spy,
    ):
        await spy.subscribe(CMD)
        command = platform.unlock()
        told = aiter(spy.messages())
        assert (await anext(told)).topic == CMD
        broker.drop(DOWNLINK.client_id)
        await until(lambda: bool(platform.downlink.troubles()))
        platform.clock.now += REPEAT_MS
        assert command.id.encode() in (await anext(told)).payload
        await until(lambda: not platform.downlink.troubles())
        platform.clock.now += LIFE_MS
        await until(lambda: platform.state(command) is State.SENT)
        platform.clock.now += LIFE_MS
        await until(lambda: platform.state(command) is State.TIMEOUT)


async def test_without_an_account_for_them_commands_only_expire(county: Engine) -> None:
    platform = Platform(county, MemoryBroker([]))
    platform.downlink.session = None
    async with running(asyncio.ensure_future(platform.downlink.run())):
        command = platform.unlock()
        platform.clock.now += LIFE_MS
        await until(lambda: platform.state(command) is State.EXPIRED)
    assert not platform.downlink.troubles()
