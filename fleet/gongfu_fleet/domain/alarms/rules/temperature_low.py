"""The air is below what the goods bear: chilling injury, freezing."""

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import (
    NORMAL,
    Message,
    Rule,
    Standing,
)
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Scene


def check(latch: Latch, scene: Scene, policy: ColdPolicy) -> tuple[Latch, Standing]:
    """Below the low limit for its delay; the limit itself is still good."""
    celsius, low = scene.celsius, policy.low_celsius
    if low is None:
        return CALM, NORMAL
    if celsius is None:
        return held(latch)
    evidence = Evidence(
        wrong=celsius < low,
        well=celsius >= low + policy.deadband_celsius,
        begin_ms=scene.ts_ms,
        on_delay_ms=policy.low_delay_min * MINUTE_MS,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(episode: Episode, policy: ColdPolicy) -> Message:
    """For people."""
    peak, limit = f"{episode.peak_celsius:.1f} °C", f"{policy.low_celsius or 0:g} °C"
    return Message(
        f"温度 {peak}, 低于限值 {limit}: 检查温控器, 防止冻伤。",
        f"It is {peak}, below {limit}: check the thermostat before the goods freeze.",
    )


RULE = Rule(Hazard.TEMPERATURE_LOW, Severity.HIGH, CALM, check, message)
