"""A simulated freezer after the shape of a measured one, minute by minute, and failures spliced in.

Measured: cycle 28-30 min, troughs -20.7, peaks -17.7 (p95 -16.6), defrost every 35.7-42.4 h with a
ramp of 28-35 min at 0.41-0.65 degrees a minute, back in 22-31 min; five door openings in fourteen
days; noise 0.083, resolution 0.1. The goods' true temperature comes from the fault, not the air.
"""

import math
import random
from dataclasses import dataclass

from gongfu_fleet.domain.coldchain.reading import Reading

LIMIT_CELSIUS = -15.0
DAY = 1440
MINUTE_MS = 60_000
BEGIN_MS = 1_790_000_000_000
KINDS = ("compressor", "door", "leak", "stuck")
NEVER = 10**9
# No failure is spliced in from half an hour before a defrost until two hours after its begin.
CLEAR_OF_DEFROST = range(-29, 120)


@dataclass(frozen=True)
class Freezer:
    """Air and door by minute, and the minutes at which a defrost began."""

    celsius: list[float]
    door: list[bool]
    defrosts: list[int]

    def readings(self, *, door_input: bool) -> list[Reading]:
        """As the platform gets them, with or without a door input."""
        return [
            reading(minute, celsius, door=open_ if door_input else None)
            for minute, (celsius, open_) in enumerate(zip(self.celsius, self.door, strict=True))
        ]


@dataclass(frozen=True)
class Failure:
    """What the air does from ``start`` on for a day, and when the goods truly pass the limit."""

    start: int
    celsius: list[float]
    breach: int

    def readings(self, *, door: bool | None) -> list[Reading]:
        """As the platform gets them."""
        return [reading(self.start + n, c, door=door) for n, c in enumerate(self.celsius)]


def reading(minute: int, celsius: float, *, door: bool | None) -> Reading:
    """One reading of a simulated minute."""
    return Reading(BEGIN_MS + minute * MINUTE_MS, celsius, door)


def freezer(dice: random.Random, days: int) -> Freezer:
    """One unit without any failure."""
    calm = _cycles(dice, days * DAY)
    defrosts: list[int] = []
    at = int(dice.uniform(0, 39) * 60)
    while at < days * DAY - 120:
        defrosts.append(at)
        _defrost(dice, calm, at)
        at += int(dice.uniform(35.7, 42.4) * 60)
    door = [False] * len(calm)
    for _ in range(round(days * 5 / 14)):
        _open(dice, (calm, door), dice.randrange(len(calm) - 60))
    return Freezer([_sensed(dice, celsius) for celsius in calm], door, defrosts)


def failure(dice: random.Random, unit: Freezer, kind: str, start: int) -> Failure:
    """A failure from ``start`` on, away from a defrost."""
    ambient = dice.uniform(22, 32)
    before = unit.celsius[max(0, start - 240) : start]
    goods = sum(before) / len(before)
    if kind == "stuck":
        return Failure(start, [unit.celsius[start]] * DAY, NEVER)
    if kind == "leak":
        rate = dice.uniform(0.3, 0.8) / 60
        after = unit.celsius[start : start + DAY]
        air = [round(c + min(rate * n, 12), 1) for n, c in enumerate(after)]
        return Failure(start, air, math.ceil((LIMIT_CELSIUS - goods) / rate))
    share, lag, hours = (
        (dice.uniform(0.15, 0.35), dice.uniform(8, 20), dice.uniform(12, 40))
        if kind == "compressor"
        else (dice.uniform(0.35, 0.6), dice.uniform(3, 8), dice.uniform(6, 20))
    )
    air, celsius, breach = [], unit.celsius[start], NEVER
    for minute in range(DAY):
        inside = ambient + (goods - ambient) * math.exp(-minute / (hours * 60))
        celsius += (inside + share * (ambient - inside) - celsius) * -math.expm1(-1 / lag)
        air.append(_sensed(dice, celsius))
        breach = min(breach, minute) if inside > LIMIT_CELSIUS else breach
    return Failure(start, air, breach)


def splice_minutes(dice: random.Random, unit: Freezer, count: int, since: int) -> list[int]:
    """Minutes for failures, in order: undisturbed, and with a day left."""
    last = len(unit.celsius) - DAY
    free = [
        minute
        for minute in range(since, last)
        if not any(minute - at in CLEAR_OF_DEFROST for at in unit.defrosts)
        and not unit.door[minute]
    ]
    return sorted(dice.sample(free, count))


def _cycles(dice: random.Random, minutes: int) -> list[float]:
    air: list[float] = []
    low = dice.gauss(-20.7, 0.1)
    while len(air) < minutes:
        peak, next_low = min(dice.gauss(-17.7, 0.65), -15.6), dice.gauss(-20.7, 0.1)
        length = dice.uniform(28, 30)
        warm = round(length * dice.uniform(0.48, 0.56))
        cool = round(length) - warm
        air += [low + (peak - low) * n / warm for n in range(warm)]
        air += [peak + (next_low - peak) * n / cool for n in range(cool)]
        low = next_low
    return air[:minutes]


def _defrost(dice: random.Random, air: list[float], at: int) -> None:
    ramp, slope = dice.randint(28, 35), dice.uniform(0.41, 0.65)
    back = dice.randint(22, 31)
    celsius = air[at]
    for n in range(ramp):
        celsius += slope
        air[at + n] = celsius
    fall = (celsius - LIMIT_CELSIUS) / back
    for n in range(ramp, len(air) - at):
        celsius -= fall
        if celsius <= air[at + n]:
            return
        air[at + n] = celsius


def _open(dice: random.Random, unit: tuple[list[float], list[bool]], at: int) -> None:
    air, door = unit
    wide = dice.random() < 0.5  # noqa: PLR2004 - half of the openings
    lift, lasts = (dice.uniform(40, 46), 2.8) if wide else (dice.uniform(5, 6), 2.5)
    door[at] = door[at + 1] = True
    for n in range(40):
        grown = 0.5 if n == 0 else math.exp(-(n - 1) / lasts)
        air[at + n] += lift * grown


def _sensed(dice: random.Random, celsius: float) -> float:
    return round(celsius + dice.gauss(0, 0.083), 1)
