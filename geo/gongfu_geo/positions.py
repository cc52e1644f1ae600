"""Is this a position on Earth? The check that every import asks."""

from math import isfinite

MAX_LON_DEG = 180.0
MAX_LAT_DEG = 90.0


def position_fault(lon: float, lat: float) -> tuple[str, str] | None:
    """Fault and remedy as sentences when ``lon``, ``lat`` (degrees) is no position, else None."""
    if not (isfinite(lon) and isfinite(lat)):
        return "The position is not a number.", "Write degrees such as 118.86826 and 28.94765."
    if abs(lon) <= MAX_LON_DEG and abs(lat) <= MAX_LAT_DEG:
        return None
    if abs(lat) <= MAX_LON_DEG and abs(lon) <= MAX_LAT_DEG:
        return (
            f"Latitude {lat:g} is beyond 90 degrees.",
            "Longitude and latitude look swapped: longitude comes first.",
        )
    return (
        f"Longitude {lon:g}, latitude {lat:g} is no place on Earth.",
        "Write WGS-84 degrees such as 118.86826 and 28.94765.",
    )
