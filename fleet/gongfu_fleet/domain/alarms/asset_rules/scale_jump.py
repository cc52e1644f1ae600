"""One tray's weight leaps while the door is shut: its zero moved, or its cell is loose."""

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


def check(latch: Latch, scene: CabinetScene, policy: CabinetPolicy) -> tuple[Latch, Standing]:
    """Over when the scales have been still for a while; several trays are another matter."""
    if scene.weighing is None:
        return held(latch)
    jumped = bool(scene.weighing.steps) and len(scene.stepped) == 1
    evidence = Evidence(
        wrong=jumped,
        well=not scene.weighing.steps,
        begin_ms=scene.ts_ms,
        on_delay_ms=0,
        off_delay_ms=policy.scale_calm_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(_episode: Episode, policy: CabinetPolicy) -> Message:
    """For people."""
    return Message(
        f"关门状态下单个托盘重量突变超过 {policy.jump_kg:g} kg: 请重新归零, 盘点该托盘。",
        f"One tray's weight leapt by more than {policy.jump_kg:g} kg behind a shut door: set its"
        " zero and count it.",
    )


RULE = AssetRule(Hazard.SCALE_JUMP, CALM, check, message)
