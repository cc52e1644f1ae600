"""The channel gives numbers that are no temperatures: codes, jumps, nothing."""

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Rule, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Scene


def check(latch: Latch, scene: Scene, policy: ColdPolicy) -> tuple[Latch, Standing]:
    """Bad for as long as the policy allows, without one good value between."""
    bad_ms = scene.unit.gate.bad_ms
    evidence = Evidence(
        wrong=scene.fault is not None,
        well=scene.fault is None,
        begin_ms=scene.ts_ms if bad_ms is None else bad_ms,
        on_delay_ms=policy.bad_min * MINUTE_MS,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(_episode: Episode, policy: ColdPolicy) -> Message:
    """For people."""
    return Message(
        f"探头连续 {policy.bad_min:g} 分钟没有可信读数: 检查接线或更换探头, 期间请人工测温。",
        f"No credible value from the probe for {policy.bad_min:g} minutes: check its wiring or"
        " replace it, and measure by hand meanwhile.",
    )


RULE = Rule(Hazard.PROBE_FAULT, Severity.HIGH, CALM, check, message)
