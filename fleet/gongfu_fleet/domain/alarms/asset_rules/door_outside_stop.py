"""The door is open while the truck stands where no village, depot or site is."""

import math

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule, minutes_of
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


def check(latch: Latch, scene: TruckScene, policy: TruckPolicy) -> tuple[Latch, Standing]:
    """Between the fence and the wider one a jittering position says neither."""
    if scene.door_open is None or not policy.ground.stops:
        return held(latch)
    wrong, well = False, True
    if scene.door_open:
        if scene.at is None or scene.speed_kmh is None:
            return held(latch)
        metres = policy.ground.nearest_m(scene.at, policy.stop_leave_m)
        standing = scene.speed_kmh <= policy.still_kmh
        wrong, well = standing and math.isinf(metres), metres <= policy.stop_radius_m
    evidence = Evidence(
        wrong=wrong,
        well=well,
        begin_ms=scene.ts_ms,
        on_delay_ms=policy.door_outside_min * MINUTE_MS,
        off_delay_ms=policy.door_outside_off_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(episode: Episode, _policy: TruckPolicy) -> Message:
    """For people."""
    minutes = minutes_of(episode)
    return Message(
        f"停在非站点处开门 {minutes} 分钟: 请联系随车人员, 核对货物。",
        f"The door was open for {minutes} minutes where no stop is: call the crew and check the"
        " goods.",
    )


RULE = AssetRule(Hazard.DOOR_OUTSIDE_STOP, CALM, check, message)
