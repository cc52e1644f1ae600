"""Datums: a position says by its type what it means.

Everything is stored as WGS-84. GCJ-02, the datum of Chinese map tiles, is 300-700 m away and
not linear, so it is made at the edge only. Source: the public reconstruction of GCJ-02.
"""

from math import cos, pi, radians, sin, sqrt
from typing import NamedTuple

KRASOVSKY_AXIS_M = 6378245.0
KRASOVSKY_E2 = 0.00669342162296594323


class Wgs84(NamedTuple):
    """A GPS position, degrees east and north."""

    lon: float
    lat: float


class Gcj02(NamedTuple):
    """A position as Chinese map tiles draw it, degrees east and north."""

    lon: float
    lat: float


def wgs84_to_gcj02(at: Wgs84) -> Gcj02:
    """Shift a position inside China to the datum of Chinese map tiles; degrees in and out."""
    x, y = at.lon - 105.0, at.lat - 35.0
    wave = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave
    north += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave
    east += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    bend = 1 - KRASOVSKY_E2 * sin(radians(at.lat)) ** 2
    lat_metres = KRASOVSKY_AXIS_M * (1 - KRASOVSKY_E2) / (bend * sqrt(bend)) * pi / 180
    lon_metres = KRASOVSKY_AXIS_M / sqrt(bend) * cos(radians(at.lat)) * pi / 180
    return Gcj02(at.lon + east / lon_metres, at.lat + north / lat_metres)
