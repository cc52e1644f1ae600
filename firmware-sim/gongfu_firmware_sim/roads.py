"""A road between two places, and how a vehicle drives along it.

There is no road network of the county to be had, so a winding line stands for it: the midpoint of
each piece is pushed aside, which makes it longer than the straight line by about a third, as
mountain roads are. The same two places always get the same road.
"""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import atan2, cos, degrees, hypot, radians
from random import Random

LonLat = tuple[float, float]
_METRES_PER_DEGREE = 111_195.0
_HALVINGS = 6
_ASIDE = 0.33
_KNOT_S = 45
_SPEEDS_KMH = (14.0, 44.0)
_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class Road:
    """A polyline with the metres covered at each of its points."""

    points: tuple[LonLat, ...]
    at_m: tuple[float, ...]

    @property
    def length_m(self) -> float:
        """The whole length."""
        return self.at_m[-1]

    def place(self, metres: float) -> tuple[LonLat, float]:
        """Position ``metres`` along the road, and the course there in degrees from north."""
        index = min(max(bisect_right(self.at_m, metres) - 1, 0), len(self.points) - 2)
        a, b = self.points[index], self.points[index + 1]
        piece = self.at_m[index + 1] - self.at_m[index]
        share = (metres - self.at_m[index]) / piece if piece else 0.0
        east, north = offset_m(a, b)
        at = (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
        return at, degrees(atan2(east, north)) % 360.0


def offset_m(a: LonLat, b: LonLat) -> tuple[float, float]:
    """Metres east and north from a to b; good to 0.1 % within a county."""
    east = (b[0] - a[0]) * cos(radians((a[1] + b[1]) / 2)) * _METRES_PER_DEGREE
    return east, (b[1] - a[1]) * _METRES_PER_DEGREE


def shifted(at: LonLat, east_m: float, north_m: float) -> LonLat:
    """The place so many metres east and north of another."""
    lon = at[0] + east_m / (cos(radians(at[1])) * _METRES_PER_DEGREE)
    return lon, at[1] + north_m / _METRES_PER_DEGREE


def road_between(a: LonLat, b: LonLat, *, dice: Random) -> Road:
    """A winding road from a to b."""
    points = [a, b]
    for _ in range(_HALVINGS):
        wound = [points[0]]
        for left, right in pairwise(points):
            wound += [_aside(left, right, dice.uniform(-_ASIDE, _ASIDE)), right]
        points = wound
    pieces = [hypot(*offset_m(p, q)) for p, q in pairwise(points)]
    return Road(tuple(points), tuple(accumulate(pieces, initial=0.0)))


def _aside(a: LonLat, b: LonLat, push: float) -> LonLat:
    east, north = offset_m(a, b)
    return shifted(a, east / 2 - north * push, north / 2 + east * push)


@dataclass(frozen=True)
class Drive:
    """A vehicle on a road: speeds at knots of equal distance in time, straight lines between.

    Position and speed agree, since the metres are the exact integral of the speed.
    """

    road: Road
    start_ms: int
    knot_ms: int
    speeds_m_per_ms: tuple[float, ...]
    at_m: tuple[float, ...]

    @property
    def end_ms(self) -> int:
        """Arrival."""
        return self.start_ms + self.knot_ms * (len(self.speeds_m_per_ms) - 1)

    def metres(self, ts_ms: int) -> float:
        """Distance covered since the start of the road."""
        index, rest = self._knot(ts_ms)
        return self.at_m[index] + rest * (self._speed(index, 0) + self._speed(index, rest)) / 2

    def speed_kmh(self, ts_ms: int) -> float:
        """Speed over ground."""
        return self._speed(*self._knot(ts_ms)) * _MS_PER_HOUR / 1_000

    def _knot(self, ts_ms: int) -> tuple[int, int]:
        last = len(self.speeds_m_per_ms) - 2
        index = min(max((ts_ms - self.start_ms) // self.knot_ms, 0), last)
        return index, ts_ms - self.start_ms - index * self.knot_ms

    def _speed(self, index: int, rest_ms: int) -> float:
        a, b = self.speeds_m_per_ms[index], self.speeds_m_per_ms[index + 1]
        return a + (b - a) * rest_ms / self.knot_ms


def drive_along(road: Road, start_ms: int, *, dice: Random) -> Drive:
    """Drive a road at speeds that vary from bend to bend, from standstill to standstill."""
    speeds = [0.0]
    metres = 0.0
    knot_ms = _KNOT_S * 1_000
    while metres < road.length_m:
        speed = dice.uniform(*_SPEEDS_KMH) * 1_000 / _MS_PER_HOUR
        metres += (speeds[-1] + speed) / 2 * knot_ms
        speeds.append(speed)
    metres += speeds[-1] / 2 * knot_ms
    scale = road.length_m / metres if metres else 0.0
    scaled = [speed * scale for speed in (*speeds, 0.0)]
    covered = accumulate(((a + b) / 2 * knot_ms for a, b in pairwise(scaled)), initial=0.0)
    return Drive(road, start_ms, knot_ms, tuple(scaled), tuple(covered))
