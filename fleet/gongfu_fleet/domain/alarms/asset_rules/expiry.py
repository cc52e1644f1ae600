"""What lies in the cabinet since it was last filled has little of its shelf life left.

Goods age by the temperature of the zone, felt as slowly as goods feel it, from the last filling on:
an opening after which a tray weighs more by ``restock_kg``. Hours in which nobody measured count at
the temperature before them. A class without a model of ageing is not judged.
"""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.cabinet_scene import CabinetScene
from gongfu_fleet.domain.alarms.asset_rules.policy import (
    HOUR_MS,
    MINUTE_MS,
    CabinetPolicy,
    ShelfLife,
)
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.asset_rules.stock import restocked
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, turned
from gongfu_fleet.domain.alarms.rules.rule import NORMAL, Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.product import share
from gongfu_fleet.domain.coldchain.shelf_life import aged_days, remaining_days

_HOURS = 24


class Age(NamedTuple):
    """Days of age at the model's reference since the filling, and how warm the goods are."""

    days: float = 0.0
    celsius: float | None = None
    latch: Latch = CALM


def check(age: Age, scene: CabinetScene, policy: CabinetPolicy) -> tuple[Age, Standing]:
    """Nothing but a filling makes goods younger, so nothing else ends it."""
    life = policy.life
    if life is None:
        return Age(), NORMAL
    celsius, days = _warmed(age.celsius, scene, life), age.days
    if age.celsius is not None and celsius is not None:
        warmest = max(age.celsius, celsius)
        days += aged_days(life.model, ((warmest, scene.elapsed_ms / HOUR_MS),))
    if restocked(scene.changes, policy.restock_kg):
        days = 0.0
    left_h = _HOURS * remaining_days(life.model, life.days, days, life.model.reference_celsius)
    evidence = Evidence(
        wrong=left_h < policy.expiry_h,
        well=left_h >= policy.expiry_h,
        begin_ms=scene.ts_ms,
        on_delay_ms=0,
        off_delay_ms=0,
        gap=scene.gap,
    )
    latch, standing = turned(age.latch, scene.ts_ms, evidence)
    return Age(days, celsius, latch), standing


def _warmed(before: float | None, scene: CabinetScene, life: ShelfLife) -> float | None:
    """What the goods feel of the air; what is no temperature, or came after a gap, says nothing."""
    air = scene.reading.zone_1_celsius
    if air is None or not life.low_celsius <= air <= life.high_celsius:
        return before
    if before is None or scene.gap:
        return air if before is None else before
    return before + share(scene.elapsed_ms, life.tau_min * MINUTE_MS) * (air - before)


def message(_episode: Episode, policy: CabinetPolicy) -> Message:
    """For people."""
    return Message(
        f"上次补货以来的商品按温度记录折算, 剩余保质期不足 {policy.expiry_h:g} 小时:"
        " 请检查, 下架或补换。",
        f"By the temperatures since the last filling the goods have less than {policy.expiry_h:g}"
        " hours of shelf life left: check them, take them out or exchange them.",
    )


RULE = AssetRule(Hazard.EXPIRY, Age(), check, message)
