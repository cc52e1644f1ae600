"""``gongfu bench alarms``: the cold-chain rules beside a plain threshold and the 30-minute rule.

Simulated freezers without failure give the false alarms, failures spliced into them what is found
and when; all three rule sets see the same readings in the same process. Nothing is tuned to a
recorded series; one that is given with ``--series`` is judged in its second half. A false alarm is
an incident; alarms of one unit less than three hours apart are counted as one cause besides. What
is of low severity is counted apart and finds nothing: nobody is called for it.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from gongfu.bench.alarms_forecast import forecasts
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
from gongfu.bench.alarms_month import month
from gongfu.bench.alarms_order import order_independent
from gongfu.cli.output import say
from gongfu.replay.series import Mapping
from gongfu.rules.recording import read_recording
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.alarms.rules.catalogue import RULES
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, ZoneRules, follow
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy

MONTH_DAYS = 30
LEARN_DAYS = 5
ONE_CAUSE_MIN = 180
LOW = frozenset(rule.hazard.value for rule in RULES if rule.severity is Severity.LOW)
Latch = tuple[int, bool]
Raised = tuple[str, ...]
# A rule set is a fold over one reading that names what it raised.
Step = Callable[[Any, Reading], tuple[Any, Raised]]  # Any: each set has its own state


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


@dataclass
class Quiet:
    """What was raised on units without failure, after they were learned."""

    hazards: Counter[str] = field(default_factory=Counter)
    causes: int = 0

    def note(self, raised: Sequence[tuple[int, str]]) -> None:
        """One unit's alarms as (minute, hazard), in order of time."""
        self.hazards.update(hazard for _, hazard in raised)
        loud = [minute for minute, hazard in raised if hazard not in LOW]
        before = [-ONE_CAUSE_MIN, *loud]
        self.causes += sum(at - last >= ONE_CAUSE_MIN for last, at in pairwise(before))

    def figures(self, months: float) -> dict[str, Any]:  # Any: figures of several types
        """Per unit and month."""
        low = sum(count for hazard, count in self.hazards.items() if hazard in LOW)
        return {
            "false_per_unit_month": round((self.hazards.total() - low) / months, 2),
            "false_causes_per_unit_month": round(self.causes / months, 2),
            "low_per_unit_month": round(low / months, 2),
            "false_by_hazard": dict(self.hazards),
        }


def alarms(*, quick: bool, seed: int, series: Path | None = None) -> dict[str, Any]:
    """Run it; the figures by rule set, with a door input and (``no_door_input``) without."""
    units, cases = (6, 4) if quick else (60, 4)
    body: dict[str, Any] = {"freezer_days": units * 10}  # Any: figures of several types
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        known, unknown = (
            pool.submit(alarms_of, random.Random(seed), units, cases, door_input=door_input)
            for door_input in (True, False)
        )
        told = pool.submit(forecasts, units=4 if quick else 40, seed=seed)
        body |= known.result()
        body["no_door_input"] = unknown.result()
        body["forecast"] = told.result()
    body["order_independent"] = order_independent(random.Random(seed))
    body["week"] = month(quick=quick, seed=seed)
    if series:
        body["series"] = _series(series)
    return body


def _sets(learn_h: float) -> dict[str, tuple[Any, Step]]:  # Any: as Step
    policy = cold_policy("frozen", {"learn_h": learn_h})

    def ours(state: ZoneRules, reading: Reading) -> tuple[ZoneRules, Raised]:
        followed = follow(state, (reading,), policy)
        return followed.state, tuple(found.hazard.value for found in followed.raised)

    return {
        "ours": (FRESH, ours),
        "plain": ((0, False), _threshold(0)),
        "peer30": ((0, False), _threshold(30)),
    }


def _threshold(delay_min: int) -> Step:
    """Above the limit for so many minutes; over at half a degree below it."""

    def step(state: Latch, reading: Reading) -> tuple[Latch, Raised]:
        minutes, on = state
        celsius = LIMIT_CELSIUS if reading.celsius is None else reading.celsius
        if on:
            return (0, celsius > LIMIT_CELSIUS - 0.5), ()
        if celsius <= LIMIT_CELSIUS:
            return (0, False), ()
        raised = minutes + 1 > delay_min
        return (minutes + 1, raised), _HIGH if raised else ()

    return step if delay_min else _plain


_HIGH = ("temperature_high",)


def _plain(state: Latch, reading: Reading) -> tuple[Latch, Raised]:
    beyond = reading.celsius is not None and reading.celsius > LIMIT_CELSIUS
    return (0, beyond), _HIGH if beyond and not state[1] else ()


def alarms_of(
    dice: random.Random, units: int, cases: int, *, door_input: bool
) -> dict[str, dict[str, Any]]:  # Any: figures of several types
    """False alarms per unit-month and what became of each kind of failure, by rule set."""
    sets = _sets(LEARN_DAYS * 24)
    false = {name: Quiet() for name in sets}
    kinds = {name: {kind: Kind() for kind in KINDS} for name in sets}
    days = LEARN_DAYS + 10
    for number in range(units):
        unit = freezer(dice, days)
        minutes = splice_minutes(dice, unit, cases, LEARN_DAYS * DAY + 300)
        failures = {kind: [failure(dice, unit, kind, m) for m in minutes] for kind in KINDS}
        for name, (fresh, step) in sets.items():
            states, raised = _quiet(unit, (fresh, step), minutes, door_input=door_input)
            false[name].note(raised)
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
            **false[name].figures(months),
            **{kind: counted.figures() for kind, counted in kinds[name].items()},
        }
        for name in sets
    }


def _quiet(
    unit: Freezer, rules: tuple[Any, Step], minutes: Sequence[int], *, door_input: bool
) -> tuple[list[Any], list[tuple[int, str]]]:  # Any: as Step
    """The states before each of the minutes, and what was raised after learning."""
    (state, step), states = rules, []
    false: list[tuple[int, str]] = []
    wanted = set(minutes)
    for minute, reading in enumerate(unit.readings(door_input=door_input)):
        if minute in wanted:
            states.append(state)
        state, raised = step(state, reading)
        if raised and minute >= LEARN_DAYS * DAY:
            false += [(minute, hazard) for hazard in raised]
    return states, false


def _found(readings: Sequence[Reading], state: Any, step: Step) -> int | None:  # noqa: ANN401
    for minute, reading in enumerate(readings):
        state, raised = step(state, reading)
        if raised and not LOW.issuperset(raised):
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
            alarms_raised += len(raised) if reading.ts_ms >= since_ms else 0
        body[name] = alarms_raised
    return body
