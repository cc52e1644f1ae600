"""The cooling unit of a loaded truck does not cool: no zone's air falls while the door is shut."""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule, minutes_of
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


class Warming(NamedTuple):
    """One zone's air since it last fell or was as cold: how high, how long it was watched.

    ``watched_ms`` counts from when the door is shut and what it let in is gone. ``fell``: the
    newest value, of ``last_ms``, did, and is the new beginning.
    """

    since_ms: int
    last_ms: int
    base_celsius: float
    top_celsius: float
    watched_ms: int = 0
    fell: bool = False


class Reefer(NamedTuple):
    """Both zones; ``seen_ms`` is the newest reading that counted, None while the door matters."""

    zone_1: Warming | None = None
    zone_2: Warming | None = None
    seen_ms: int | None = None
    latch: Latch = CALM


def check(reefer: Reefer, scene: TruckScene, policy: TruckPolicy) -> tuple[Reefer, Standing]:
    """Two zones hardly defrost at once; a single zone is given the longest defrost."""
    reading = scene.reading
    if reading.zone_1_celsius is None and reading.zone_2_celsius is None:
        return reefer, held(reefer.latch)[1]
    if scene.gap:
        reefer = Reefer(latch=reefer.latch)
    if not _settled(scene, policy):
        return reefer._replace(seen_ms=None), held(reefer.latch)[1]
    zone_1 = _followed(reefer.zone_1, reading.zone_1_celsius, (scene.ts_ms, reefer.seen_ms), policy)
    zone_2 = _followed(reefer.zone_2, reading.zone_2_celsius, (scene.ts_ms, reefer.seen_ms), policy)
    zones = [zone for zone in (zone_1, zone_2) if zone]
    evidence = Evidence(
        wrong=scene.loaded is True and _off(zones, scene.ts_ms, policy),
        well=scene.loaded is False or any(zone.fell for zone in zones),
        begin_ms=max((zone.since_ms for zone in zones), default=scene.ts_ms),
        on_delay_ms=0,
        off_delay_ms=0,
        gap=scene.gap,
    )
    latch, standing = turned(reefer.latch, scene.ts_ms, evidence)
    return Reefer(zone_1, zone_2, scene.ts_ms, latch), standing


def message(episode: Episode, _policy: TruckPolicy) -> Message:
    """For people."""
    minutes = minutes_of(episode)
    return Message(
        f"车上有货, 冷机已 {minutes} 分钟不制冷: 请开机或检修, 否则转移货物。",
        f"The unit has not cooled for {minutes} minutes with goods aboard: start or repair it, or"
        " move the goods.",
    )


def _settled(scene: TruckScene, policy: TruckPolicy) -> bool:
    if scene.shut_ms is None:
        return False
    return scene.ts_ms - scene.shut_ms >= policy.reefer_door_grace_min * MINUTE_MS


def _followed(
    zone: Warming | None, celsius: float | None, stamp: tuple[int, int | None], policy: TruckPolicy
) -> Warming | None:
    ts_ms, seen_ms = stamp
    if celsius is None:
        silent = zone is None or ts_ms - zone.last_ms > policy.max_gap_min * MINUTE_MS
        return None if silent or zone is None else zone._replace(fell=False)
    if zone is None:
        return Warming(ts_ms, ts_ms, celsius, celsius)
    # What an open door let in falls off again by itself: that is no cooling.
    top = celsius if seen_ms is None else max(zone.top_celsius, celsius)
    if celsius <= top - policy.reefer_fall_celsius:
        return Warming(ts_ms, ts_ms, celsius, celsius, fell=True)
    if celsius < zone.base_celsius + policy.reefer_slack_celsius:
        return Warming(ts_ms, ts_ms, min(zone.base_celsius, celsius), celsius)
    watched_ms = 0 if seen_ms is None else zone.watched_ms + ts_ms - seen_ms
    return Warming(zone.since_ms, ts_ms, zone.base_celsius, top, watched_ms)


def _off(zones: list[Warming], ts_ms: int, policy: TruckPolicy) -> bool:
    single = len(zones) == 1
    idle_min = policy.reefer_single_idle_min if single else policy.reefer_idle_min
    return bool(zones) and all(
        ts_ms - zone.since_ms >= idle_min * MINUTE_MS
        and zone.watched_ms >= policy.reefer_watched_min * MINUTE_MS
        and zone.top_celsius - zone.base_celsius >= policy.reefer_rise_celsius
        for zone in zones
    )


RULE = AssetRule(Hazard.REEFER_OFF_LOADED, Reefer(), check, message)
