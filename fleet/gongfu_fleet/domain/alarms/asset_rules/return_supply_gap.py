"""The unit blows far colder air than it draws back: ice or cargo keeps the air from moving."""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule, minutes_of
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


class Wide(NamedTuple):
    """Since when one zone's difference is wide, again and again.

    ``wide_ms`` counts its time, ``narrow_ms`` what was watched since ``last_ms``, the newest wide
    row; ``top_celsius`` is the warmest return air since the beginning.
    """

    since_ms: int
    last_ms: int
    top_celsius: float
    wide_ms: int = 0
    narrow_ms: int = 0


class Airflow(NamedTuple):
    """Both zones; ``seen_ms`` is the newest row that counted, None while the door matters."""

    zone_1: Wide | None = None
    zone_2: Wide | None = None
    seen_ms: int | None = None
    latch: Latch = CALM


def check(airflow: Airflow, scene: TruckScene, policy: TruckPolicy) -> tuple[Airflow, Standing]:
    """The wide time of several runs adds up; a unit that rests between them shows none."""
    pairs = _pairs(scene.reading)
    if not any(pairs):
        return airflow, held(airflow.latch)[1]
    if scene.gap:
        airflow = airflow._replace(seen_ms=None)
    if not _settled(scene, policy):
        return airflow._replace(seen_ms=None), held(airflow.latch)[1]
    stamp = (scene.ts_ms, airflow.seen_ms)
    zone_1 = _followed(airflow.zone_1, pairs[0], stamp, policy)
    zone_2 = _followed(airflow.zone_2, pairs[1], stamp, policy)
    zones = [zone for zone in (zone_1, zone_2) if zone]
    proved = [zone for zone in zones if zone.wide_ms >= policy.supply_gap_min * MINUTE_MS]
    evidence = Evidence(
        wrong=bool(proved),
        well=not zones,
        begin_ms=min((zone.since_ms for zone in proved), default=scene.ts_ms),
        on_delay_ms=0,
        off_delay_ms=0,
        gap=scene.gap,
    )
    latch, standing = turned(airflow.latch, scene.ts_ms, evidence)
    return Airflow(zone_1, zone_2, scene.ts_ms, latch), standing


def message(episode: Episode, policy: TruckPolicy) -> Message:
    """For people."""
    minutes, celsius = minutes_of(episode), policy.supply_gap_celsius
    return Message(
        f"冷机回风与送风温差 {minutes} 分钟内多次超过 {celsius:g} °C: 请检查蒸发器结冰、风机和货物"
        "是否挡住风道, 出风口旁的货物可能受冻。",
        f"Return air has been more than {celsius:g} °C above supply air within {minutes} minutes:"
        " look for ice on the coil, the fans, and cargo in the way of the air; goods at the outlet"
        " may freeze.",
    )


def _pairs(reading: AssetReading) -> tuple[tuple[float, float] | None, ...]:
    """(supply, return) of each zone that tells both."""
    told = (
        (reading.supply_1_celsius, reading.return_1_celsius),
        (reading.supply_2_celsius, reading.return_2_celsius),
    )
    return tuple(None if a is None or b is None else (a, b) for a, b in told)


def _settled(scene: TruckScene, policy: TruckPolicy) -> bool:
    if scene.shut_ms is None:
        return False
    return scene.ts_ms - scene.shut_ms >= policy.reefer_door_grace_min * MINUTE_MS


def _followed(
    zone: Wide | None,
    pair: tuple[float, float] | None,
    stamp: tuple[int, int | None],
    policy: TruckPolicy,
) -> Wide | None:
    if pair is None:
        return zone
    ts_ms, seen_ms = stamp
    watched_ms = 0 if seen_ms is None else ts_ms - seen_ms
    supply, back = pair
    if back - supply < policy.supply_gap_celsius:
        return zone and _rested(zone, watched_ms, policy)
    if zone is None or back <= zone.top_celsius - policy.supply_fall_celsius:
        return Wide(ts_ms, ts_ms, back)
    # Time counts only between two wide rows that follow each other.
    wide_ms = zone.wide_ms + (watched_ms if seen_ms == zone.last_ms else 0)
    return Wide(zone.since_ms, ts_ms, max(zone.top_celsius, back), wide_ms)


def _rested(zone: Wide, watched_ms: int, policy: TruckPolicy) -> Wide | None:
    narrow_ms = zone.narrow_ms + watched_ms
    if narrow_ms >= policy.supply_calm_min * MINUTE_MS:
        return None
    return zone._replace(narrow_ms=narrow_ms)


RULE = AssetRule(Hazard.RETURN_SUPPLY_GAP, Airflow(), check, message)
