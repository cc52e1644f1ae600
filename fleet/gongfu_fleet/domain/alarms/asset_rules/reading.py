"""One resolved row of an asset, as the asset rules get it: distinct in time and in order."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class AssetReading(NamedTuple):
    """None: the row says nothing of it. Positions are WGS-84 degrees, trays kilograms in order."""

    ts_ms: int
    door_open: bool | None = None
    door_opens: float | None = None
    zone_1_celsius: float | None = None
    zone_2_celsius: float | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    speed_kmh: float | None = None
    satellites: float | None = None
    load_kg: float | None = None
    odometer_km: float | None = None
    battery_volt: float | None = None
    mains_on: bool | None = None
    trays_kg: tuple[float | None, ...] = ()
    lock_latched: bool | None = None
    supply_1_celsius: float | None = None
    return_1_celsius: float | None = None
    supply_2_celsius: float | None = None
    return_2_celsius: float | None = None


TRAYS = 8
# The first is in every row of a climate, which has the other columns too: such rows are judged.
TRUCK_COLUMNS = (
    "zone_1_celsius", "zone_2_celsius", "door_open", "lat_deg", "lon_deg", "speed_kmh",
    "satellites", "load_kg", "odometer_km", "battery_volt",
    "supply_1_celsius", "return_1_celsius", "supply_2_celsius", "return_2_celsius",
)  # fmt: skip
CABINET_COLUMNS = (
    "zone_1_celsius", "door_open", "door_opens", "mains_on",
    *(f"tray_{n}_kg" for n in range(1, TRAYS + 1)), "lock_latched",
)  # fmt: skip
_YES = 0.5
Values = Sequence[float | None]


def truck_reading(ts_ms: int, values: Values) -> AssetReading:
    """A reading from values in the order of TRUCK_COLUMNS; what is not finite says nothing."""
    zone_1, zone_2, door, lat, lon, speed, satellites, load, odometer, volt, *air = map(
        _sound, values
    )
    return AssetReading(
        ts_ms=ts_ms,
        door_open=_flag(door),
        zone_1_celsius=zone_1,
        zone_2_celsius=zone_2,
        lat_deg=lat,
        lon_deg=lon,
        speed_kmh=speed,
        satellites=satellites,
        load_kg=load,
        odometer_km=odometer,
        battery_volt=volt,
        supply_1_celsius=air[0],
        return_1_celsius=air[1],
        supply_2_celsius=air[2],
        return_2_celsius=air[3],
    )


def cabinet_reading(ts_ms: int, values: Values) -> AssetReading:
    """A reading from values in the order of CABINET_COLUMNS; what is not finite says nothing."""
    zone_1, door, opens, mains, *trays, lock = map(_sound, values)
    return AssetReading(
        ts_ms=ts_ms,
        door_open=_flag(door),
        door_opens=opens,
        zone_1_celsius=zone_1,
        mains_on=_flag(mains),
        trays_kg=tuple(trays) if any(kg is not None for kg in trays) else (),
        lock_latched=_flag(lock),
    )


def resolved(readings: Iterable[AssetReading]) -> Sequence[AssetReading]:
    """In order of time, each time once: whatever order and however often readings came.

    Of two different readings at one time the one that sorts last counts; in the platform the
    store has resolved them already.
    """
    known = sorted(set(readings), key=lambda reading: (reading.ts_ms, repr(reading)))
    return list({reading.ts_ms: reading for reading in known}.values())


def _sound(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _flag(value: float | None) -> bool | None:
    return None if value is None else value >= _YES
