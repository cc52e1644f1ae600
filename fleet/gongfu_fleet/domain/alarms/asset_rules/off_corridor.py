"""The truck is far from every village, depot and site: it is not where its rounds can lead."""

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode

_KM = 1_000


def check(latch: Latch, scene: TruckScene, policy: TruckPolicy) -> tuple[Latch, Standing]:
    """Only a position measured in this very row counts."""
    if scene.at is None or scene.reading.lat_deg is None or not policy.ground.stops:
        return held(latch)
    inside = policy.ground.near(scene.at, policy.corridor_back_km * _KM)
    evidence = Evidence(
        wrong=not inside and not policy.ground.near(scene.at, policy.corridor_km * _KM),
        well=inside,
        begin_ms=scene.ts_ms,
        on_delay_ms=policy.corridor_min * MINUTE_MS,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(_episode: Episode, policy: TruckPolicy) -> Message:
    """For people."""
    return Message(
        f"车辆离最近的站点超过 {policy.corridor_km:g} 公里: 请联系随车人员。",
        f"The truck is more than {policy.corridor_km:g} km from every stop: call the crew.",
    )


RULE = AssetRule(Hazard.OFF_CORRIDOR, CALM, check, message)
