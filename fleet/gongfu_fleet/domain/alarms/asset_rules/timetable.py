"""When a truck is expected in which village: windows by weekday, in versions that begin on a day.

Places are WGS-84 degrees, times of day minutes after midnight in Asia/Shanghai.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.daytime import weekday_of
from gongfu_fleet.domain.alarms.asset_rules.ground import LatLon
from gongfu_geo.datum import Wgs84
from gongfu_geo.distance import haversine_m

# Looked up for every row; rows of one day come together.
_DAYS_KEPT = 30
Ring = tuple[LatLon, ...]


class Call(NamedTuple):
    """A village of a round. ``rings``: its borders, holes included; empty: only ``at`` is known."""

    village: str
    weekday: int
    from_min: int
    until_min: int
    at: LatLon
    rings: tuple[Ring, ...] = ()

    def metres(self, place: LatLon) -> float:
        """From the place to the village's point."""
        return metres_between(place, self.at)

    def holds(self, place: LatLon, radius_m: float) -> bool:
        """Whether the place lies in the village; without borders, near its point."""
        if not self.rings:
            return self.metres(place) <= radius_m
        return sum(_crossed(ring, place) for ring in self.rings) % 2 == 1

    def reach_m(self, radius_m: float) -> float:
        """No place of the village is farther from its point than this."""
        return max((self.metres(place) for ring in self.rings for place in ring), default=radius_m)


class Version(NamedTuple):
    """The whole week as it is from a local day on, in days since 1970-01-01."""

    from_day: int
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Timetable:
    """The versions of one truck, oldest first."""

    versions: tuple[Version, ...] = ()
    _days: dict[int, tuple[Call, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def calls_of(self, day: int) -> tuple[Call, ...]:
        """The calls of a local day, by the version that held then."""
        known = self._days.get(day)
        if known is None:
            if len(self._days) > _DAYS_KEPT:
                self._days.clear()
            known = self._days[day] = self._looked_up(day)
        return known

    def _looked_up(self, day: int) -> tuple[Call, ...]:
        held = [version for version in self.versions if version.from_day <= day]
        weekday = weekday_of(day)
        return tuple(c for c in held[-1].calls if c.weekday == weekday) if held else ()


NO_TIMETABLE = Timetable()


def metres_between(one: LatLon, other: LatLon) -> float:
    """On the sphere."""
    return haversine_m(Wgs84(one[1], one[0]), Wgs84(other[1], other[0]))


def _crossed(ring: Ring, place: LatLon) -> int:
    """How often a line from the place to the east crosses the ring."""
    lat, lon = place
    count = 0
    for (lat_a, lon_a), (lat_b, lon_b) in pairwise(ring):
        if (lat_a > lat) != (lat_b > lat):
            count += lon < lon_a + (lat - lat_a) / (lat_b - lat_a) * (lon_b - lon_a)
    return count
