"""Distance over the ground."""

from math import asin, cos, radians, sin, sqrt

from gongfu_geo.datum import Wgs84

EARTH_MEAN_RADIUS_M = 6371008.8


def haversine_m(a: Wgs84, b: Wgs84) -> float:
    """Great-circle metres between two positions on a sphere of the mean radius (error < 0.6 %)."""
    lat_a, lat_b = radians(a.lat), radians(b.lat)
    north = sin((lat_b - lat_a) / 2) ** 2
    east = sin(radians(b.lon - a.lon) / 2) ** 2
    return 2 * EARTH_MEAN_RADIUS_M * asin(min(1.0, sqrt(north + cos(lat_a) * cos(lat_b) * east)))
