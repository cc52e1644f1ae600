"""A small county, and a platform that stores and acknowledges, behind the in-memory broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gongfu_broker.access import device_user, ingest_user
from gongfu_broker.clock import ScaledClock, real_ms
from gongfu_broker.codec import decode_event, decode_state, decode_telemetry, encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.payloads import Ack, State
from gongfu_broker.ports import Bus, Device, Message, Session
from gongfu_broker.topics import NUMBERED, Leaf, Topic, parse, uplink_filters
from gongfu_firmware_sim.daytime import HOUR_MS, midnight_ms
from gongfu_firmware_sim.outbox import Pace
from gongfu_firmware_sim.run import SimSetup, simulate
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_firmware_sim.status import SimStatus

TUESDAY = 20_403  # 2025-11-11
START_MS = midnight_ms(TUESDAY) + 8 * HOUR_MS
DEPOT = (118.86826, 28.94765)
STOPS = tuple((118.80 + 0.012 * n, 28.90 + 0.01 * (n * 7 % 11)) for n in range(16))
CABINET = DeviceSpec("cab-0001", DeviceKind.CABINET, "hangzhou", ("chilled_generic",))
FREEZER = DeviceSpec("cab-0002", DeviceKind.CABINET, "hangzhou", ("frozen",))
TRUCK = DeviceSpec(
    "veh-0001", DeviceKind.TRUCK, "quzhou", ("chilled_generic", "frozen"), DEPOT, STOPS
)


@pytest.fixture
def county() -> ScenarioSpec:
    return ScenarioSpec(seed=7, start_ms=START_MS, devices=(CABINET, FREEZER, TRUCK))


@dataclass
class Platform:
    """Stores every numbered message and acknowledges the unbroken prefix, unless told not to."""

    broker: MemoryBroker
    answering: bool = True
    refused: set[tuple[str, int, int]] = field(default_factory=set)
    stored: dict[tuple[str, int, int], bytes] = field(default_factory=dict)
    conflicts: list[tuple[str, int, int]] = field(default_factory=list)
    leaves: dict[tuple[str, int, int], list[Leaf]] = field(default_factory=dict)
    floors: dict[tuple[str, int], int] = field(default_factory=dict)
    states: dict[str, list[State]] = field(default_factory=dict)
    heard: list[Message] = field(default_factory=list)
    bus: Bus | None = None

    async def run(self) -> None:
        async with self.broker.connect(Session("ingest", "ingest", "secret")) as bus:
            self.bus = bus
            for topic in uplink_filters():
                await bus.subscribe(topic, qos=1)
            async for message in bus.messages():
                await self._hear(message)

    async def tell(self, topic: Topic, payload: bytes) -> None:
        assert self.bus is not None
        await self.bus.publish(str(topic), payload)

    def messages(self, dev: str) -> list[tuple[int, int]]:
        return sorted((boot, seq) for d, boot, seq in self.stored if d == dev)

    def stamps(self, dev: str, kind: DeviceKind) -> list[int]:
        """Time stamps of all stored rows, each message once."""
        told = [
            decode_telemetry(kind, payload)
            for (d, boot, seq), payload in self.stored.items()
            if d == dev and Leaf.EVT not in self.leaves[d, boot, seq]
        ]
        return sorted(sample.ts_ms for batch in told for sample in batch.samples)

    async def _hear(self, message: Message) -> None:
        self.heard.append(message)
        topic = parse(message.topic)
        if topic.leaf is Leaf.STATE:
            self.states.setdefault(topic.dev, []).append(decode_state(message.payload))
        if topic.leaf not in NUMBERED:
            return
        boot, seq, lo = number_of(topic.leaf, message.payload)
        key = (topic.dev, boot, seq)
        self.leaves.setdefault(key, []).append(topic.leaf)
        if not self.answering:
            return
        if key not in self.refused and self.stored.setdefault(key, message.payload) != (
            message.payload
        ):
            self.conflicts.append(key)
        floor = self.floors[topic.dev, boot] = max(self.floors.get((topic.dev, boot), 1), lo)
        await self.tell(
            Topic(topic.site, topic.dev, Leaf.ACK),
            encode(Ack(boot, self._prefix(*key[:2], floor), 0)),
        )

    def _prefix(self, dev: str, boot: int, floor: int) -> int:
        seq = floor
        while (dev, boot, seq) in self.stored:
            seq += 1
        return seq - 1


def number_of(leaf: Leaf, payload: bytes) -> tuple[int, int, int]:
    if leaf is Leaf.EVT:
        event = decode_event(payload)
        return event.boot, event.seq, event.lo
    told = decode_telemetry(DeviceKind.TRUCK, payload)
    assert told.boot is not None
    assert told.seq is not None
    return told.boot, told.seq, told.lo


@pytest.fixture
async def platform(county: ScenarioSpec) -> AsyncIterator[Platform]:
    devices = [Device(d.dev, d.site, d.kind) for d in county.devices]
    users = [device_user(device, "secret") for device in devices]
    broker = MemoryBroker([*users, ingest_user("ingest", "secret")])
    platform = Platform(broker)
    task = asyncio.create_task(platform.run())
    yield platform
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


QUICK = Pace(resend_s=0.3, resend_most_s=0.6)


@dataclass
class Simulation:
    """Runs the county against the platform, quickly; ``until`` waits for something to happen."""

    spec: ScenarioSpec
    platform: Platform
    ring_path: Path
    speed: float = 600.0
    pace: Pace = QUICK
    passwords: dict[str, str] = field(default_factory=dict)
    status: SimStatus = field(default_factory=SimStatus)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[SimStatus] | None = None
    _now_ms: int = START_MS

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        self.status = SimStatus()
        self._stopping = asyncio.Event()
        clock = ScaledClock(real_ms(), self._now_ms, self.speed)
        setup = SimSetup(
            connector=self.platform.broker,
            clock=clock,
            secrets=self.passwords,
            ring_path=self.ring_path,
            ledger=True,
            pace=self.pace,
            tick_s=0.02,
        )
        self._clock = clock
        self._task = asyncio.create_task(
            simulate(self.spec, setup, stopping=self._stopping, status=self.status)
        )

    async def until(self, happened: Callable[[], bool], within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while not happened():
                assert self._task is not None
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self._stopping.set()
        assert self._task is not None
        await self._task
        self._now_ms = self._clock.now_ms()

    async def kill(self) -> None:
        """As kill -9 as one process allows: no farewell, no last commit."""
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._now_ms = self._clock.now_ms()


@pytest.fixture
async def simulation(
    county: ScenarioSpec, platform: Platform, tmp_path: Path
) -> AsyncIterator[Simulation]:
    simulation = Simulation(county, platform, tmp_path / "devices.db")
    simulation.passwords = {device.dev: "secret" for device in county.devices}
    yield simulation
    if simulation.running:
        await simulation.stop()
