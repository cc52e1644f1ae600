"""What the goods feel is above their limit; above the critical one no defrost excuses it.

The estimate begins as warm as the first air that is known, perhaps through an open door. Until it
was once within the limit, or even its lower bound is beyond, it is a guess and raises nothing.
"""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Rule, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Cause, Scene


class State(NamedTuple):
    """When a defrost last explained the air; ``known``: the estimate is more than a guess."""

    explained_ms: int | None = None
    latch: Latch = CALM
    known: bool = False


def check(state: State, scene: Scene, policy: ColdPolicy) -> tuple[State, Standing]:
    """A plausible defrost and the hour after it count as explained, as in field controllers."""
    product = scene.unit.product
    if scene.celsius is None or product is None:
        latch, standing = held(state.latch)
        return state, standing
    explained_ms = state.explained_ms
    if scene.cause is Cause.DEFROST:
        explained_ms = scene.ts_ms
    after_ms = policy.defrost_after_min * MINUTE_MS
    excused = explained_ms is not None and scene.ts_ms - explained_ms <= after_ms
    warm = product.celsius > policy.product_high_celsius
    known = state.known or not warm or product.low_celsius > policy.product_high_celsius
    critical = product.celsius > policy.product_critical_celsius
    evidence = Evidence(
        wrong=known and (critical or (warm and (not excused or state.latch.raised_ms is not None))),
        well=product.celsius <= policy.product_high_celsius - policy.deadband_celsius,
        begin_ms=scene.ts_ms,
        on_delay_ms=0,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    latch, standing = turned(state.latch, scene.ts_ms, evidence)
    return State(explained_ms, latch, known), standing


def message(_episode: Episode, policy: ColdPolicy) -> Message:
    """For people."""
    limit = f"{policy.product_high_celsius:g} °C"
    return Message(
        f"货物估计温度高于 {limit}: 测中心温度, 决定放行、检验或下架。",
        f"The goods are estimated above {limit}: measure their core, then release, inspect or"
        " withdraw them.",
    )


RULE = Rule(Hazard.PRODUCT_HIGH, Severity.CRITICAL, State(), check, message)
