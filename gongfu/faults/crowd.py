"""Many devices at a steady pace of real time, whose zones grow warm and cold again.

They are the simulator's own links, outboxes and ring, with its ledger of what was acknowledged,
in a simple world: so each sample, and each breach, is known. ``python -m gongfu.faults.crowd``
runs them as a process that can be killed; ``Crowd`` runs them in a thread that can be asked.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from gongfu.settings import Settings
from gongfu.simulated_secrets import simulated_secrets
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.clock import RealClock, real_ms
from gongfu_broker.mqtt.client import MqttConnector
from gongfu_broker.ports import Bus, BusConnector, Session
from gongfu_firmware_sim.fleet import Fleet, Unit
from gongfu_firmware_sim.link import Identity, Link
from gongfu_firmware_sim.moment import Moment, Values
from gongfu_firmware_sim.outbox import Outbox, Pace
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.ring import Ring, Started
from gongfu_firmware_sim.status import SimStatus
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.assets import Asset, AssetKind, Policy

TICK_S = 0.1
STOP_S = 30.0
# A fault is over sooner than a network is, so devices ask again sooner than by default.
PACE = Pace(window=200, resend_s=4.0, resend_most_s=8.0, tries=1_000)
DEGREES_TOO_WARM = 4.0
PERIOD_MS = 60_000
FAR_FUTURE_MS = 4_102_444_800_000
WARM_MS = 20_000


class CrowdSpec(msgspec.Struct, frozen=True):
    """Which devices, and how they reach the broker at ``port`` on loopback.

    ``state`` holds registry and secrets, ``ring`` is the file of all rings. Every device measures
    a row, one message, each ``every_ms``. ``client``: whose MQTT it speaks, aiomqtt's or our own.
    ``only_drain``: measure nothing, end when everything in the rings is acknowledged.
    """

    state: str
    ring: str
    port: int
    every_ms: int
    devices: int | None = None
    keep_alive_s: int = 30
    client: str = "aiomqtt"
    only_drain: bool = False


@dataclass(frozen=True)
class Waves:
    """The world of one asset: ``quiet`` zone temperatures, too warm for a part of each period."""

    quiet: Values
    warm: Values
    every_ms: int
    phase_ms: int

    def moments(self, after_ms: int, upto_ms: int) -> Sequence[Moment]:
        """Every row in (after, upto], each a message."""
        first = (after_ms - self.phase_ms) // self.every_ms + 1
        last = (upto_ms - self.phase_ms) // self.every_ms
        stamps = (n * self.every_ms + self.phase_ms for n in range(first, last + 1))
        return [Moment(ts, self._values(ts), closes=True) for ts in stamps]

    def clock_offset_ms(self, ts_ms: int) -> int:
        """The clock is right."""
        del ts_ms
        return 0

    def reachable(self, ts_ms: int) -> bool:
        """The radio always reaches."""
        del ts_ms
        return True

    def _values(self, ts_ms: int) -> Values:
        too_warm = (ts_ms + 1_131 * self.phase_ms) % PERIOD_MS < WARM_MS
        # A little different each time, so that a row in a wrong place is noticed.
        wobble = ts_ms % 997 / 10_000
        values = self.warm if too_warm else self.quiet
        return tuple(None if v is None else round(v + wobble, 4) for v in values)


def waves(asset: Asset, place: int, every_ms: int) -> Waves:
    """Zones in the middle of what their policies allow, or above it."""
    count = 2 if asset.kind is AssetKind.TRUCK else 1
    quiet: list[float | None] = [None] * count
    warm: list[float | None] = [None] * count
    for zone in asset.zones:
        quiet[zone.zone - 1], warm[zone.zone - 1] = _around(zone.policy)
    return Waves(tuple(quiet), tuple(warm), every_ms, place * 7)


def _around(policy: Policy) -> tuple[float, float]:
    high = 20.0 if policy.high_celsius is None else policy.high_celsius
    low = high - 8 if policy.low_celsius is None else policy.low_celsius
    return (low + high) / 2, high + DEGREES_TOO_WARM


@dataclass(frozen=True)
class KeepingAlive:
    """A connector whose sessions have another keep-alive than their owner asked for."""

    connector: BusConnector
    keep_alive_s: int

    def connect(self, session: Session) -> AbstractAsyncContextManager[Bus]:
        """As the connector, with the other keep-alive."""
        return self.connector.connect(replace(session, keep_alive_s=self.keep_alive_s))


def connector_of(spec: CrowdSpec) -> BusConnector:
    """The client that the spec asks for."""
    own = MqttConnector("127.0.0.1", spec.port)
    other = AiomqttConnector("127.0.0.1", spec.port)
    return KeepingAlive(own if spec.client == "own" else other, spec.keep_alive_s)


async def live(spec: CrowdSpec, stopping: asyncio.Event, status: SimStatus) -> None:
    """Measure and send until ``stopping``; at the end the ledger holds what was acknowledged."""
    assets = crowd_of(Path(spec.state), spec.devices)
    secrets = simulated_secrets(Path(spec.state))
    with ThreadPoolExecutor(1, thread_name_prefix="crowd-ring") as thread:
        loop = asyncio.get_running_loop()
        ring = await loop.run_in_executor(thread, lambda: Ring(Path(spec.ring), ledger=True))
        try:
            names = [asset.id for asset in assets]
            started = await loop.run_in_executor(thread, ring.start, names)
            units = list(_units(spec, assets, secrets=secrets, started=started, status=status))
            fleet = Fleet(units, ring, clock=RealClock(), thread=thread, status=status)
            if spec.only_drain:
                _measure_nothing(units)
            await _run(fleet, units, stopping, status if spec.only_drain else None)
        finally:
            await loop.run_in_executor(thread, ring.close)


def crowd_of(state: Path, devices: int | None) -> list[Asset]:
    """The first assets of the registry that report."""
    engine = open_database(Settings(state=state).database_url)
    try:
        assets = SqlRegistry(engine).assets().values()
        return [asset for asset in assets if asset.reports][:devices]
    finally:
        engine.dispose()


def _measure_nothing(units: Sequence[Unit]) -> None:
    for unit in units:
        unit.cursor_ms = FAR_FUTURE_MS


async def _run(
    fleet: Fleet, units: Sequence[Unit], stopping: asyncio.Event, draining: SimStatus | None
) -> None:
    async with asyncio.TaskGroup() as group:
        for unit in units:
            group.create_task(unit.link.run(), name=unit.dev)
        while not stopping.is_set():
            await fleet.turn()
            if draining and draining.in_ring == 0:
                break
            await asyncio.sleep(TICK_S)
        for unit in units:
            unit.link.stop()
    await fleet.settle()


def _units(
    spec: CrowdSpec,
    assets: Sequence[Asset],
    *,
    secrets: Mapping[str, str],
    started: Mapping[str, Started],
    status: SimStatus,
) -> Iterator[Unit]:
    connector = connector_of(spec)
    for place, asset in enumerate(assets):
        was = started[asset.id]
        outbox = Outbox(was.boot, was.spans, pace=PACE)
        who = Identity(asset.id, asset.site, secrets[asset.id], was.boot, "crowd", "crowd", 1, 0.0)
        yield Unit(
            dev=asset.id,
            model=waves(asset, place, spec.every_ms),
            outbox=outbox,
            recorder=Recorder(1, asset.id, outbox),
            link=Link(who, outbox, connector=connector, status=status),
            cursor_ms=max(was.newest_ms, real_ms()),
        )


class Crowd:
    """The devices in a thread; ``status`` tells how they are."""

    def __init__(self, spec: CrowdSpec) -> None:
        self.spec, self.status = spec, SimStatus()
        self._stop: Callable[[], object] | None = None
        self._error: BaseException | None = None

    def stop(self) -> None:
        """Switch them off; what was acknowledged last is in the ledger when the block ends."""
        if self._stop is not None:
            self._stop()

    def work(self) -> None:
        """Run the event loop of the thread."""
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error

    def check(self) -> None:
        """Raise what ended the thread, if anything did."""
        if self._error is not None:
            raise self._error

    async def _live(self) -> None:
        stopping, loop = asyncio.Event(), asyncio.get_running_loop()
        self._stop = lambda: loop.is_closed() or loop.call_soon_threadsafe(stopping.set)
        await live(self.spec, stopping, self.status)


@contextmanager
def crowding(spec: CrowdSpec) -> Iterator[Crowd]:
    """A crowd for the length of the block."""
    crowd = Crowd(spec)
    thread = threading.Thread(target=crowd.work, name="crowd", daemon=True)
    thread.start()
    try:
        yield crowd
    finally:
        crowd.stop()
        thread.join(STOP_S)
    crowd.check()


async def main(text: str) -> None:
    """Run the spec until SIGINT or SIGTERM, or until the rings are drained."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    await live(msgspec.json.decode(text, type=CrowdSpec), stopping, SimStatus())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
