"""The unit has not cooled for much longer than it ever pauses: the compressor stands still.

A weak cycle can pass unseen and looks like a long pause; but then the air stays in its usual band.
So it must also be warmer than ever while the unit was learned.
"""

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Rule, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.door import since_shut_ms
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Cause, Scene

CONFIRM_MS = 2 * MINUTE_MS


def check(latch: Latch, scene: Scene, policy: ColdPolicy) -> tuple[Latch, Standing]:
    """Begins where cooling was last seen; over once it is seen again."""
    if scene.celsius is None or scene.gap or scene.learning:
        return held(latch)
    cooling = scene.unit.cooling
    since_ms = scene.ts_ms if cooling.seen_ms is None else cooling.seen_ms
    wrong = latch.raised_ms is not None and since_ms < scene.ts_ms
    evidence = Evidence(
        wrong=wrong or _stands_still(scene, since_ms, policy),
        well=since_ms == scene.ts_ms and cooling.seen_ms is not None,
        begin_ms=since_ms,
        on_delay_ms=policy.cooling_factor * cooling.longest_ms + CONFIRM_MS,
        off_delay_ms=0,
    )
    return turned(latch, scene.ts_ms, evidence)


def _stands_still(scene: Scene, since_ms: int, policy: ColdPolicy) -> bool:
    unit, celsius = scene.unit, scene.celsius
    highest = unit.cooling.highest_celsius
    if unit.cooling.longest_ms == 0 or highest is None or celsius is None:
        return False
    if celsius <= highest or scene.cause in {Cause.DOOR, Cause.DEFROST}:
        return False
    shut_ms = since_shut_ms(unit.door, scene.ts_ms)
    if shut_ms is not None and shut_ms <= policy.door_grace_min * MINUTE_MS:
        return False
    return scene.ts_ms - since_ms > policy.cooling_factor * unit.cooling.longest_ms


def message(episode: Episode, _policy: ColdPolicy) -> Message:
    """For people."""
    minutes = round((episode.raised_ms - episode.begin_ms) / MINUTE_MS)
    return Message(
        f"已 {minutes} 分钟没有制冷, 门关着: 检查压缩机和电源, 准备转移货物。",
        f"No cooling for {minutes} minutes with the door shut: look at compressor and power, and"
        " be ready to move the goods.",
    )


RULE = Rule(Hazard.NO_COOLING, Severity.CRITICAL, CALM, check, message)
