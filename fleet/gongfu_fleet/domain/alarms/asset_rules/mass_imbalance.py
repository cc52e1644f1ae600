"""Several trays change while the door is shut: goods moved, and no opening accounts for them."""

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode

_SEVERAL = 2


def check(latch: Latch, scene: CabinetScene, policy: CabinetPolicy) -> tuple[Latch, Standing]:
    """One tray alone is taken for a fault of its scale; two do not fail in one stretch."""
    if scene.weighing is None:
        return held(latch)
    evidence = Evidence(
        wrong=bool(scene.weighing.steps) and len(scene.stepped) >= _SEVERAL,
        well=not scene.weighing.steps,
        begin_ms=scene.ts_ms,
        on_delay_ms=0,
        off_delay_ms=policy.scale_calm_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(_episode: Episode, _policy: CabinetPolicy) -> Message:
    """For people."""
    return Message(
        "关门状态下多个托盘重量变化: 请检查门磁与门锁, 盘点货物, 调看录像。",
        "Several trays changed behind a shut door: check door switch and lock, count the goods.",
    )


RULE = AssetRule(Hazard.MASS_IMBALANCE, CALM, check, message)
