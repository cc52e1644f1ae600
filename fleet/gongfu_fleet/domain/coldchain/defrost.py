"""Defrosts: learned from excursions that recovered, and whether one that goes on is such a defrost.

An excursion is a stretch above the air limit. One of 20 minutes and more that no door explains and
that recovered while the unit was learned is a defrost; its length, peak, way to the peak, gap to
the one before and the steadiness of its ramp make the envelope in which the next is plausible.
Two defrosts make no envelope: the third exceeds the greater of them too often. Until there are
three, only the policy's longest defrost counts, and learning goes on. How far a peak may pass those
learned depends on how many there were and how they scattered. Time in which a door stood open is
not the defrost's, and an excursion with a door in it says nothing about the gap.
"""

import math
from enum import StrEnum
from typing import NamedTuple

from gongfu_fleet.domain.coldchain.cooling import Points
from gongfu_fleet.domain.coldchain.policy import HOUR_MS, MINUTE_MS, ColdPolicy

FEW = 3
MARGIN = 1.25
PEAK_MARGIN_CELSIUS = 3.0
SLACK_MS = 5 * MINUTE_MS
# Student's t, one-sided 99.9 %, from two degrees of freedom (three defrosts) on. A unit defrosts 18
# to 120 times a month: one in a thousand is what a rule may cost that is one of nine.
STUDENT = (22.33, 10.21, 7.17, 5.89, 5.21, 4.79, 4.50, 4.30, 4.14, 4.02, 3.93)
# A ramp is steady while it climbs at least this part of the slope that was learned.
STEADY = 0.4
STEEP = 2.0
SLOPE_MS = 5 * MINUTE_MS
FALLEN_CELSIUS = 1.0


class Shape(NamedTuple):
    """What one excursion looked like; times from its begin, slope in degrees per minute."""

    duration_ms: int
    to_peak_ms: int
    peak_celsius: float
    slope: float
    stall_ms: int


class Habit(NamedTuple):
    """The envelope of the defrosts learned so far; ``last_ms`` is the begin of the newest one.

    ``peaks`` is their mean peak and the sum of the squares of the differences from it.
    """

    defrosts: int = 0
    duration_ms: int = 0
    to_peak_ms: int = 0
    peak_celsius: float = 0.0
    gap_ms: int | None = None
    slopes: tuple[float, float] = (0.0, 0.0)
    stall_ms: int = 0
    last_ms: int | None = None
    peaks: tuple[float, float] = (0.0, 0.0)


class Excursion(NamedTuple):
    """A stretch above the air limit, at most one point a minute, with its limit as first level.

    ``step_ms`` is when a door was last seen to act in it; ``door_ms`` of it are the graces of
    doors, and ``own_celsius`` is the peak outside of them. ``period_ms``: its longest pause
    between two readings, which is how well its times are known.
    """

    begin_ms: int
    from_celsius: float
    peak_ms: int
    peak_celsius: float
    plausible: bool
    step: bool = False
    rising_ms: int = 0
    door_ms: int = 0
    own_celsius: float | None = None
    step_ms: int | None = None
    period_ms: int = 0


class Course(StrEnum):
    """How an excursion compares with a defrost."""

    WITHIN = "within"
    UNEXPECTED = "unexpected"
    OUTLASTED = "outlasted"


def plausible(habit: Habit, ts_ms: int, policy: ColdPolicy) -> bool:
    """Whether a defrost may begin now: half of the shortest gap has passed since the last."""
    if habit.last_ms is None:
        return True
    gap_ms = policy.defrost_gap_h * HOUR_MS if habit.gap_ms is None else habit.gap_ms
    return ts_ms - habit.last_ms >= 0.5 * gap_ms


def climbed(excursion: Excursion, habit: Habit, ts_ms: int, change: float | None) -> Excursion:
    """Note whether the ramp is still steady; ``change`` is the rise of five minutes."""
    least = STEADY * habit.slopes[0] * SLOPE_MS / MINUTE_MS if habit.defrosts else 0.5
    if change is not None and change >= least:
        return excursion._replace(rising_ms=ts_ms)
    return excursion


