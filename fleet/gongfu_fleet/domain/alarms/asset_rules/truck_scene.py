"""What is known of a truck at each row: columns come in rows of their own and are carried on."""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.ground import LatLon
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading


class Told(NamedTuple):
    """A value and when it was measured."""

    value: float
    ts_ms: int


class Fix(NamedTuple):
    """A position and when it was measured, WGS-84 degrees."""

    lat: float
    lon: float
    ts_ms: int


class TruckUnit(NamedTuple):
    """The newest of each column. ``shut_ms``: since when the door is known to be shut."""

    last_ms: int | None = None
    door: Told | None = None
    shut_ms: int | None = None
    speed: Told | None = None
    load: Told | None = None
    fix: Fix | None = None


class TruckScene(NamedTuple):
    """One row, and what earlier rows say of the columns it lacks (None: nothing recent).

    ``elapsed_ms`` is since the row before, ``gap``: more than the policy allows between rows.
    """

    ts_ms: int
    reading: AssetReading
    elapsed_ms: int
    gap: bool
    door_open: bool | None
    shut_ms: int | None
    speed_kmh: float | None
    loaded: bool | None
    at: LatLon | None


def observe(
    unit: TruckUnit, reading: AssetReading, policy: TruckPolicy
) -> tuple[TruckUnit, TruckScene]:
    """The truck after one more row, and the scene the rules judge."""
    ts_ms = reading.ts_ms
    elapsed_ms = 0 if unit.last_ms is None else ts_ms - unit.last_ms
    gap = elapsed_ms > policy.max_gap_min * MINUTE_MS
    door = unit.door if reading.door_open is None else Told(float(reading.door_open), ts_ms)
    fix = _fix(unit.fix, reading)
    after = TruckUnit(
        last_ms=ts_ms,
        door=door,
        shut_ms=_shut_ms(unit, reading, gap=gap),
        speed=_newer(unit.speed, reading.speed_kmh, ts_ms),
        load=_newer(unit.load, reading.load_kg, ts_ms),
        fix=fix,
    )
    carry_ms = policy.carry_min * MINUTE_MS
    open_ = _recent(door, ts_ms, carry_ms)
    load_kg = _recent(after.load, ts_ms, policy.load_carry_min * MINUTE_MS)
    return after, TruckScene(
        ts_ms=ts_ms,
        reading=reading,
        elapsed_ms=elapsed_ms,
        gap=gap,
        door_open=None if open_ is None else open_ > 0,
        shut_ms=after.shut_ms if open_ == 0 else None,
        speed_kmh=_recent(after.speed, ts_ms, carry_ms),
        loaded=None if load_kg is None else load_kg > policy.empty_kg,
        at=(fix.lat, fix.lon) if fix and ts_ms - fix.ts_ms <= carry_ms else None,
    )


def _newer(known: Told | None, value: float | None, ts_ms: int) -> Told | None:
    return known if value is None else Told(value, ts_ms)


def _recent(known: Told | None, ts_ms: int, carry_ms: float) -> float | None:
    return known.value if known and ts_ms - known.ts_ms <= carry_ms else None


def _fix(known: Fix | None, reading: AssetReading) -> Fix | None:
    if reading.lat_deg is None or reading.lon_deg is None or reading.satellites == 0:
        return known
    return Fix(reading.lat_deg, reading.lon_deg, reading.ts_ms)


def _shut_ms(unit: TruckUnit, reading: AssetReading, *, gap: bool) -> int | None:
    if reading.door_open is None:
        return None if gap else unit.shut_ms
    if reading.door_open:
        return None
    return reading.ts_ms if gap or unit.shut_ms is None else unit.shut_ms
