"""Devices under a fault test: real MQTT, a ring on disk, a ledger of what was acknowledged.

They are the simulator's own links and ring with a world of their own: one row per message, at a
steady pace of real time, well inside every limit, so that whoever raises an incident is at fault.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from gongfu_broker.clock import RealClock
from gongfu_broker.ports import BusConnector
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.fleet import Fleet, Unit
from gongfu_firmware_sim.link import Identity, Link
from gongfu_firmware_sim.moment import Moment, Values
from gongfu_firmware_sim.outbox import Outbox, Pace
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.ring import Ring, Started, Stored
from gongfu_firmware_sim.status import SimStatus
from gongfu_fleet.domain.assets import Asset, AssetKind, Policy

TICK_S = 0.1
STOP_S = 20.0
# A fault lasts longer than a lost message, so devices ask again soon.
PACE = Pace(window=200, resend_s=4.0, resend_most_s=8.0, tries=1_000)


Rows = Sequence[tuple[int, Values]]
# Rows older than this were told on purpose; a device sends such as backfill.
LATE_MS = 60_000
NEVER_MS = 10**15


class HerdRecorder(Recorder):
    """The simulator's recorder, but rows of another time than now go out as backfill."""

    def record(self, moment: Moment, *, offset_ms: int, now_s: float) -> Iterator[Stored]:
        """Messages that are complete with this moment."""
        late = RealClock().now_ms() - moment.ts_ms > LATE_MS
        for message in super().record(moment, offset_ms=offset_ms, now_s=now_s):
            yield message._replace(leaf=Leaf.BF) if late else message


@dataclass(frozen=True)
class Steady:
    """A world in which one row is measured every ``every_ms``; ``quiet`` are zone temperatures.

    ``told`` are rows to be sent besides, of any time: each sequence is one message.
    """

    quiet: Values
    every_ms: int
    phase_ms: int
    told: deque[Rows] = field(default_factory=deque)

    def moments(self, after_ms: int, upto_ms: int) -> Sequence[Moment]:
        """Every row in (after, upto], each a message, after what was told."""
        first = (after_ms - self.phase_ms) // self.every_ms + 1
        last = (upto_ms - self.phase_ms) // self.every_ms
        stamps = (n * self.every_ms + self.phase_ms for n in range(first, last + 1))
        return [*self._told(), *(Moment(ts, self._values(ts), closes=True) for ts in stamps)]

    def _told(self) -> Sequence[Moment]:
        moments: list[Moment] = []
        while self.told:
            *before, last = self.told.popleft()
            moments += [Moment(*row) for row in before]
            moments.append(Moment(*last, closes=True))
        return moments

    def clock_offset_ms(self, ts_ms: int) -> int:
        """The clock is right."""
        del ts_ms
        return 0

    def reachable(self, ts_ms: int) -> bool:
        """The radio always reaches."""
        del ts_ms
        return True

    def _values(self, ts_ms: int) -> Values:
        # A little different each time, so that a row in a wrong place is noticed.
        wobble = ts_ms % 997 / 10_000
        return tuple(None if v is None else round(v + wobble, 4) for v in self.quiet)


def quiet_values(asset: Asset) -> Values:
    """Zone temperatures in the middle of what the asset's policies allow."""
    values: list[float | None] = [None] * (2 if asset.kind is AssetKind.TRUCK else 1)
    for zone in asset.zones:
        values[zone.zone - 1] = _middle(zone.policy)
    return tuple(4.0 if value is None else value for value in values)


def _middle(policy: Policy) -> float:
    low, high = policy.low_celsius, policy.high_celsius
    if low is None or high is None:
        return 4.0 if high is None else high - 5
    return (low + high) / 2


@dataclass(frozen=True)
class HerdSetup:
    """``msg_per_s`` is shared by all assets; ``ring`` is their one file, kept over restarts.

    The last ``mute`` assets say only what they are told to.
    """

    connector: BusConnector
    secrets: Mapping[str, str] = field(repr=False)
    assets: Sequence[Asset]
    ring: Path
    msg_per_s: float
    mute: int = 0


class Herd:
    """All devices in a thread of their own, from the start of the block to its end.

    At the end what was acknowledged last is committed to the ledger. An error in the thread is
    raised at the end of the block.
    """

    def __init__(self, setup: HerdSetup) -> None:
        self._setup = setup
        self.assets = setup.assets
        self.mute = setup.assets[len(setup.assets) - setup.mute :]
        self.status = SimStatus(devices=len(setup.assets))
        self._stop = threading.Event()
        self._quiet = threading.Event()
        self._thread = threading.Thread(target=self._work, name="herd", daemon=True)
        self._error: BaseException | None = None
        talking = len(setup.assets) - setup.mute
        every_ms = round(1_000 * talking / setup.msg_per_s)
        self._worlds = {
            asset.id: Steady(quiet_values(asset), every_ms if place < talking else NEVER_MS, place)
            for place, asset in enumerate(setup.assets)
        }

    def __enter__(self) -> Self:
        """Switch the devices on."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Switch them off."""
        self._stop.set()
        self._thread.join(STOP_S)
        if self._error is not None and kind is None:
            raise self._error

    def tell(self, dev: str, rows: Rows) -> None:
        """Let a device send these rows, oldest first, as one message; not after ``hush``."""
        self._worlds[dev].told.append(rows)

    def hush(self) -> None:
        """Measure nothing new; send what is in the ring until it is acknowledged."""
        self._quiet.set()

    def _work(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error

    async def _live(self) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="herd-ring") as thread:
            loop = asyncio.get_running_loop()
            ring = await loop.run_in_executor(thread, lambda: Ring(self._setup.ring, ledger=True))
            try:
                devs = [asset.id for asset in self._setup.assets]
                started = await loop.run_in_executor(thread, ring.start, devs)
                units = self._units(started)
                clock = RealClock()
                fleet = Fleet(units, ring, clock=clock, thread=thread, status=self.status)
                await self._run(fleet, units)
            finally:
                await loop.run_in_executor(thread, ring.close)

    async def _run(self, fleet: Fleet, units: list[Unit]) -> None:
        async with asyncio.TaskGroup() as group:
            for unit in units:
                group.create_task(unit.link.run(), name=unit.dev)
            while not self._stop.is_set():
                for unit in units if self._quiet.is_set() else ():
                    unit.cursor_ms = RealClock().now_ms() + 60_000
                await fleet.turn()
                await asyncio.sleep(TICK_S)
            for unit in units:
                unit.link.stop()
        await fleet.settle()

    def _units(self, started: Mapping[str, Started]) -> list[Unit]:
        return [self._unit(asset, started[asset.id]) for asset in self._setup.assets]

    def _unit(self, asset: Asset, was: Started) -> Unit:
        outbox = Outbox(was.boot, was.spans, pace=PACE)
        identity = Identity(
            dev=asset.id,
            site=asset.site,
            secret=self._setup.secrets[asset.id],
            boot=was.boot,
            fw="herd",
            model="herd",
            seed=1,
            duplicate_share=0.0,
        )
        return Unit(
            dev=asset.id,
            model=self._worlds[asset.id],
            outbox=outbox,
            recorder=HerdRecorder(1, asset.id, outbox),
            link=Link(identity, outbox, connector=self._setup.connector, status=self.status),
            cursor_ms=max(was.newest_ms, RealClock().now_ms()),
        )
