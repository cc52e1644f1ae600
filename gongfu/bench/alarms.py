"""``gongfu bench alarms``: the cold-chain rules beside a plain threshold and the 30-minute rule.

Simulated freezers without failure give the false alarms, failures spliced into them what is found
and when; all three rule sets see the same readings in the same process. Nothing is tuned to a
recorded series; one that is given with ``--series`` is judged in its second half.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gongfu.bench.alarms_freezer import (
    DAY,
    KINDS,
    LIMIT_CELSIUS,
    MINUTE_MS,
    Freezer,
    failure,
    freezer,
    splice_minutes,
)
from gongfu.cli.output import say
from gongfu.replay.series import Mapping
from gongfu.rules.recording import read_recording
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, ZoneRules, follow, resolved
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy

MONTH_DAYS = 30
LEARN_DAYS = 5
Latch = tuple[int, bool]
# A rule set is a fold over one reading that says how many alarms it raised.
Step = Callable[[Any, Reading], tuple[Any, int]]  # Any: each set has its own state


@dataclass
class Kind:
    """What became of the failures of one kind: minutes until found, and before the breach."""

    cases: int = 0
    before: int = 0
    delays: list[int] = field(default_factory=list)
    leads: list[int] = field(default_factory=list)

    def figures(self) -> dict[str, float | None]:
        """Percentages of the cases, minutes of those found."""
        delays = sorted(self.delays)
        return {
            "cases": self.cases,
            "found_pct": round(100 * len(delays) / self.cases, 1),
            "before_breach_pct": round(100 * self.before / self.cases, 1),
            "median_min": median(delays) if delays else None,
            "p95_min": delays[int(0.95 * (len(delays) - 1))] if delays else None,
            "median_lead_min": median(self.leads) if self.leads else None,
        }


def alarms(*, quick: bool, seed: int, series: Path | None = None) -> dict[str, Any]:
    """Run it; the figures by rule set, with a door input and (``no_door_input``) without."""
    units, cases = (6, 4) if quick else (60, 4)
    body: dict[str, Any] = {"freezer_days": units * 10}  # Any: figures of several types
    body |= alarms_of(random.Random(seed), units, cases, door_input=True)
    body["no_door_input"] = alarms_of(random.Random(seed), units, cases, door_input=False)
    body["order_independent"] = _order_independent(random.Random(seed))
    skipped = "the reference month of 119 units is not built yet"
    body["week"] = {"units": 0, "notifications_per_day": 0, "missed": 0, "flood_windows": 0}
    body["week"]["skipped"] = skipped
    if series:
        body["series"] = _series(series)
    return body


def _sets(learn_h: float) -> dict[str, tuple[Any, Step]]:  # Any: as Step
    policy = cold_policy("frozen", {"learn_h": learn_h})

    def ours(state: ZoneRules, reading: Reading) -> tuple[ZoneRules, int]:
        followed = follow(state, (reading,), policy)
        return followed.state, len(followed.raised)

    return {
        "ours": (FRESH, ours),
        "plain": ((0, False), _threshold(0)),
        "peer30": ((0, False), _threshold(30)),
    }


def _threshold(delay_min: int) -> Step:
    """Above the limit for so many minutes; over at half a degree below it."""

    def step(state: Latch, reading: Reading) -> tuple[Latch, int]:
        minutes, on = state
        celsius = LIMIT_CELSIUS if reading.celsius is None else reading.celsius
        if on:
            return (0, celsius > LIMIT_CELSIUS - 0.5), 0
        if celsius <= LIMIT_CELSIUS:
            return (0, False), 0
        raised = minutes + 1 > delay_min
        return (minutes + 1, raised), int(raised)

    return step if delay_min else _plain


def _plain(state: Latch, reading: Reading) -> tuple[Latch, int]:
    beyond = reading.celsius is not None and reading.celsius > LIMIT_CELSIUS
    return (0, beyond), int(beyond and not state[1])


def alarms_of(
    dice: random.Random, units: int, cases: int, *, door_input: bool
) -> dict[str, dict[str, Any]]:  # Any: figures of several types
    """False alarms per unit-month and what became of each kind of failure, by rule set."""
    sets = _sets(LEARN_DAYS * 24)
    false = dict.fromkeys(sets, 0)
    kinds = {name: {kind: Kind() for kind in KINDS} for name in sets}
    days = LEARN_DAYS + 10
    for number in range(units):
        unit = freezer(dice, days)
        minutes = splice_minutes(dice, unit, cases, LEARN_DAYS * DAY + 300)
        failures = {kind: [failure(dice, unit, kind, m) for m in minutes] for kind in KINDS}
        for name, (fresh, step) in sets.items():
            states, raised = _quiet(unit, (fresh, step), minutes, door_input=door_input)
            false[name] += raised
            for kind, spliced in failures.items():
                door = kind == "door" if door_input else None
                for state, one in zip(states, spliced, strict=True):
                    delay = _found(one.readings(door=door), state, step)
                    _count(kinds[name][kind], delay, one.breach)
        if number % 10 == 9:  # noqa: PLR2004 - a word now and then
            say(f"{number + 1} of {units} freezers")
    months = units * (days - LEARN_DAYS) / MONTH_DAYS
    return {
        name: {
            "false_per_unit_month": round(false[name] / months, 2),
            **{kind: counted.figures() for kind, counted in kinds[name].items()},
        }
        for name in sets
    }


def _quiet(
    unit: Freezer, rules: tuple[Any, Step], minutes: Sequence[int], *, door_input: bool
) -> tuple[list[Any], int]:  # Any: as Step
    """The states before each of the minutes, and how many alarms there were after learning."""
    (state, step), states, false = rules, [], 0
    wanted = set(minutes)
    for minute, reading in enumerate(unit.readings(door_input=door_input)):
        if minute in wanted:
            states.append(state)
        state, raised = step(state, reading)
        false += raised if minute >= LEARN_DAYS * DAY else 0
    return states, false


def _found(readings: Sequence[Reading], state: Any, step: Step) -> int | None:  # noqa: ANN401
    for minute, reading in enumerate(readings):
        state, raised = step(state, reading)
        if raised:
            return minute
    return None


def _count(kind: Kind, delay: int | None, breach: int) -> None:
    kind.cases += 1
    if delay is None:
        return
    kind.delays.append(delay)
    kind.before += delay < breach
    if breach < 10 * DAY:
        kind.leads.append(breach - delay)


def _order_independent(dice: random.Random) -> bool:
    """Shuffled, a fifth twice: the same episodes and the same state as in order."""
    policy = cold_policy("frozen", {"learn_h": 24})
    unit = freezer(dice, 3)
    broken = failure(dice, unit, "compressor", 2 * DAY)
    readings = unit.readings(door_input=True)[: 2 * DAY] + broken.readings(door=False)
    shuffled = readings + dice.sample(readings, len(readings) // 5)
    dice.shuffle(shuffled)
    return follow(FRESH, resolved(shuffled), policy) == follow(FRESH, readings, policy)


def _series(path: Path) -> dict[str, Any]:  # Any: figures of several types
    """Alarms in the second half of a recorded series, learned from its first."""
    readings = read_recording(path, Mapping()).readings
    half_ms = (readings[-1].ts_ms - readings[0].ts_ms) // 2
    since_ms = readings[0].ts_ms + half_ms
    body: dict[str, Any] = {"judged_days": round(half_ms / MINUTE_MS / DAY, 2)}  # Any: as above
    for name, (fresh, step) in _sets(half_ms / MINUTE_MS / 60).items():
        state, alarms_raised = fresh, 0
        for reading in readings:
            state, raised = step(state, reading)
            alarms_raised += raised if reading.ts_ms >= since_ms else 0
        body[name] = alarms_raised
    return body