def course(
    excursion: Excursion, habit: Habit, policy: ColdPolicy, newest: tuple[int, float]
) -> Course:
    """Whether the excursion may still be a defrost."""
    if not excursion.plausible:
        return Course.UNEXPECTED
    ts_ms, celsius = newest
    elapsed_ms = ts_ms - excursion.begin_ms - excursion.door_ms
    if habit.defrosts < FEW:
        longest_ms = max(policy.defrost_longest_min * MINUTE_MS, MARGIN * habit.duration_ms)
        too_long = elapsed_ms > longest_ms
        return Course.OUTLASTED if too_long else Course.WITHIN
    own = excursion.own_celsius
    falling = celsius <= excursion.peak_celsius - FALLEN_CELSIUS
    slack_ms = SLACK_MS + 2 * max(0, excursion.period_ms - MINUTE_MS)
    stalled_ms = ts_ms - max(excursion.rising_ms, excursion.begin_ms)
    left = (
        elapsed_ms > MARGIN * habit.duration_ms,
        own is not None and own > highest_celsius(habit),
        not falling and elapsed_ms > MARGIN * habit.to_peak_ms + slack_ms,
        not falling and stalled_ms > 1.5 * habit.stall_ms + slack_ms,
    )
    return Course.OUTLASTED if any(left) else Course.WITHIN


def highest_celsius(habit: Habit) -> float:
    """The peak that hardly one defrost of this unit passes, by what its FEW or more have shown."""
    mean, squares = habit.peaks
    count = habit.defrosts
    scatter = math.sqrt(squares / (count - 1) * (1 + 1 / count))
    student = STUDENT[min(count - FEW, len(STUDENT) - 1)]
    return max(habit.peak_celsius + PEAK_MARGIN_CELSIUS, mean + student * scatter)


def too_steep(habit: Habit, change: float | None) -> bool:
    """Whether no heater of this unit warms the air so fast; ``change`` of five minutes."""
    steepest = STEEP * habit.slopes[1] * SLOPE_MS / MINUTE_MS
    return habit.defrosts >= FEW and change is not None and change > steepest


def shape(excursion: Excursion, ts_ms: int) -> Shape:
    """What an excursion that ended at ``ts_ms`` looked like."""
    to_peak_ms = excursion.peak_ms - excursion.begin_ms
    minutes = max(1.0, to_peak_ms / MINUTE_MS)
    return Shape(
        duration_ms=ts_ms - excursion.begin_ms,
        to_peak_ms=to_peak_ms,
        peak_celsius=excursion.peak_celsius,
        slope=max(0.0, excursion.peak_celsius - excursion.from_celsius) / minutes,
        stall_ms=max(0, excursion.peak_ms - max(excursion.rising_ms, excursion.begin_ms)),
    )


def learned(habit: Habit, excursion: Excursion, ts_ms: int) -> Habit:
    """The envelope with one defrost more."""
    seen = shape(excursion, ts_ms)
    gap_ms = habit.gap_ms
    if habit.last_ms is not None:
        gap = excursion.begin_ms - habit.last_ms
        gap_ms = gap if gap_ms is None else min(gap_ms, gap)
    first = habit.defrosts == 0
    low, high = habit.slopes
    return Habit(
        defrosts=habit.defrosts + 1,
        duration_ms=max(habit.duration_ms, seen.duration_ms),
        to_peak_ms=max(habit.to_peak_ms, seen.to_peak_ms),
        peak_celsius=seen.peak_celsius if first else max(habit.peak_celsius, seen.peak_celsius),
        gap_ms=gap_ms,
        slopes=(seen.slope, seen.slope) if first else (min(low, seen.slope), max(high, seen.slope)),
        stall_ms=max(habit.stall_ms, seen.stall_ms),
        last_ms=excursion.begin_ms,
        peaks=_scattered(habit, seen.peak_celsius),
    )


def _scattered(habit: Habit, celsius: float) -> tuple[float, float]:
    mean, squares = habit.peaks
    after = mean + (celsius - mean) / (habit.defrosts + 1)
    return after, squares + (celsius - mean) * (celsius - after)


def recent_step(points: Points) -> bool:
    """A step as a door makes it: 3 degrees and more within 3 minutes."""
    ts_ms, celsius = points[-1]
    for at_ms, before in reversed(points[:-1]):
        if ts_ms - at_ms > 3 * MINUTE_MS:
            return False
        if celsius - before >= 3.0:  # noqa: PLR2004 - cold-chain practice: a door step
            return True
    return False
