"""A tray's weight creeps while the door is shut: stock and bills of that tray become wrong."""

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode


def check(latch: Latch, scene: CabinetScene, policy: CabinetPolicy) -> tuple[Latch, Standing]:
    """Creeping adds up within one stretch of a shut door; an opening begins a new one."""
    if scene.weighing is None:
        return held(latch)
    drifted = bool(scene.weighing.drifted)
    evidence = Evidence(
        wrong=drifted,
        well=not drifted,
        begin_ms=scene.ts_ms,
        on_delay_ms=0,
        off_delay_ms=policy.scale_calm_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(_episode: Episode, policy: CabinetPolicy) -> Message:
    """For people."""
    return Message(
        f"关门状态下托盘重量漂移超过 {policy.drift_kg:g} kg: 请校秤。",
        f"A tray's weight crept by more than {policy.drift_kg:g} kg behind a shut door: calibrate"
        " its scale.",
    )


RULE = AssetRule(Hazard.SCALE_DRIFT, CALM, check, message)
