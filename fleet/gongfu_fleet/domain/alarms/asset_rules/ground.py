"""Where trucks belong: the places at which their doors may open and near which they drive."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from gongfu_geo.datum import Wgs84
from gongfu_geo.distance import haversine_m

LatLon = tuple[float, float]
_METRES_PER_DEGREE = 111_195.0
# A position is judged by the middle of its cell, about half a kilometre wide, for the corridor.
_CELLS_PER_DEGREE = 200
_BUCKETS_PER_DEGREE = 10


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
        here = Wgs84(at[1], at[0])
        metres = (haversine_m(here, Wgs84(lon, lat)) for lat, lon in self._around(at, within_m))
        best = min(metres, default=math.inf)
        return best if best <= within_m else math.inf

    def near(self, at: LatLon, within_m: float) -> bool:
        """Whether a stop is within so many metres, to half a kilometre: remembered by cell."""
        cell = (round(at[0] * _CELLS_PER_DEGREE), round(at[1] * _CELLS_PER_DEGREE))
        return _near(self, cell, within_m)

    def _around(self, at: LatLon, within_m: float) -> Iterable[LatLon]:
        row, column = _bucket(at)
        size_m = _METRES_PER_DEGREE / _BUCKETS_PER_DEGREE
        rows = math.ceil(within_m / size_m)
        # A degree of longitude is shorter; close to a pole every bucket of the row may be near.
        shrink = max(math.cos(math.radians(at[0])), 0.01)
        columns = math.ceil(within_m / (size_m * shrink))
        for y in range(row - rows, row + rows + 1):
            for x in range(column - columns, column + columns + 1):
                yield from self._buckets.get((y, x), ())


@lru_cache(maxsize=200_000)
def _near(ground: Ground, cell: tuple[int, int], within_m: float) -> bool:
    middle = (cell[0] / _CELLS_PER_DEGREE, cell[1] / _CELLS_PER_DEGREE)
    return math.isfinite(ground.nearest_m(middle, within_m))


def _bucket(at: LatLon) -> tuple[int, int]:
    return math.floor(at[0] * _BUCKETS_PER_DEGREE), math.floor(at[1] * _BUCKETS_PER_DEGREE)
