"""The air is above its limit, and neither a door nor a defrost of this unit explains it.

While the unit is being learned, the policy's own delay and its longest defrost count. Afterwards an
excursion that nothing explains is told after ten minutes, one that left the learned envelope at
once.
"""

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Rule, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Cause, Scene

RECOVERING_CELSIUS = 1.0
RECOVERING_MIN = 40


def check(latch: Latch, scene: Scene, policy: ColdPolicy) -> tuple[Latch, Standing]:
    """Begins with the excursion; a recovery that goes on is given 40 minutes."""
    celsius, excursion = scene.celsius, scene.unit.excursion
    if celsius is None:
        return held(latch)
    wrong = excursion is not None and _proven(scene, celsius, policy)
    evidence = Evidence(
        wrong=wrong or (latch.raised_ms is not None and excursion is not None),
        well=celsius <= policy.air_high_celsius - policy.deadband_celsius,
        begin_ms=scene.ts_ms if excursion is None else excursion.begin_ms,
        on_delay_ms=0,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    return turned(latch, scene.ts_ms, evidence)


def _proven(scene: Scene, celsius: float, policy: ColdPolicy) -> bool:
    excursion = scene.unit.excursion
    if excursion is None or scene.cause in {Cause.DOOR, Cause.DEFROST}:
        return False
    minutes = (scene.ts_ms - excursion.begin_ms) / MINUTE_MS
    if scene.learning:
        return minutes >= policy.air_delay_min
    if scene.cause is Cause.OUTLASTED:
        return True
    recovering = celsius <= excursion.peak_celsius - RECOVERING_CELSIUS
    return minutes >= (RECOVERING_MIN if recovering else policy.unexplained_min)


def message(episode: Episode, policy: ColdPolicy) -> Message:
    """For people."""
    peak, limit = f"{episode.peak_celsius:.1f} °C", f"{policy.air_high_celsius:g} °C"
    return Message(
        f"空气温度 {peak}, 高于限值 {limit}, 与开门和化霜无关: 检查制冷机组。",
        f"The air is at {peak}, above {limit}, and neither a door nor a defrost explains it:"
        " look at the refrigeration.",
    )


RULE = Rule(Hazard.AIR_HIGH, Severity.HIGH, CALM, check, message)
