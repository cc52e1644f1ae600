"""Run a scenario: every device connects, measures and sends until told to stop."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from gongfu_broker.clock import Clock
from gongfu_broker.columns import DeviceKind
from gongfu_broker.ports import BusConnector
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.climate import AMBIENT_CLASSES
from gongfu_firmware_sim.commands import CommandDesk
from gongfu_firmware_sim.controls import Abilities, Controller
from gongfu_firmware_sim.daytime import MINUTE_MS
from gongfu_firmware_sim.errors import ScenarioError
from gongfu_firmware_sim.fleet import Fleet, Unit
from gongfu_firmware_sim.link import Identity, Link
from gongfu_firmware_sim.outbox import Outbox, Pace
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.ring import Ring, Started
from gongfu_firmware_sim.sale_guard import KEPT, SaleGuard
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec, check
from gongfu_firmware_sim.status import SimStatus
from gongfu_firmware_sim.truck import Truck

_log = logging.getLogger(__name__)
_CLOCK_BEHIND_MS = 10 * MINUTE_MS


@dataclass(frozen=True)
class SimSetup:
    """Where a scenario runs. ``secrets`` are the devices' passwords by id.

    ``ring_path`` is one SQLite file for all devices; ``ledger`` keeps what was acknowledged in it.
    """

    connector: BusConnector
    clock: Clock
    secrets: Mapping[str, str] = field(repr=False)
    ring_path: Path
    ledger: bool = False
    pace: Pace = field(default_factory=Pace)
    tick_s: float = 0.22


async def simulate(
    spec: ScenarioSpec,
    setup: SimSetup,
    *,
    stopping: asyncio.Event,
    status: SimStatus | None = None,
) -> SimStatus:
    """Run all devices until ``stopping`` is set; the counters change while it runs.

    Raises ScenarioError or RingError before anything is sent.
    """
    status = status or SimStatus()
    status.devices = len(spec.devices)
    check(spec)
    with ThreadPoolExecutor(1, thread_name_prefix="ring") as thread:
        loop = asyncio.get_running_loop()
        ring = await loop.run_in_executor(thread, _open_ring, setup)
        try:
            devs = [device.dev for device in spec.devices]
            started = await loop.run_in_executor(thread, ring.start, devs)
            units = [
                _unit(d, spec, setup=setup, was=started[d.dev], status=status) for d in spec.devices
            ]
            fleet = Fleet(units, ring, clock=setup.clock, thread=thread, status=status)
            await _run(fleet, units, setup.tick_s, stopping)
        finally:
            await loop.run_in_executor(thread, ring.close)
    return status


def _open_ring(setup: SimSetup) -> Ring:
    return Ring(setup.ring_path, ledger=setup.ledger)


async def _run(fleet: Fleet, units: list[Unit], tick_s: float, stopping: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        for unit in units:
            group.create_task(unit.link.run(), name=unit.dev)
        try:
            while not stopping.is_set():
                await fleet.turn()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(tick_s):
                        await stopping.wait()
        finally:
            for unit in units:
                unit.link.stop()
    await fleet.settle()


def _unit(
    device: DeviceSpec, spec: ScenarioSpec, *, setup: SimSetup, was: Started, status: SimStatus
) -> Unit:
    outbox = Outbox(was.boot, was.spans, pace=setup.pace)
    identity = Identity(
        dev=device.dev,
        site=device.site,
        secret=_secret(setup.secrets, device.dev),
        boot=was.boot,
        fw=device.fw,
        model=device.model,
        seed=spec.seed,
        duplicate_share=spec.rates.duplicate_share_of_messages,
    )
    model, desk = model_of(device, spec), CommandDesk(was.done)
    link = Link(identity, outbox, connector=setup.connector, status=status, desk=desk)
    return Unit(
        dev=device.dev,
        model=model,
        outbox=outbox,
        recorder=Recorder(spec.seed, device.dev, outbox),
        link=link,
        controller=Controller(model, _abilities(device), was.controls),
        guard=_guard(device),
        cursor_ms=_start_ms(device.dev, was.newest_ms, setup.clock.now_ms()),
    )


def model_of(device: DeviceSpec, spec: ScenarioSpec) -> Cabinet | Truck:
    """The world of one device as a function of time."""
    return Truck(device, spec) if device.kind is DeviceKind.TRUCK else Cabinet(device, spec)


def _guard(device: DeviceSpec) -> SaleGuard | None:
    """Of a cabinet that keeps what can spoil."""
    goods = KEPT.get(device.zones[0]) if device.kind is DeviceKind.CABINET else None
    return SaleGuard(goods) if goods else None


def _abilities(device: DeviceSpec) -> Abilities:
    cooled = (n for n, kept in enumerate(device.zones, start=1) if kept not in AMBIENT_CLASSES)
    return Abilities(sells=device.kind is DeviceKind.CABINET, cooled=frozenset(cooled))


def _secret(secrets: Mapping[str, str], dev: str) -> str:
    if dev not in secrets:
        raise ScenarioError(f"no password for {dev}: generate the devices' secrets first")
    return secrets[dev]


def _start_ms(dev: str, newest_ms: int, now_ms: int) -> int:
    """No time stamp is used twice, even if the clock was set back."""
    if newest_ms > now_ms + _CLOCK_BEHIND_MS:
        minutes = (newest_ms - now_ms) // MINUTE_MS
        _log.warning("%s waits %d min: the clock is behind its ring's newest stamp", dev, minutes)
    return max(newest_ms, now_ms)
