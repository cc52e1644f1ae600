"""A door was opened and never shut: whoever opened it has gone, and the sale cannot be settled."""

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule, minutes_of
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


def check(latch: Latch, scene: CabinetScene, policy: CabinetPolicy) -> tuple[Latch, Standing]:
    """By one opening that lasts; the count of openings tells two short ones from a long one."""
    door_open = scene.reading.door_open
    if door_open is None:
        return held(latch)
    if door_open and scene.open_ms == scene.ts_ms and latch.raised_ms is None:
        latch = CALM
    evidence = Evidence(
        wrong=door_open,
        well=not door_open,
        begin_ms=scene.ts_ms if scene.open_ms is None else scene.open_ms,
        on_delay_ms=policy.session_min * MINUTE_MS,
        off_delay_ms=0,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(episode: Episode, _policy: CabinetPolicy) -> Message:
    """For people."""
    minutes = minutes_of(episode)
    return Message(
        f"开门 {minutes} 分钟未关门结算: 请派人关门, 核对本次购物。",
        f"Opened {minutes} minutes ago and never shut: have the door shut and settle the sale.",
    )


RULE = AssetRule(Hazard.SESSION_OPEN, CALM, check, message)
