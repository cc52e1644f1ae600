"""Fixed column order of a telemetry row per (version, device kind), as data.

A row is ``[dt_ms, column 1, column 2, …]``; trailing columns may be missing, ``null`` is no value,
columns beyond the known ones are kept in the log and not projected. The limits are what an
instrument can physically report, not what is good for the goods: probe codes such as 85.0, -127
and 882.6 degrees lie outside.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class DeviceKind(StrEnum):
    """What a device is; decides the columns of its rows."""

    CABINET = "cabinet"
    TRUCK = "truck"

    # An enum's own hash is written in Python; kinds are keys wherever a message is read.
    __hash__ = str.__hash__


@dataclass(frozen=True)
class Column:
    """One measured quantity: its name carries the unit."""

    name: str
    low: float
    high: float
    summary: str


TRAYS = 8
_ZONE_1 = Column("zone_1_celsius", -60.0, 70.0, "air temperature, zone 1")
_ZONE_2 = Column("zone_2_celsius", -60.0, 70.0, "air temperature, zone 2")
_HUMIDITY = Column("humidity_percent", 0.0, 100.0, "relative humidity")
_DOOR = Column("door_open", 0.0, 1.0, "1 while a door is open")
_DOOR_COUNT = Column("door_opens", 0.0, 4e9, "openings since installation")
_SIGNAL = Column("signal_dbm", -150.0, 0.0, "received signal strength")

COLUMNS: dict[tuple[int, DeviceKind], tuple[Column, ...]] = {
    (1, DeviceKind.CABINET): (
        _ZONE_1,
        _DOOR,
        *(Column(f"tray_{n}_kg", -5.0, 100.0, f"weight on tray {n}") for n in range(1, TRAYS + 1)),
        _HUMIDITY,
        _DOOR_COUNT,
        Column("mains_on", 0.0, 1.0, "1 while mains power is present"),
        _SIGNAL,
        Column("lock_latched", 0.0, 1.0, "1 while the bolt of the door's lock is in"),
    ),
    (1, DeviceKind.TRUCK): (
        _ZONE_1,
        _ZONE_2,
        _DOOR,
        Column("lat_deg", -90.0, 90.0, "latitude, WGS-84"),
        Column("lon_deg", -180.0, 180.0, "longitude, WGS-84"),
        Column("speed_kmh", 0.0, 200.0, "speed over ground"),
        Column("heading_deg", 0.0, 360.0, "course over ground, clockwise from north"),
        Column("satellites", 0.0, 100.0, "satellites used in the fix"),
        Column("load_kg", 0.0, 20_000.0, "weight of the load"),
        Column("load_percent", 0.0, 150.0, "load rate"),
        _HUMIDITY,
        _DOOR_COUNT,
        Column("odometer_km", 0.0, 4e6, "distance since manufacture"),
        Column("battery_volt", 0.0, 60.0, "supply voltage"),
        _SIGNAL,
        Column("supply_1_celsius", -60.0, 70.0, "air the unit blows into zone 1"),
        Column("return_1_celsius", -60.0, 70.0, "air the unit draws back from zone 1"),
        Column("supply_2_celsius", -60.0, 70.0, "air the unit blows into zone 2"),
        Column("return_2_celsius", -60.0, 70.0, "air the unit draws back from zone 2"),
    ),
}

# Short names simple devices may use in the single-object form.
ALIASES = {
    "tc": "zone_1_celsius",
    "tc2": "zone_2_celsius",
    "rh": "humidity_percent",
    "door": "door_open",
    "lat": "lat_deg",
    "lon": "lon_deg",
    "rssi": "signal_dbm",
}


@cache
def metrics() -> tuple[str, ...]:
    """Every column name of every kind, each once, in a stable order."""
    names = [column.name for columns in COLUMNS.values() for column in columns]
    return tuple(dict.fromkeys(names))


@cache
def positions(version: int, kind: DeviceKind) -> dict[str, int]:
    """Column name to index in ``Sample.values``."""
    return {column.name: index for index, column in enumerate(COLUMNS[version, kind])}
