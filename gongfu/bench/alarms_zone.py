"""One simulated zone of the reference month, minute by minute: what it reports, what is true of it.

Cycle, defrosts and noise have the shapes of two measured freezers; the chilled one is scaled from
them around 4 degrees. Doors and failures lift the air, and the lift decays. The goods truly follow
the true air with a time constant of their own, which the rules do not know.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

DAY = 1440
NOISE_CELSIUS = 0.083
PULL_DOWN_MIN = 15
DOOR_RISE_MIN, DOOR_FALL_MIN = 3.0, 2.5
WORST_LEAK_CELSIUS = 12.0


@dataclass(frozen=True)
class Shape:
    """One kind of unit: degrees Celsius, minutes, degrees per minute; pairs are bounds."""

    trough: float
    peak: float
    peak_spread: float
    highest: float
    defrost_every: tuple[float, float]
    ramp: tuple[int, int]
    slope: tuple[float, float]
    back: tuple[int, int]
    open_door: float


FREEZER = Shape(-20.7, -17.7, 0.65, -15.6, (2142, 2544), (28, 35), (0.41, 0.65), (22, 31), 22.0)
CHILLED = Shape(2.9, 4.8, 0.2, 5.5, (366, 410), (20, 30), (0.12, 0.17), (15, 25), 9.0)


class Opening(NamedTuple):
    """The door is open in [begin, end), minutes; ``restocking``: by a crew."""

    begin: int
    end: int
    restocking: bool = False


@dataclass(frozen=True)
class Fault:
    """What fails in [begin, end), minutes, and how badly."""

    kind: str
    begin: int
    end: int
    ambient: float
    share: float
    lag_min: float
    hours: float
    celsius_per_min: float


class Minute(NamedTuple):
    """What the zone reports at a minute, and how warm the goods truly are."""

    celsius: float
    door_open: bool
    restocking: bool
    goods_celsius: float


def fault(dice: random.Random, kind: str, begin: int) -> Fault:
    """Failures as those spliced into the freezers, repaired after some hours."""
    share, lag, hours = (0.15, 0.35), (8.0, 20.0), (12.0, 40.0)
    if kind == "door":
        share, lag, hours = (0.35, 0.6), (3.0, 8.0), (6.0, 20.0)
    lasts = {"compressor": (3, 8), "door": (0.5, 3), "leak": (12, 24), "stuck": (6, 24)}[kind]
    return Fault(
        kind=kind,
        begin=begin,
        end=begin + int(60 * dice.uniform(*lasts)),
        ambient=dice.uniform(22, 32),
        share=dice.uniform(*share),
        lag_min=dice.uniform(*lag),
        hours=dice.uniform(*hours),
        celsius_per_min=dice.uniform(0.3, 0.8) / 60,
    )


class Zone(NamedTuple):
    """What a zone is and what happens to it; ``door_share`` of an open door reaches its air."""

    shape: Shape | None
    openings: Sequence[Opening]
    door_share: float
    goods_tau_min: float
    faults: Sequence[Fault]


def course(dice: random.Random, zone: Zone, minutes: int) -> Iterator[Minute]:
    """Minute by minute; openings and faults are in order and do not overlap."""
    calm = _cycles(dice, zone.shape, minutes) if zone.shape else _room(minutes)
    if zone.shape:
        _defrosts(dice, zone.shape, calm)
    openings = iter([*zone.openings, Opening(minutes, minutes)])
    opening, by_door, warmth = next(openings), 0.0, _Warmth(zone.faults)
    goods, follows = calm[0], -math.expm1(-1 / zone.goods_tau_min)
    lift = zone.shape.open_door * zone.door_share if zone.shape else 0.3
    rises, falls = -math.expm1(-1 / DOOR_RISE_MIN), -math.expm1(-1 / DOOR_FALL_MIN)
    for minute, celsius in enumerate(calm):
        while minute >= opening.end:
            opening = next(openings)
        is_open = minute >= opening.begin
        by_door += (lift - by_door) * rises if is_open else -by_door * falls
        air = celsius + by_door + warmth.at(minute, celsius)
        goods += (air - goods) * follows
        told = warmth.told(minute, round(air + dice.gauss(0, NOISE_CELSIUS), 1))
        ajar = warmth.holds("door", minute)
        yield Minute(told, is_open or ajar, is_open and opening.restocking, goods)


class _Warmth:
    """What the faults do, one after the other."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._coming = list(reversed(faults))
        self._fault: Fault | None = None
        self._celsius = 0.0
        self._stuck: float | None = None

    def at(self, minute: int, calm: float) -> float:
        """By how much the air is warmer at the next minute."""
        if self._coming and minute >= self._coming[-1].begin:
            self._fault, self._stuck = self._coming.pop(), None
        if self._fault is not None:
            self._celsius = _lifted(self._celsius, calm, self._fault, minute)
        return self._celsius

    def told(self, minute: int, celsius: float) -> float:
        """What the probe says: a stuck one repeats itself."""
        if not self.holds("stuck", minute):
            return celsius
        self._stuck = celsius if self._stuck is None else self._stuck
        return self._stuck

    def holds(self, kind: str, minute: int) -> bool:
        """Whether a fault of the kind holds at the minute."""
        return self._fault is not None and self._fault.kind == kind and minute < self._fault.end


def _lifted(before: float, calm: float, failed: Fault, minute: int) -> float:
    """By how much a failure warms the air; what it left behind is pulled down after the repair."""
    if minute >= failed.end:
        return 0.0 if before < 0.05 else before * math.exp(-1 / PULL_DOWN_MIN)  # noqa: PLR2004
    if failed.kind == "stuck":
        return 0.0
    elapsed = minute - failed.begin
    if failed.kind == "leak":
        return min(failed.celsius_per_min * elapsed, WORST_LEAK_CELSIUS)
    inside = -math.expm1(-elapsed / (failed.hours * 60))
    towards = (failed.ambient - calm) * (failed.share + (1 - failed.share) * inside)
    return before + (towards - before) * -math.expm1(-1 / failed.lag_min)


def _room(minutes: int) -> list[float]:
    return [21 - 2 * math.sin(2 * math.pi * (minute / DAY - 0.625)) for minute in range(minutes)]


def _cycles(dice: random.Random, shape: Shape, minutes: int) -> list[float]:
    air: list[float] = []
    low = dice.gauss(shape.trough, 0.1)
    while len(air) < minutes:
        peak = min(dice.gauss(shape.peak, shape.peak_spread), shape.highest)
        next_low = dice.gauss(shape.trough, 0.1)
        length = dice.uniform(28, 30)
        warm = round(length * dice.uniform(0.48, 0.56))
        cool = round(length) - warm
        air += [low + (peak - low) * n / warm for n in range(warm)]
        air += [peak + (next_low - peak) * n / cool for n in range(cool)]
        low = next_low
    return air[:minutes]


def _defrosts(dice: random.Random, shape: Shape, air: list[float]) -> None:
    at = int(dice.uniform(0, shape.defrost_every[1]))
    while at < len(air) - 2 * shape.ramp[1] - shape.back[1]:
        ramp, slope = dice.randint(*shape.ramp), dice.uniform(*shape.slope)
        celsius = air[at]
        for n in range(ramp):
            celsius += slope
            air[at + n] = celsius
        fall = (celsius - shape.trough) / dice.randint(*shape.back)
        n = ramp
        while at + n < len(air) and (celsius := celsius - fall) > air[at + n]:
            air[at + n] = celsius
            n += 1
        at += int(dice.uniform(*shape.defrost_every))
