"""The unit holds less and less: three hours' median above all that was learned, thrice on end."""

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
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Scene

LOOKS = 3
BACK_CELSIUS = 0.3


class State(NamedTuple):
    """How often the median was looked at, and how often on end it was too warm."""

    looks: int = 0
    hits: int = 0
    first_ms: int = 0
    latch: Latch = CALM


def check(state: State, scene: Scene, policy: ColdPolicy) -> tuple[State, Standing]:
    """Judged each ten undisturbed minutes; between them the standing stays."""
    drift = scene.unit.drift
    middle, warmest = drift.median_celsius, drift.warmest_celsius
    if scene.learning or drift.looks == state.looks or policy.drift_celsius is None:
        latch, standing = held(state.latch)
        return state._replace(looks=drift.looks), standing
    if middle is None or warmest is None:
        return state, NORMAL
    limit = warmest + policy.drift_celsius
    hits = state.hits + 1 if middle > limit else 0
    first_ms = scene.ts_ms if hits == 1 else state.first_ms
    evidence = Evidence(
        wrong=hits >= LOOKS,
        well=middle <= limit - BACK_CELSIUS,
        begin_ms=first_ms,
        on_delay_ms=0,
        off_delay_ms=0,
        gap=scene.gap,
    )
    latch, standing = turned(state.latch, scene.ts_ms, evidence)
    return State(drift.looks, hits, first_ms, latch), standing


def message(episode: Episode, _policy: ColdPolicy) -> Message:
    """For people."""
    peak = f"{episode.peak_celsius:.1f} °C"
    return Message(
        f"机组越来越冷不下来 (最高 {peak}): 检查制冷剂、冷凝器和门封。",
        f"The unit holds less and less (up to {peak}): check refrigerant, condenser and gasket.",
    )


RULE = Rule(Hazard.DRIFT, Severity.HIGH, State(), check, message)
