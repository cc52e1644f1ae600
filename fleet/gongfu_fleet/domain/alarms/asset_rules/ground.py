"""Where trucks belong: the places at which their doors may open and near which they drive."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from gongfu_geo.datum import Wgs84
from gongfu_geo.distance import haversine_m

LatLon = tuple[float, float]
_METRES_PER_DEGREE = 111_195.0
# A position is judged by the middle of its cell, about half a kilometre wide, for the corridor.
_CELLS_PER_DEGREE = 200
_BUCKETS_PER_DEGREE = 30


@dataclass(frozen=True)
class Ground:
    """Allowed stops as (lat, lon) in WGS-84 degrees: villages, depots, sites.

    Two grounds are equal when their stops are. Without stops nothing can be judged by place.
    """

    stops: frozenset[LatLon] = frozenset()
    _buckets: dict[tuple[int, int], list[LatLon]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for stop in sorted(self.stops):
            self._buckets.setdefault(_bucket(stop), []).append(stop)

    def nearest_m(self, at: LatLon, within_m: float) -> float:
        """Metres to the nearest stop; infinity when none is as near as ``within_m``."""
        best = min(self.metres(at, within_m), default=math.inf)
        return best if best <= within_m else math.inf

    def near(self, at: LatLon, within_m: float) -> bool:
        """Whether a stop is within so many metres, to half a kilometre: remembered by cell."""
        cell = (round(at[0] * _CELLS_PER_DEGREE), round(at[1] * _CELLS_PER_DEGREE))
        return _near(self, cell, within_m)

    def metres(self, at: LatLon, within_m: float) -> Iterator[float]:
        """Metres to every stop that may be as near as ``within_m``, and to some beyond."""
        here = Wgs84(at[1], at[0])
        high = within_m / _METRES_PER_DEGREE
        # A degree of longitude is shorter; close to a pole every place of the row may be near.
        wide = high / max(math.cos(math.radians(at[0])), 0.01)
        south, west = _bucket((at[0] - high, at[1] - wide))
        north, east = _bucket((at[0] + high, at[1] + wide))
        for row in range(south, north + 1):
            for column in range(west, east + 1):
                for lat, lon in self._buckets.get((row, column), ()):
                    yield haversine_m(here, Wgs84(lon, lat))


@lru_cache(maxsize=200_000)
def _near(ground: Ground, cell: tuple[int, int], within_m: float) -> bool:
    middle = (cell[0] / _CELLS_PER_DEGREE, cell[1] / _CELLS_PER_DEGREE)
    return any(metres <= within_m for metres in ground.metres(middle, within_m))


def _bucket(at: LatLon) -> tuple[int, int]:
    return math.floor(at[0] * _BUCKETS_PER_DEGREE), math.floor(at[1] * _BUCKETS_PER_DEGREE)
