"""The receiver has no position although the truck moves: the odometer tells."""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule, minutes_of
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


class Blind(NamedTuple):
    """Since when there is no fix, and what the odometer said then."""

    since_ms: int | None = None
    odometer_km: float | None = None
    latch: Latch = CALM


def check(blind: Blind, scene: TruckScene, policy: TruckPolicy) -> tuple[Blind, Standing]:
    """A truck that stands in a garage is not lost; rows without any of the columns say nothing."""
    fixed = _fixed(scene.reading, policy)
    if fixed is None:
        return blind, held(blind.latch)[1]
    odometer_km = scene.reading.odometer_km
    begin_ms, from_km = blind.since_ms, blind.odometer_km
    if fixed:
        begin_ms = from_km = None
    else:
        begin_ms = scene.ts_ms if begin_ms is None else begin_ms
        from_km = odometer_km if from_km is None else from_km
    evidence = Evidence(
        wrong=not fixed and _moved(from_km, scene, policy),
        well=fixed,
        begin_ms=scene.ts_ms if begin_ms is None else begin_ms,
        on_delay_ms=policy.gnss_lost_min * MINUTE_MS,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    latch, standing = turned(blind.latch, scene.ts_ms, evidence)
    return Blind(begin_ms, from_km, latch), standing


def message(episode: Episode, _policy: TruckPolicy) -> Message:
    """For people."""
    minutes = minutes_of(episode)
    return Message(
        f"行驶中已 {minutes} 分钟没有定位: 请检查天线。",
        f"No position for {minutes} minutes while driving: check the antenna.",
    )


def _fixed(reading: AssetReading, policy: TruckPolicy) -> bool | None:
    if reading.satellites is None and reading.lat_deg is None and reading.odometer_km is None:
        return None
    if reading.satellites is not None and reading.satellites < policy.gnss_satellites:
        return False
    return reading.lat_deg is not None and reading.lon_deg is not None


def _moved(from_km: float | None, scene: TruckScene, policy: TruckPolicy) -> bool:
    now_km = scene.reading.odometer_km
    if from_km is None or now_km is None:
        speed_kmh = scene.reading.speed_kmh
        return speed_kmh is not None and speed_kmh > policy.moving_kmh
    return now_km - from_km >= policy.gnss_moved_km


RULE = AssetRule(Hazard.GNSS_LOST, Blind(), check, message)
