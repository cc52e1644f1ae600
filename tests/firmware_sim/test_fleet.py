"""Turns go on when the disk or a device fails."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from gongfu_broker.codec import decode_telemetry
from gongfu_broker.columns import DeviceKind
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.errors import RingError
from gongfu_firmware_sim.fleet import Fleet, Unit
from gongfu_firmware_sim.link import Identity, Link
from gongfu_firmware_sim.moment import Model, Moment
from gongfu_firmware_sim.outbox import Outbox, Pace, Range
from gongfu_firmware_sim.recorder import Recorder
from gongfu_firmware_sim.ring import Changes, Ring
from gongfu_firmware_sim.scenario import ScenarioSpec
from gongfu_firmware_sim.status import SimStatus

MINUTE_MS = 60_000


@dataclass
class HandClock:
    """Moves when told."""

    ms: int
    speed: float = 1.0

    def now_ms(self) -> int:
        return self.ms


class FullDisk(Ring):
    """A ring whose disk can be full."""

    full = False

    def commit(self, changes: Changes) -> None:
        if self.full:
            raise RingError("no space left")
        super().commit(changes)


class BrokenModel:
    """Measures for a minute, then breaks."""

    def __init__(self, model: Model, until_ms: int) -> None:
        self._model = model
        self._until_ms = until_ms

    def moments(self, after_ms: int, upto_ms: int) -> Sequence[Moment]:
        if upto_ms > self._until_ms:
            raise ValueError("a bug in a model")
        return self._model.moments(after_ms, upto_ms)

    def clock_offset_ms(self, ts_ms: int) -> int:
        return self._model.clock_offset_ms(ts_ms)

    def reachable(self, ts_ms: int) -> bool:
        return self._model.reachable(ts_ms)


def unit(dev: str, model: Model, spec: ScenarioSpec) -> Unit:
    outbox = Outbox(1, {}, pace=Pace())
    identity = Identity(
        dev=dev, site="hangzhou", secret="-", boot=1, fw="", model="", seed=7, duplicate_share=0
    )
    link = Link(identity, outbox, connector=MemoryBroker([]), status=SimStatus())
    return Unit(dev, model, outbox, Recorder(7, dev, outbox), link, spec.start_ms)


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as thread:
        yield thread


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[FullDisk]:
    ring = FullDisk(tmp_path / "devices.db")
    ring.start(["cab-0001", "cab-0002"])
    yield ring
    ring.close()


def stamps(ring: Ring, dev: str) -> list[int]:
    return [
        sample.ts_ms
        for message in ring.read(dev, Range(1, 1, 1_000))
        if message.leaf is Leaf.TEL
        for sample in decode_telemetry(DeviceKind.CABINET, message.payload).samples
    ]


async def test_on_a_full_disk_devices_wait_and_then_catch_up_with_true_times(
    county: ScenarioSpec, ring: FullDisk, thread: ThreadPoolExecutor
) -> None:
    cabinet = unit("cab-0001", Cabinet(county.devices[0], county), county)
    clock = HandClock(county.start_ms)
    fleet = Fleet([cabinet], ring, clock=clock, thread=thread, status=SimStatus())
    for minute in range(1, 61):
        clock.ms += MINUTE_MS
        ring.full = 10 <= minute < 40
        await fleet.turn()
    for _ in range(10):
        await fleet.turn()
    asked = Cabinet(county.devices[0], county).moments(county.start_ms, clock.ms)
    expected = [moment.ts_ms for moment in asked]
    assert stamps(ring, "cab-0001") == expected


async def test_a_model_that_breaks_silences_its_own_device_only(
    county: ScenarioSpec,
    ring: FullDisk,
    thread: ThreadPoolExecutor,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = BrokenModel(Cabinet(county.devices[0], county), county.start_ms + 5 * MINUTE_MS)
    units = [
        unit("cab-0001", broken, county),
        unit("cab-0002", Cabinet(county.devices[1], county), county),
    ]
    clock, status = HandClock(county.start_ms), SimStatus()
    fleet = Fleet(units, ring, clock=clock, thread=thread, status=status)
    for _ in range(20):
        clock.ms += MINUTE_MS
        await fleet.turn()
        await asyncio.sleep(0)
    assert status.failed_devices == 1
    assert caplog.text.count("cab-0001 cannot be simulated any further") == 1
    assert len(stamps(ring, "cab-0001")) < 8
    assert len(stamps(ring, "cab-0002")) >= 20
