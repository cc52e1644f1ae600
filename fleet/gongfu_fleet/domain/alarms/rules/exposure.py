"""The goods' time above their budget's limit is used up (time as a control, FDA 3-501.19)."""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import (
    NORMAL,
    Message,
    Rule,
    Standing,
)
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.exposure import Exposure, exposed, unmeasured
from gongfu_fleet.domain.coldchain.policy import HOUR_MS, MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Scene


class State(NamedTuple):
    """The budget used, and when it was last drawn on."""

    exposure: Exposure = Exposure()
    drawn_ms: int = 0
    latch: Latch = CALM


def check(state: State, scene: Scene, policy: ColdPolicy) -> tuple[State, Standing]:
    """Forgotten once nothing was drawn for as long as goods stay, or when a crew restocks."""
    limit, product = policy.exposure_celsius, scene.unit.product
    if limit is None:
        return state, NORMAL
    if scene.celsius is None or product is None:
        latch, standing = held(state.latch)
        return state, standing
    used, drawn_ms = state.exposure, state.drawn_ms
    if scene.gap:
        used = unmeasured(used, limit, product.high_celsius, scene.elapsed_ms)
    else:
        used = exposed(used, limit, product.celsius, scene.elapsed_ms)
    if product.celsius > limit:
        drawn_ms = scene.ts_ms
    forgotten = scene.ts_ms - drawn_ms >= policy.exposure_forgotten_h * HOUR_MS
    if forgotten or scene.reading.restocking:
        used = Exposure()
    evidence = Evidence(
        wrong=used.over_ms > policy.exposure_min * MINUTE_MS,
        well=used.over_ms == 0,
        begin_ms=scene.ts_ms,
        on_delay_ms=0,
        off_delay_ms=0,
    )
    latch, standing = turned(state.latch, scene.ts_ms, evidence)
    return State(used, drawn_ms, latch), standing


def message(_episode: Episode, policy: ColdPolicy) -> Message:
    """For people."""
    limit, minutes = f"{policy.exposure_celsius or 0:g} °C", f"{policy.exposure_min:g}"
    return Message(
        f"货物高于 {limit} 的累计时间超过 {minutes} 分钟: 按时间控制规则应下架。",
        f"The goods have been above {limit} for more than {minutes} minutes in all: by the rule"
        " of time control they are to be withdrawn.",
    )


RULE = Rule(Hazard.EXPOSURE, Severity.CRITICAL, State(), check, message)
