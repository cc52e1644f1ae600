"""The door is shut and its lock is not: anybody may open it."""

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule, minutes_of
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


def check(latch: Latch, scene: CabinetScene, policy: CabinetPolicy) -> tuple[Latch, Standing]:
    """Of one shut door alone: an open one cannot be locked, and each opening begins anew."""
    door_open, latched = scene.reading.door_open, scene.reading.lock_latched
    if door_open is None or latched is None:
        return held(latch)
    if scene.again and latch.raised_ms is None:
        latch = CALM
    evidence = Evidence(
        wrong=not door_open and not latched,
        well=not door_open and latched,
        begin_ms=scene.ts_ms,
        on_delay_ms=policy.lock_min * MINUTE_MS,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(episode: Episode, _policy: CabinetPolicy) -> Message:
    """For people."""
    minutes = minutes_of(episode)
    return Message(
        f"柜门已关, 但 {minutes} 分钟未锁上: 派人检查门锁, 锁好前请停售, 并盘点货物。",
        f"The door is shut and has not latched for {minutes} minutes: have the lock looked at, stop"
        " the sale until it holds, and count the goods.",
    )


RULE = AssetRule(Hazard.LOCK_NOT_LATCHED, CALM, check, message)
