"""The door stands open: longer than a customer takes, or a crew that restocks."""

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Rule, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Scene


def check(latch: Latch, scene: Scene, policy: ColdPolicy) -> tuple[Latch, Standing]:
    """By the door input alone; without one other rules see what an open door does."""
    door = scene.unit.door
    if scene.reading.door_open is None:
        return held(latch)
    allowed_min = policy.door_restock_min if door.restocking else policy.door_open_min
    # Opened again since: what began before is over, and the next reading begins anew.
    again = None not in (latch.begin_ms, door.open_ms) and latch.begin_ms != door.open_ms
    open_still = door.open_ms is not None and not again
    evidence = Evidence(
        wrong=open_still,
        well=not open_still,
        begin_ms=scene.ts_ms if door.open_ms is None else door.open_ms,
        on_delay_ms=allowed_min * MINUTE_MS,
        off_delay_ms=0,
    )
    return turned(latch, scene.ts_ms, evidence)


def message(episode: Episode, _policy: ColdPolicy) -> Message:
    """For people."""
    minutes = round((episode.raised_ms - episode.begin_ms) / MINUTE_MS)
    return Message(
        f"柜门已开 {minutes} 分钟: 请关门, 关不严时检查门封。",
        f"The door has been open for {minutes} minutes: shut it; if it does not shut, check the"
        " gasket.",
    )


RULE = Rule(Hazard.DOOR_AJAR, Severity.HIGH, CALM, check, message)
