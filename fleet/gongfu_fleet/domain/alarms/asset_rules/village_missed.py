"""A village of the day's round was not visited by the end of its window and some minutes more.

A visit is a stay within the village. Nobody is told of a village in which the truck may have been
unheard: between two positions there was time to drive there, to stay, and to drive on. When a
backlog brings what was missing, the day is judged anew.
"""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.daytime import day_of, midnight_ms
from gongfu_fleet.domain.alarms.asset_rules.ground import LatLon
from gongfu_fleet.domain.alarms.asset_rules.policy import HOUR_MS, MINUTE_MS, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rule import AssetRule
from gongfu_fleet.domain.alarms.asset_rules.timetable import Call, metres_between
from gongfu_fleet.domain.alarms.asset_rules.truck_scene import TruckScene
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.latch import CALM, Evidence, Latch, held, turned
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode

_KM = 1_000
# Farther than a receiver jitters, nearer than a drive to anywhere.
_SAME_PLACE_M = 100


class Seen(NamedTuple):
    """A position and when it was measured."""

    at: LatLon
    ts_ms: int


class Stay(NamedTuple):
    """In which village the truck stands, and since when."""

    village: str
    since_ms: int


class Round(NamedTuple):
    """The local day; its villages visited, and those that may have been while nobody heard."""

    day: int = 0
    seen: Seen | None = None
    stay: Stay | None = None
    visited: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    latch: Latch = CALM


def check(was: Round, scene: TruckScene, policy: TruckPolicy) -> tuple[Round, Standing]:
    """Judged where a position was measured; a round is over when the next day begins."""
    at = scene.at if scene.reading.lat_deg is not None else None
    if not policy.timetable.versions or at is None:
        return was, held(was.latch)[1]
    now, day = Seen(at, scene.ts_ms), day_of(scene.ts_ms)
    known = was if day == was.day else Round(day, was.seen, latch=was.latch)
    after = known._replace(seen=now, stay=None)
    waited_for = [c for c in policy.timetable.calls_of(day) if c.village not in known.visited]
    closed: list[int] = []
    if waited_for:
        unheard = _unheard(waited_for, known, now, policy)
        stay, visited = _visiting(known, waited_for, scene, policy)
        after = Round(day, now, stay, visited, unheard, known.latch)
        closed = _closed(waited_for, after, policy)
    evidence = Evidence(
        wrong=bool(closed),
        well=not closed,
        begin_ms=min(closed, default=scene.ts_ms),
        on_delay_ms=0,
        off_delay_ms=0,
    )
    latch, standing = turned(known.latch, scene.ts_ms, evidence)
    return after._replace(latch=latch), standing


def _closed(calls: list[Call], after: Round, policy: TruckPolicy) -> list[int]:
    """When the windows of villages ended that were not visited long after."""
    now_ms = after.seen.ts_ms if after.seen else 0
    latest_ms = now_ms - policy.village_late_min * MINUTE_MS
    return [
        ends_ms
        for call in calls
        if (ends_ms := _ends_ms(call, after.day)) <= latest_ms
        and call.village not in after.visited
        and call.village not in after.unheard
    ]


def _visiting(
    known: Round, calls: list[Call], scene: TruckScene, policy: TruckPolicy
) -> tuple[Stay | None, tuple[str, ...]]:
    stay = _stay(known.stay, calls, scene, policy)
    if stay and scene.ts_ms - stay.since_ms >= policy.visit_min * MINUTE_MS:
        return None, tuple(sorted((*known.visited, stay.village)))
    return stay, known.visited


def _unheard(calls: list[Call], known: Round, now: Seen, policy: TruckPolicy) -> tuple[str, ...]:
    """Nothing hides between positions that follow each other closely."""
    if known.seen and now.ts_ms - known.seen.ts_ms <= policy.visit_min * MINUTE_MS:
        return known.unheard
    hidden = (call.village for call in calls if _hidden(call, known, now, policy))
    return tuple(sorted({*known.unheard, *hidden}))


def _stay(
    was: Stay | None, calls: list[Call], scene: TruckScene, policy: TruckPolicy
) -> Stay | None:
    if scene.speed_kmh is None or scene.at is None:
        return was
    if scene.speed_kmh > policy.still_kmh:
        return None
    at = scene.at
    here = next((c.village for c in calls if c.holds(at, policy.stop_radius_m)), None)
    if here is None:
        return None
    return was if was and was.village == here else Stay(here, scene.ts_ms)


def _hidden(call: Call, known: Round, now: Seen, policy: TruckPolicy) -> bool:
    """Whether the truck may have stayed there, in time, between the two newest positions."""
    late_ms = policy.village_late_min * MINUTE_MS
    begins_ms = midnight_ms(known.day) + (call.from_min - policy.village_early_min) * MINUTE_MS
    seen = known.seen
    if seen is None:
        return now.ts_ms > begins_ms
    if _stood(seen, now, policy):
        return False
    earliest_ms = max(begins_ms, seen.ts_ms + _drive_ms(call, seen, policy))
    stayed_ms = now.ts_ms - _drive_ms(call, now, policy) - policy.visit_min * MINUTE_MS
    return earliest_ms <= min(stayed_ms, _ends_ms(call, known.day) + late_ms)


def _drive_ms(call: Call, seen: Seen, policy: TruckPolicy) -> float:
    """How long it takes at least from there to the village, or back."""
    metres = max(0.0, call.metres(seen.at) - call.reach_m(policy.stop_radius_m))
    return metres / _KM / policy.reach_kmh * HOUR_MS


def _stood(seen: Seen, now: Seen, policy: TruckPolicy) -> bool:
    """A parked truck tells its place now and then: it did not leave and come back between."""
    near = metres_between(seen.at, now.at) <= _SAME_PLACE_M
    return near and now.ts_ms - seen.ts_ms <= policy.max_gap_min * MINUTE_MS


def _ends_ms(call: Call, day: int) -> int:
    return midnight_ms(day) + call.until_min * MINUTE_MS


def message(_episode: Episode, policy: TruckPolicy) -> Message:
    """For people."""
    return Message(
        f"今日班次中有村点过了计划时间 {policy.village_late_min:g} 分钟仍未到访:"
        " 请联系随车人员, 告知村民。",
        f"A village of today's round was not visited within {policy.village_late_min:g} minutes"
        " after its time: call the crew and tell the villagers.",
    )


RULE = AssetRule(Hazard.VILLAGE_MISSED, Round(), check, message)
