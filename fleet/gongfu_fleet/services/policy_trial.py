"""Trying a policy on stored readings of a zone before anybody is woken by it."""

from dataclasses import dataclass

from gongfu_fleet.domain.alarms.policy_effect import Effect, Judging, effect
from gongfu_fleet.domain.coldchain.policy import HOUR_MS
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.ports import Readings

DOOR = "door_open"


@dataclass(frozen=True)
class Stretch:
    """A zone's metric of a device over a stretch of event time, UTC ms."""

    asset: str
    metric: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True)
class Trial:
    """The stored readings of the stretch, and what differs."""

    readings: tuple[Reading, ...]
    effect: Effect


def tried(readings: Readings, stretch: Stretch, judging: Judging) -> Trial:
    """Judge a stretch by both policies, after as much before it as a unit is learned from."""
    learn_h = max(judging.before.learn_h, judging.after.learn_h)
    read = zone_readings(readings, stretch, before_ms=round(learn_h * HOUR_MS))
    inside = tuple(one for one in read if one.ts_ms >= stretch.from_ms)
    return Trial(inside, effect(read, judging, since_ms=stretch.from_ms))


def zone_readings(readings: Readings, stretch: Stretch, *, before_ms: int = 0) -> list[Reading]:
    """Air and door of a zone as far as they are stored, oldest first."""
    span = {"start_ms": max(0, stretch.from_ms - before_ms), "end_ms": stretch.to_ms}
    air = readings.series(stretch.asset, stretch.metric, **span)
    doors = dict(readings.series(stretch.asset, DOOR, **span))
    return [
        Reading(ts_ms, celsius, None if (door := doors.get(ts_ms)) is None else door > 0)
        for ts_ms, celsius in air
    ]
