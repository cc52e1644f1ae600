"""The channel repeats one value, though this unit's air normally moves."""

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Rule, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Scene

TIMES_NATURAL = 2.0


def check(latch: Latch, scene: Scene, policy: ColdPolicy) -> tuple[Latch, Standing]:
    """As long as the policy says, and twice as long as ever before: silence for a unit unknown."""
    same = scene.unit.sameness
    if scene.celsius is None or same.longest_ms is None or scene.learning:
        return held(latch)
    run_ms = scene.ts_ms - same.since_ms
    wrong = run_ms > 0 and run_ms >= max(
        policy.stuck_min * MINUTE_MS, TIMES_NATURAL * same.longest_ms
    )
    evidence = Evidence(
        wrong=wrong,
        well=run_ms == 0,
        begin_ms=same.since_ms,
        on_delay_ms=0,
        off_delay_ms=0,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(episode: Episode, _policy: ColdPolicy) -> Message:
    """For people."""
    value = f"{episode.peak_celsius:.1f} °C"
    return Message(
        f"探头一直停在 {value}: 检查或更换探头, 期间请人工测温。",
        f"The probe stays at exactly {value}: check or replace it, and measure by hand meanwhile.",
    )


RULE = Rule(Hazard.PROBE_STUCK, Severity.HIGH, CALM, check, message)
