"""What the store bench stores: days of a fleet, and months of one of its cabinets.

Two fleets: the simulated county (a row a minute of all its metrics), and the shape behind the
figures of the design papers: fridges that say four values every ten seconds and are rarely warm.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np

from gongfu.demo_county import demo_scenario
from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_firmware_sim.cabinet import Cabinet
from gongfu_firmware_sim.moment import Model
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_firmware_sim.truck import Truck
from gongfu_ingest.points import Point, Rank

DAY_MS = 86_400_000
BATCH_ROWS = 500
FRIDGE_METRICS = ("zone_1_celsius", "humidity_percent", "tray_1_kg", "door_open")
FRIDGE_ROW_S, OPENINGS = 10, 40
FAILING_SHARE, FAILURE_ROWS = 0.1, 720
VETERAN = "cab-0001"  # the cabinet that was there for months before the others


@dataclass(frozen=True)
class Period:
    """From ``start_ms``, a midnight, the veteran alone; from ``county_ms`` on everybody."""

    start_ms: int
    county_ms: int
    end_ms: int


class Source(Protocol):
    """Rows to store."""

    @property
    def period(self) -> Period:
        """When."""
        ...

    @property
    def max_gap_ms(self) -> int:
        """No two values of a run lie further apart."""
        ...

    def kinds(self) -> dict[str, DeviceKind]:
        """Kind by device."""
        ...

    def day(self, day_ms: int, *, alone: bool) -> list[list[Point]]:
        """Rows of the day that begins at ``day_ms`` by device; ``alone``: the veteran's only."""
        ...


def batches(source: Source) -> Iterator[list[Point]]:
    """All rows in order of time, as they would be committed."""
    rows = _rows(source)
    while batch := list(islice(rows, BATCH_ROWS)):
        yield batch


def _rows(source: Source) -> Iterator[Point]:
    period = source.period
    for day_ms in range(period.start_ms, period.end_ms, DAY_MS):
        days = source.day(day_ms, alone=day_ms < period.county_ms)
        yield from heapq.merge(*days, key=lambda point: point.ts_ms)


@dataclass(frozen=True)
class County:
    """The scenario of the demonstration, with its faults, over a period."""

    spec: ScenarioSpec
    models: Mapping[str, Model]
    period: Period
    # Most report each minute: a value at or below a limit leaves a longer gap.
    max_gap_ms: int = 90_000

    def kinds(self) -> dict[str, DeviceKind]:
        """Kind by device."""
        return {device.dev: device.kind for device in self.spec.devices}

    def day(self, day_ms: int, *, alone: bool) -> list[list[Point]]:
        """As simulated."""
        there = {VETERAN} if alone else self.models.keys()
        kinds = self.kinds()
        return [_day(dev, kinds[dev], self.models[dev], day_ms) for dev in there]


@dataclass(frozen=True)
class Fridges:
    """Cabinets of four values: cooling cycles, doors, and a compressor that fails now and then."""

    devices: int
    period: Period
    seed: int
    max_gap_ms: int = 15_000

    def kinds(self) -> dict[str, DeviceKind]:
        """All are cabinets."""
        return {f"cab-{place:04}": DeviceKind.CABINET for place in range(1, self.devices + 1)}

    def day(self, day_ms: int, *, alone: bool) -> list[list[Point]]:
        """Drawn from the seed, the day and the device."""
        return [self._of(place, day_ms) for place in range(1, 2 if alone else self.devices + 1)]

    def _of(self, place: int, day_ms: int) -> list[Point]:
        chance = np.random.default_rng((self.seed, place, day_ms // DAY_MS))
        seconds = np.arange(0, DAY_MS // 1_000, FRIDGE_ROW_S)
        door = np.zeros(len(seconds))
        warm = np.zeros(len(seconds))
        for begin in chance.integers(0, len(seconds), OPENINGS):
            door[begin : begin + 3] = 1
            warm[begin : begin + 12] += np.linspace(2.0, 0.0, 12)[: len(warm[begin : begin + 12])]
        if chance.random() < FAILING_SHARE:
            begin = int(chance.integers(0, len(seconds) - FAILURE_ROWS))
            warm[begin : begin + FAILURE_ROWS] += np.linspace(0.0, 9.0, FAILURE_ROWS)
        cycle = np.sin(seconds / chance.uniform(150, 260) + place)
        noise = chance.normal(0, 0.1, len(seconds))
        celsius = np.round(4.0 + 1.2 * cycle + warm + noise, 1)
        humidity = np.round(70 + 4 * cycle + 10 * door)
        weight = np.round(40 - np.cumsum(door) * 0.12, 2)
        stamps = (day_ms + seconds * 1_000 + place).tolist()
        rows = zip(stamps, celsius.tolist(), humidity.tolist(), weight.tolist(), door.tolist(),
                   strict=True)  # fmt: skip
        dev = f"cab-{place:04}"
        return [
            Point(ts, dev, Rank(1, ts // 1_000, 0), dict(zip(FRIDGE_METRICS, values, strict=True)))
            for ts, *values in rows
        ]


def county(period: Period, *, seed: int) -> County:
    """The shipped county as the demonstration simulates it."""
    with TemporaryDirectory(prefix="gongfu-bench-") as folder:
        fleet = open_fleet(Settings(state=Path(folder)))
        assets = fleet.registry.assets()
        fleet.close()
    spec = demo_scenario(assets, seed=seed, start_ms=period.county_ms)
    return County(spec, {device.dev: _model(device, spec) for device in spec.devices}, period)


def _model(device: DeviceSpec, spec: ScenarioSpec) -> Model:
    return Truck(device, spec) if device.kind is DeviceKind.TRUCK else Cabinet(device, spec)


def _day(dev: str, kind: DeviceKind, model: Model, day_ms: int) -> list[Point]:
    names = [column.name for column in COLUMNS[1, kind]]
    rows = []
    for seq, moment in enumerate(model.moments(day_ms - 1, day_ms + DAY_MS - 1), start=1):
        told = zip(names, moment.values, strict=False)
        values = {name: float(value) for name, value in told if value is not None}
        if values:
            rank = Rank(day_ms // DAY_MS, seq, 0)
            rows.append(Point(moment.ts_ms, dev, rank, values))
    return rows
