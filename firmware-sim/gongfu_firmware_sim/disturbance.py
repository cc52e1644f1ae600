"""What happens to a cooled zone from outside: open doors, defrosts, failures; pure in time."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import exp, expm1

from gongfu_firmware_sim.daytime import MINUTE_MS

_FORGOTTEN_MS = 90 * MINUTE_MS  # a closed door's warmth is gone by then


@dataclass(frozen=True)
class Pulse:
    """A disturbance on top: rises towards ``lift_celsius`` until its end, then decays."""

    start_ms: int
    end_ms: int
    lift_celsius: float
    rise_tau_ms: int
    fall_tau_ms: int

    def at(self, ts_ms: int) -> float:
        """Degrees added at the instant."""
        if ts_ms <= self.start_ms:
            return 0.0
        risen = -expm1((self.start_ms - min(ts_ms, self.end_ms)) / self.rise_tau_ms)
        fallen = exp(min(0, self.end_ms - ts_ms) / self.fall_tau_ms)
        return self.lift_celsius * risen * fallen


@dataclass(frozen=True)
class Outage:
    """A time without cooling: the air goes from where it is towards ``target_celsius``."""

    start_ms: int
    end_ms: int
    target_celsius: float
    tau_ms: int

    def at(self, ts_ms: int, from_celsius: float) -> float:
        """Air temperature at an instant of it, having begun at ``from_celsius``."""
        gone = -expm1((self.start_ms - ts_ms) / self.tau_ms)
        return from_celsius + (self.target_celsius - from_celsius) * gone


@dataclass(frozen=True)
class Course:
    """An outage with where the air came from and how far above the usual it ends."""

    outage: Outage
    from_celsius: float
    left_celsius: float


@dataclass(frozen=True)
class Disturbances:
    """All that happens to one zone around one day; each in order of time."""

    courses: tuple[Course, ...] = ()
    doors: tuple[Pulse, ...] = ()
    slow: tuple[Pulse, ...] = ()
    door_starts_ms: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "door_starts_ms", tuple(p.start_ms for p in self.doors))

    def course_at(self, ts_ms: int) -> Course | None:
        """The last outage that has begun."""
        found = None
        for course in self.courses:
            if course.outage.start_ms > ts_ms:
                break
            found = course
        return found

    def lift(self, ts_ms: int) -> float:
        """Degrees added by open doors and slow failures."""
        total = sum(pulse.at(ts_ms) for pulse in self.slow)
        index = bisect_right(self.door_starts_ms, ts_ms) - 1
        while index >= 0 and self.door_starts_ms[index] > ts_ms - _FORGOTTEN_MS:
            total += self.doors[index].at(ts_ms)
            index -= 1
        return total


def in_order(stops: Iterable[Outage], defrosts: Iterable[Outage]) -> tuple[Outage, ...]:
    """Outages one after the other: overlapping stops are joined up, defrosts keep clear of them."""
    kept: list[Outage] = []
    for stop in sorted(stops, key=lambda o: o.start_ms):
        begin = max([stop.start_ms, *(k.end_ms for k in kept)])
        if begin < stop.end_ms:
            kept.append(replace(stop, start_ms=begin))
    clear = [
        d for d in defrosts if all(d.end_ms <= s.start_ms or d.start_ms >= s.end_ms for s in kept)
    ]
    return tuple(sorted([*kept, *clear], key=lambda o: o.start_ms))
