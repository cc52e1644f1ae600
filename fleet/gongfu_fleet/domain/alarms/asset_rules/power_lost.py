"""Mains power is gone: the cabinet still speaks, on its battery."""

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule, minutes_of
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


def check(latch: Latch, scene: CabinetScene, policy: CabinetPolicy) -> tuple[Latch, Standing]:
    """A blink of the grid is shorter than the delay."""
    mains_on = scene.reading.mains_on
    if mains_on is None:
        return held(latch)
    evidence = Evidence(
        wrong=not mains_on,
        well=mains_on,
        begin_ms=scene.ts_ms,
        on_delay_ms=policy.power_lost_min * MINUTE_MS,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(episode: Episode, _policy: CabinetPolicy) -> Message:
    """For people."""
    minutes = minutes_of(episode)
    return Message(
        f"柜机已断电 {minutes} 分钟: 请检查插头与漏电开关, 勿开门, 尽快恢复供电。",
        f"No mains power for {minutes} minutes: check plug and breaker, keep the door shut.",
    )


RULE = AssetRule(Hazard.POWER_LOST, CALM, check, message)
