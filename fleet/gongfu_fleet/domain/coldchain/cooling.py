"""Does the unit still cool? Slopes of the last five minutes, and the longest pause that is usual.

A unit with a thermostat cools every half hour. Its longest pause outside defrosts and doors is
learned; a unit that never shows slopes has a long one, and judges nothing by it.
"""

from typing import NamedTuple

from gongfu_fleet.domain.coldchain.policy import MINUTE_MS

SLOPE_MS = 5 * MINUTE_MS
RECENT_MS = 30 * MINUTE_MS
POINT_MS = MINUTE_MS
# Four times what the sensor of a measured freezer scatters after the median of three.
FALL_CELSIUS = 0.3

Points = tuple[tuple[int, float], ...]


class Cooling(NamedTuple):
    """``seen_ms``: the air fell last; ``spoiled``: a door or an excursion since then."""

    seen_ms: int | None = None
    spoiled: bool = True
    longest_ms: int = 0


def remembered(points: Points, ts_ms: int, celsius: float) -> Points:
    """The last half hour, at most one point a minute and the newest."""
    if len(points) > 1 and ts_ms - points[-2][0] < POINT_MS:
        points = points[:-1]
    if points and points[0][0] < ts_ms - RECENT_MS:
        points = points[1:]
    return (*points, (ts_ms, celsius))


def rise(points: Points, span_ms: int = SLOPE_MS) -> float | None:
    """How much warmer the newest point is than the one ``span_ms`` before it; None if unknown."""
    ts_ms, celsius = points[-1]
    for at_ms, before in reversed(points):
        if ts_ms - at_ms >= span_ms:
            return celsius - before
    return None


def cooled(before: Cooling, points: Points, *, learning: bool, disturbed: bool) -> Cooling:
    """After the newest point; ``disturbed`` while a door is open or the limit is passed."""
    ts_ms, change = points[-1][0], rise(points)
    if before.seen_ms is None:
        return Cooling(ts_ms, spoiled=True, longest_ms=before.longest_ms)
    if change is not None and change <= -FALL_CELSIUS:
        longest = before.longest_ms
        if learning and not (before.spoiled or disturbed):
            longest = max(longest, ts_ms - before.seen_ms)
        return Cooling(ts_ms, disturbed, longest)
    if disturbed and not before.spoiled:
        return Cooling(before.seen_ms, spoiled=True, longest_ms=before.longest_ms)
    return before
