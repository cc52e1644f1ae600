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
# A weak cycle falls more slowly, and yet by twice as much from the highest of the half hour.
DROP_CELSIUS = 0.6

Points = tuple[tuple[int, float], ...]


class Cooling(NamedTuple):
    """``seen_ms``: the air fell last; ``spoiled``: a door or an excursion since then.

    Learned, while nothing disturbed the unit: the longest pause and the warmest air.
    """

    seen_ms: int | None = None
    spoiled: bool = True
    longest_ms: int = 0
    highest_celsius: float | None = None


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
    ts_ms, celsius = points[-1]
    calm = learning and not disturbed
    if calm and (before.highest_celsius is None or celsius > before.highest_celsius):
        before = before._replace(highest_celsius=celsius)
    if before.seen_ms is None:
        return before._replace(seen_ms=ts_ms, spoiled=True)
    if _falls(points, before.seen_ms):
        longest_ms = before.longest_ms
        if calm and not before.spoiled:
            longest_ms = max(longest_ms, ts_ms - before.seen_ms)
        return before._replace(seen_ms=ts_ms, spoiled=disturbed, longest_ms=longest_ms)
    if disturbed and not before.spoiled:
        return before._replace(spoiled=True)
    return before


def _falls(points: Points, seen_ms: int) -> bool:
    change, newest = rise(points), points[-1][1]
    if change is not None and change <= -FALL_CELSIUS:
        return True
    return any(at_ms >= seen_ms and celsius - newest >= DROP_CELSIUS for at_ms, celsius in points)
