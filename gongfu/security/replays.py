"""S3: a captured unlock is published again, over the embedded broker, to a simulated cabinet.

By a device without the right, by an account with it, after a reboot, and after its time to a
device that forgot everything. Judged in the cabinet's own file: how often its door was opened.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine

from gongfu.downlink import Downlink
from gongfu_broker.access import User, device_user, downlink_user, ingest_user
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.codec import decode_result, decode_state, encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.listening import free_port
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.payloads import Ack
from gongfu_broker.ports import Bus, BusConnector, CommittedRecord, Device, Message, Session
from gongfu_broker.topics import Leaf, Topic, parse, uplink_filters
from gongfu_firmware_sim.controls import Controls
from gongfu_firmware_sim.run import SimSetup, simulate
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_fleet.adapters.db.commands import SqlCommands
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.adapters.memory_log import MemoryLog
from gongfu_fleet.domain.commands import LIFE_MS, REPEAT_MS, Command, Name, State
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.commands import CommandBook, CommandResults, Order

NOW_MS = 1_762_819_200_000
SITE, CABINET, OTHER = "hangzhou", "cab-0001", "cab-0002"
CMD = str(Topic(SITE, CABINET, Leaf.CMD))
SECRETS = {CABINET: "secret-1", OTHER: "secret-2", "ingest-p0": "secret-i", "downlink": "secret-d"}
USERS: tuple[User, ...] = (
    *(device_user(Device(dev, SITE, DeviceKind.CABINET), SECRETS[dev]) for dev in (CABINET, OTHER)),
    ingest_user("ingest-p0", SECRETS["ingest-p0"]),
    downlink_user("downlink", SECRETS["downlink"]),
)
WAIT_S = 15.0


@dataclass(frozen=True)
class Replays:
    """How often it was said again, how often an answer came, and what opened for it."""

    replayed: int
    answered: int
    succeeded: int


def session(user: str, client_id: str = "") -> Session:
    """A connection of one of the accounts."""
    return Session(client_id or user, user, SECRETS[user])


@dataclass
class Platform:
    """Book, downlink, and an ingest that acknowledges births and hands results on."""

    engine: Engine
    connector: BusConnector
    clock: SettableClock = field(default_factory=lambda: SettableClock(NOW_MS))
    verdicts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        store = SqlCommands(self.engine)
        self.book = CommandBook(store, SqlRegistry(self.engine))
        self.log = MemoryLog()
        self.results = CommandResults(self.log, store)
        self.downlink = Downlink(store, self.clock, self.connector, session("downlink"))

    def unlock(self) -> Command:
        """Ask the cabinet to open."""
        order = Order(CABINET, Name.UNLOCK, reason="补货开门")
        return self.book.request(order, by=Actor("lin", self.clock.now, NOW_MS))

    def state(self, command: Command) -> State:
        """How far it is."""
        return self.book.get(command.asset, command.id).state

    async def ingest(self) -> None:
        """Hear everything until cancelled."""
        async with self.connector.connect(session("ingest-p0")) as bus:
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
        """It runs within the block; at its end it loses power."""
        device = DeviceSpec(CABINET, DeviceKind.CABINET, SITE, ("chilled_generic",))
        setup = SimSetup(
            connector=self.platform.connector,
            clock=self.platform.clock,
            secrets=SECRETS,
            ring_path=self.ring,
            tick_s=0.02,
        )
        spec = ScenarioSpec(seed=7, start_ms=NOW_MS, devices=(device,))
        async with running(self._run(spec, setup)):
            yield

    async def _run(self, spec: ScenarioSpec, setup: SimSetup) -> None:
        await simulate(spec, setup, stopping=asyncio.Event())

    def doors_opened(self) -> int:
        """How often commands opened its door, by its own file."""
        with closing(sqlite3.connect(self.ring)) as db:
            found = db.execute("SELECT state FROM controls").fetchone()
        return len(msgspec.json.decode(found[0], type=Controls).doors) if found else 0

    def forget_everything(self) -> None:
        """Worse than any device: not one id is remembered."""
        with closing(sqlite3.connect(self.ring)) as db, db:
            db.execute("DELETE FROM command")


async def replayed_unlocks(engine: Engine, folder: Path, *, times: int = 20) -> Replays:
    """Unlock once, capture it, say it again in every way. Raises TimeoutError.

    ``engine`` is a fleet database with the shipped county.
    """
    settings = NatsSettings(folder / "broker", port=free_port())
    broker = EmbeddedBroker(settings, USERS)
    await broker.start()
    try:
        platform = Platform(engine, AiomqttConnector("127.0.0.1", settings.port))
        async with running(platform.ingest()):
            return await _replays(platform, Cabinet(platform, folder / "devices.db"), times)
    finally:
        await broker.stop()


async def _replays(platform: Platform, cabinet: Cabinet, times: int) -> Replays:
    said = platform.verdicts
    async with cabinet.on(), platform.connector.connect(session("downlink", "spy")) as spy:
        await spy.subscribe(CMD)
        async with running(platform.downlink.run()):
            captured = await _unlock(platform, spy)
        first = len(said)
        await _say(platform, captured, session(OTHER), times)
        await _say(platform, captured, session("ingest-p0", "y"), times)
        await until(lambda: len(said) >= first + times)
    said_again = 2 * times
    async with cabinet.on():
        said_again += await _say_until_answered(platform, captured)
    platform.clock.now += LIFE_MS
    cabinet.forget_everything()
    async with cabinet.on():
        said_again += await _say_until_answered(platform, captured)
    return Replays(said_again, len(said) - first, cabinet.doors_opened() - 1)


async def _unlock(platform: Platform, spy: Bus) -> bytes:
    command = platform.unlock()
    async with asyncio.timeout(WAIT_S):
        captured = (await anext(aiter(spy.messages()))).payload
        while platform.state(command) is not State.OK:
            # The cabinet may have missed the first ones while it connected.
            platform.clock.now += REPEAT_MS // 20
            await asyncio.sleep(0.05)
    return captured


async def _say(platform: Platform, captured: bytes, who: Session, times: int) -> None:
    async with platform.connector.connect(who) as bus:
        for _ in range(times):
            await bus.publish(CMD, captured)


async def _say_until_answered(platform: Platform, captured: bytes) -> int:
    """A device that still connects hears nothing; returns how often it was said."""
    before, times = len(platform.verdicts), 0
    async with (
        asyncio.timeout(WAIT_S),
        platform.connector.connect(session("ingest-p0", "y")) as bus,
    ):
        while len(platform.verdicts) == before:
            await bus.publish(CMD, captured)
            times += 1
            await asyncio.sleep(0.05)
    return times


async def until(happened: Callable[[], bool]) -> None:
    """Wait for it. Raises TimeoutError."""
    async with asyncio.timeout(WAIT_S):
        while not happened():  # noqa: ASYNC110 - whatever is waited for knows of no event
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:  # Any: a coroutine's own
    """It works within the block and is cancelled at its end."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
