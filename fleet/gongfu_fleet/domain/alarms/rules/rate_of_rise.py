"""The air rises faster than this unit ever lets it, and neither a door nor a defrost explains it.

A quiet warning, earlier than the rules that must be sure. How far the air rises within a quarter of
an hour is learned while nothing disturbs the unit. While a learned defrost may begin it is silent:
its ramp looks the same.
"""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Rule, Standing
from gongfu_fleet.domain.alarms.timeline import Episode
from gongfu_fleet.domain.coldchain import defrost
from gongfu_fleet.domain.coldchain.cooling import FALL_CELSIUS, rise
from gongfu_fleet.domain.coldchain.door import since_shut_ms
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Cause, Scene

SPAN_MS = 15 * MINUTE_MS
CONFIRM_MS = 3 * MINUTE_MS


class State(NamedTuple):
    """The steepest rise of a quarter of an hour that was learned, in degrees Celsius."""

    steepest_celsius: float | None = None
    latch: Latch = CALM


def check(state: State, scene: Scene, policy: ColdPolicy) -> tuple[State, Standing]:
    """Over once the air rises no faster than was learned."""
    change = None if scene.celsius is None else rise(scene.unit.points, SPAN_MS)
    steepest = state.steepest_celsius
    if change is None or scene.learning:
        latch, standing = held(state.latch)
        if change is not None and scene.unit.excursion is None and not _door(scene, policy):
            steepest = change if steepest is None else max(steepest, change)
        return State(steepest, latch), standing
    if steepest is None:
        latch, standing = held(state.latch)
        return State(None, latch), standing
    steep = change > defrost.MARGIN * max(steepest, 0.0) + FALL_CELSIUS
    evidence = Evidence(
        wrong=steep and (state.latch.raised_ms is not None or not _explained(scene, policy)),
        well=change <= steepest,
        begin_ms=scene.ts_ms,
        on_delay_ms=CONFIRM_MS,
        off_delay_ms=policy.off_delay_min * MINUTE_MS,
        gap=scene.gap,
    )
    latch, standing = turned(state.latch, scene.ts_ms, evidence)
    return State(steepest, latch), standing


def _door(scene: Scene, policy: ColdPolicy) -> bool:
    shut_ms = since_shut_ms(scene.unit.door, scene.ts_ms)
    near_ms = policy.door_grace_min * MINUTE_MS
    # Without a door input a step within the quarter of an hour is a door all the same.
    stepped = not scene.unit.door.known and defrost.recent_step(scene.unit.points)
    return stepped or (shut_ms is not None and shut_ms <= near_ms)


def _explained(scene: Scene, policy: ColdPolicy) -> bool:
    unit = scene.unit
    if scene.cause in {Cause.DOOR, Cause.DEFROST} or _door(scene, policy):
        return True
    return unit.habit.defrosts > 0 and defrost.plausible(unit.habit, scene.ts_ms, policy)


def message(episode: Episode, _policy: ColdPolicy) -> Message:
    """For people."""
    peak = "" if episode.peak_celsius is None else f" {episode.peak_celsius:.1f} °C"
    return Message(
        f"温度{peak} 上升得比平时快, 与开门和化霜无关: 留意机组。",
        f"The air{peak} rises faster than it ever does, and neither a door nor a defrost explains"
        " it: keep an eye on the unit.",
    )


RULE = Rule(Hazard.RATE_OF_RISE, Severity.LOW, State(), check, message)
