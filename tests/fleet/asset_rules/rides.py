"""Rows of a truck and of a cabinet on which nothing is wrong, to be changed by a test."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from gongfu_fleet.domain.alarms.asset_rules.fold import CABINET, TRUCK
from gongfu_fleet.domain.alarms.asset_rules.policy import CabinetPolicy, ShelfLife, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.asset_rules.timetable import Call, Timetable, Version
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rulebook import Found, Judged
from gongfu_fleet.domain.coldchain.shelf_life import Q10
from gongfu_fleet.services.asset_policies import cabinet_policy, ground_of, truck_policy
from gongfu_geo.datum import Wgs84

MINUTE = 60_000
START = 1_790_000_000_000
VILLAGE = (28.90, 118.80)
# About 1.1 km and 22 km north of the village.
FIELD = (28.91, 118.80)
FAR = (29.10, 118.80)
GROUND = ground_of([Wgs84(VILLAGE[1], VILLAGE[0])])
TRUCKS: TruckPolicy = truck_policy(GROUND)
CABINETS: CabinetPolicy = cabinet_policy()
# A round on every day, about midnight, for START is late in the evening.
TIMETABLE = Timetable(
    (
        Version(
            0,
            tuple(
                call
                for weekday in range(1, 8)
                for call in (
                    Call("330881100200", weekday, 23 * 60, 23 * 60 + 10, VILLAGE),
                    Call("330881100201", weekday, 30, 40, FIELD),
                    Call("330881100202", weekday, 23 * 60 + 30, 23 * 60 + 40, FAR),
                )
            ),
        ),
    )
)
TIMED: TruckPolicy = replace(
    TRUCKS, timetable=TIMETABLE, village_late_min=5, village_early_min=10, reach_kmh=20
)
# Trade by day and night, goods that keep for a little more than a day, little proof of demand.
KEPT: CabinetPolicy = replace(
    CABINETS,
    life=ShelfLife(Q10(4.0, 3.0), 1.1, 60, -60, 70),
    trade_from_h=0,
    trade_until_h=24,
    restock_kg=0.4,
    stock_takes=1,
    stock_watch_h=0.1,
    stock_out_h=100,
    stock_back_h=200,
    stock_out_min=3,
)
FULL = (5.0, 6.0, 7.0, 8.0, 5.0, 6.0, 7.0, 8.0)


def truck(minute: float, **told: Any) -> AssetReading:  # noqa: ANN401 - fields of a reading
    """A loaded truck that stands in the village with its door shut; ``told`` is what differs."""
    standing: dict[str, Any] = {
        "door_open": False,
        "zone_1_celsius": 4.0,
        "zone_2_celsius": -19.0,
        "lat_deg": VILLAGE[0],
        "lon_deg": VILLAGE[1],
        "speed_kmh": 0.0,
        "satellites": 11.0,
        "load_kg": 300.0,
        "odometer_km": 20_000.0,
        "battery_volt": 13.8,
        "supply_1_celsius": 0.0,
        "return_1_celsius": 4.0,
        "supply_2_celsius": -23.0,
        "return_2_celsius": -19.0,
    }
    return AssetReading(START + int(minute * MINUTE))._replace(**{**standing, **told})


def cabinet(minute: float, **told: Any) -> AssetReading:  # noqa: ANN401 - fields of a reading
    """A shut cabinet with eight full trays; ``told`` is what differs."""
    calm: dict[str, Any] = {
        "door_open": False,
        "door_opens": 100.0,
        "mains_on": True,
        "trays_kg": FULL,
        "lock_latched": True,
    }
    return AssetReading(START + int(minute * MINUTE))._replace(**{**calm, **told})


def halves(minutes: float, **told: Any) -> list[AssetReading]:  # noqa: ANN401 - as truck
    """A truck's rows every 30 s from the start on, all alike."""
    return [truck(n / 2, **told) for n in range(int(minutes * 2))]


def of_truck(readings: Iterable[AssetReading], policy: TruckPolicy = TRUCKS) -> Judged:
    """What the rules say of a truck."""
    return TRUCK.follow(TRUCK.fresh, readings, policy)


def of_cabinet(readings: Iterable[AssetReading], policy: CabinetPolicy = CABINETS) -> Judged:
    """What the rules say of a cabinet."""
    return CABINET.follow(CABINET.fresh, readings, policy)


def told(found: Iterable[Found]) -> list[tuple[Hazard, float, float]]:
    """Hazard, and the minutes at which it began and was proved."""
    return [(f.hazard, _minute(f.episode.begin_ms), _minute(f.episode.raised_ms)) for f in found]


def over(found: Iterable[Found]) -> list[tuple[Hazard, float]]:
    """Hazard, and the minute at which it ended."""
    return [(f.hazard, _minute(f.episode.end_ms or 0)) for f in found]


def _minute(ts_ms: int) -> float:
    return (ts_ms - START) / MINUTE
