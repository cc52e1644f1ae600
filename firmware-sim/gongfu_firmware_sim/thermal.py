"""Air temperature of a cooled zone as a function of time, and what the goods feel of it.

The compressor's limit cycle between two thresholds, its defrosts and every disturbance are written
in closed form, so any instant can be computed on its own: a restarted device goes on exactly where
it left. Shape of FREEZER: fourteen measured days of a real one (mean -19.4, troughs -20.7, peaks
-17.7, cycle 28-30 min, defrost every 35.7-42.4 h); CHILLED is scaled from it around 4 degrees, with
the defrost of a second measured unit (6 h 25 min, 20-30 min). TRUCK_FREEZER defrosts as often as
field controllers do, briefly, by hot gas behind a damper that keeps its warmth out of the hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, expm1, pi, sin

from gongfu_firmware_sim.chance import Origin, stream
from gongfu_firmware_sim.daytime import DAY_MS, HOUR_MS, MINUTE_MS
from gongfu_firmware_sim.disturbance import Course, Disturbances, Outage, Pulse

# Cycle k starts at (k + jitter) cycles: this jitter turns 29 min into 28 to 30.
_CYCLE_JITTER = 0.017
# The same for defrosts: 39 h becomes 35.7 to 42.4 h.
_DEFROST_JITTER = 0.043
_WARMING_BEND = 0.4
_COOLING_BEND = 1.2
_DEFROST_TAU_MS = 200 * MINUTE_MS  # so slow that the ramp looks straight, as measured
DOOR_RISE_TAU_MS = 3 * MINUTE_MS
DOOR_FALL_TAU_MS = 150_000
AJAR_RISE_TAU_MS = 8 * MINUTE_MS
AJAR_FALL_TAU_MS = 4 * MINUTE_MS
LEAK_RISE_TAU_MS = 10 * HOUR_MS
SENSOR_NOISE_CELSIUS = 0.083
SENSOR_STEP_CELSIUS = 0.1
FOREVER_MS = 2**53


@dataclass(frozen=True)
class Cooling:
    """What distinguishes one kind of unit from another; temperatures in degrees Celsius."""

    trough_celsius: float
    peak_celsius: float
    peak_tail_celsius: float
    spread_celsius: float
    ambient_celsius: float
    stopped_tau_ms: int
    pull_down_tau_ms: int
    defrost_every_ms: int
    defrost_ramp_ms: tuple[int, int]
    defrost_celsius_per_min: tuple[float, float]
    door_celsius: float
    ajar_celsius: float
    leak_celsius: float
    cycle_ms: int = 29 * MINUTE_MS


FREEZER = Cooling(
    trough_celsius=-20.7,
    peak_celsius=-18.4,
    peak_tail_celsius=0.6,
    spread_celsius=0.1,
    ambient_celsius=25.0,
    stopped_tau_ms=107 * MINUTE_MS,
    pull_down_tau_ms=17 * MINUTE_MS,
    defrost_every_ms=39 * HOUR_MS,
    defrost_ramp_ms=(28 * MINUTE_MS, 35 * MINUTE_MS),
    defrost_celsius_per_min=(0.6, 0.75),
    door_celsius=22.0,
    ajar_celsius=11.0,
    leak_celsius=14.0,
)
CHILLED = Cooling(
    trough_celsius=2.9,
    peak_celsius=4.7,
    peak_tail_celsius=0.15,
    spread_celsius=0.1,
    ambient_celsius=25.0,
    stopped_tau_ms=130 * MINUTE_MS,
    pull_down_tau_ms=12 * MINUTE_MS,
    defrost_every_ms=6 * HOUR_MS + 25 * MINUTE_MS,
    defrost_ramp_ms=(20 * MINUTE_MS, 30 * MINUTE_MS),
    defrost_celsius_per_min=(0.12, 0.17),
    door_celsius=9.0,
    ajar_celsius=9.0,
    leak_celsius=12.0,
)
# Makers' manuals of truck units: hot gas, and a damper shut meanwhile. So the air of the hold warms
# as in a unit that stands still, not as beside a heater; lengths and rates are our choice.
TRUCK_FREEZER = replace(
    FREEZER,
    defrost_every_ms=7 * HOUR_MS,
    defrost_ramp_ms=(10 * MINUTE_MS, 15 * MINUTE_MS),
    defrost_celsius_per_min=(0.35, 0.45),
)


@dataclass(frozen=True)
class _Cycle:
    start_ms: float
    end_ms: float
    warm_end_ms: float
    first_celsius: float
    peak_celsius: float
    last_celsius: float

    def at(self, ts_ms: int) -> float:
        if ts_ms < self.warm_end_ms:
            share = (ts_ms - self.start_ms) / (self.warm_end_ms - self.start_ms)
            rise = self.peak_celsius - self.first_celsius
            return self.first_celsius + rise * _bend(share, _WARMING_BEND)
        share = (ts_ms - self.warm_end_ms) / (self.end_ms - self.warm_end_ms)
        fall = self.last_celsius - self.peak_celsius
        return self.peak_celsius + fall * _bend(share, _COOLING_BEND)


def _bend(share: float, bend: float) -> float:
    return expm1(-bend * share) / expm1(-bend)


class CooledZone:
    """The undisturbed unit of one zone: compressor cycle and defrost times, pure in time."""

    def __init__(self, cooling: Cooling, origin: Origin, *, number: int) -> None:
        self.cooling = cooling
        self._key = (*origin, "zone", number)
        shift = stream(*self._key).random()
        self._cycle_shift_ms = int(shift * cooling.cycle_ms)
        self._defrost_shift_ms = int(shift * cooling.defrost_every_ms)
        self._cycle: _Cycle | None = None

    def calm(self, ts_ms: int) -> float:
        """Air temperature of the limit cycle alone."""
        cycle = self._cycle
        if cycle is None or not cycle.start_ms <= ts_ms < cycle.end_ms:
            cycle = self._cycle = self._find(ts_ms)
        return cycle.at(ts_ms)

    def air(self, ts_ms: int, by: Disturbances) -> float:
        """Air temperature with everything that disturbs it, without sensor noise."""
        course = by.course_at(ts_ms)
        if course is None:
            return self.calm(ts_ms) + by.lift(ts_ms)
        if ts_ms < course.outage.end_ms:
            return course.outage.at(ts_ms, course.from_celsius) + by.lift(ts_ms)
        left = course.left_celsius * self._decay(ts_ms - course.outage.end_ms)
        return self.calm(ts_ms) + left + by.lift(ts_ms)

    def cools(self, ts_ms: int, by: Disturbances) -> bool:
        """Whether the compressor runs: in the falling half of a cycle, never in an outage."""
        course = by.course_at(ts_ms)
        if course is not None and ts_ms < course.outage.end_ms:
            return False
        self.calm(ts_ms)  # finds the cycle
        return self._cycle is not None and ts_ms >= self._cycle.warm_end_ms

    def courses(self, outages: Iterable[Outage]) -> tuple[Course, ...]:
        """Where each outage starts from, and how much warmth it leaves behind; in order of time."""
        solved: list[Course] = []
        for outage in outages:
            start = self.calm(outage.start_ms)
            if solved:
                before = solved[-1]
                start += before.left_celsius * self._decay(outage.start_ms - before.outage.end_ms)
            left = outage.at(outage.end_ms, start) - self.calm(outage.end_ms)
            solved.append(Course(outage, start, left))
        return tuple(solved)

    def defrosts(self, start_ms: int, end_ms: int) -> list[Outage]:
        """Defrosts that begin in [start, end)."""
        every = self.cooling.defrost_every_ms
        first = (start_ms - self._defrost_shift_ms) // every - 1
        last = (end_ms - self._defrost_shift_ms) // every + 1
        drawn = [self._defrost(k) for k in range(first, last + 1)]
        return [d for d in drawn if start_ms <= d.start_ms < end_ms]

    def stop(self, start_ms: int, end_ms: int) -> Outage | None:
        """The compressor stands still: the air goes towards the surroundings."""
        cooling = self.cooling
        return Outage(start_ms, end_ms, cooling.ambient_celsius, cooling.stopped_tau_ms)

    def door(self, start_ms: int, end_ms: int) -> Pulse:
        """A door is open wide."""
        return Pulse(
            start_ms, end_ms, self.cooling.door_celsius, DOOR_RISE_TAU_MS, DOOR_FALL_TAU_MS
        )

    def ajar(self, start_ms: int, end_ms: int) -> Pulse:
        """A door is not quite shut: the unit holds a balance with the air that comes in."""
        return Pulse(
            start_ms, end_ms, self.cooling.ajar_celsius, AJAR_RISE_TAU_MS, AJAR_FALL_TAU_MS
        )

    def leak(self, start_ms: int, end_ms: int) -> Pulse:
        """Refrigerant is lost slowly: over hours the unit holds less and less."""
        lift = self.cooling.leak_celsius
        return Pulse(start_ms, end_ms, lift, LEAK_RISE_TAU_MS, self.cooling.pull_down_tau_ms)

    @property
    def usual_celsius(self) -> float:
        """What the unit is set to when nobody set it."""
        return (self.cooling.trough_celsius + self.cooling.peak_celsius) / 2

    def step(self, at_ms: int, celsius: float) -> Pulse:
        """It is set higher or lower from an instant on, by so many degrees."""
        return Pulse(at_ms, FOREVER_MS, celsius, self.cooling.pull_down_tau_ms, 1)

    def _defrost(self, k: int) -> Outage:
        dice = stream(*self._key, "defrost", k)
        cooling = self.cooling
        jitter = dice.uniform(-_DEFROST_JITTER, _DEFROST_JITTER)
        start = int((k + jitter) * cooling.defrost_every_ms) + self._defrost_shift_ms
        ramp = dice.randint(*cooling.defrost_ramp_ms)
        rate = dice.uniform(*cooling.defrost_celsius_per_min)
        target = cooling.trough_celsius + rate * _DEFROST_TAU_MS / MINUTE_MS
        return Outage(start, start + ramp, target, _DEFROST_TAU_MS)

    def _decay(self, elapsed_ms: int) -> float:
        return exp(-elapsed_ms / self.cooling.pull_down_tau_ms)

    def _find(self, ts_ms: int) -> _Cycle:
        k = (ts_ms - self._cycle_shift_ms) // self.cooling.cycle_ms
        if ts_ms < self._bounds(k)[0]:
            k -= 1
        elif ts_ms >= self._bounds(k + 1)[0]:
            k += 1
        start, first, peak, share = self._bounds(k)
        end, last, _, _ = self._bounds(k + 1)
        return _Cycle(start, end, start + share * (end - start), first, peak, last)

    def _bounds(self, k: int) -> tuple[float, float, float, float]:
        dice = stream(*self._key, "cycle", k)
        cooling = self.cooling
        jitter = dice.uniform(-_CYCLE_JITTER, _CYCLE_JITTER)
        start = (k + jitter) * cooling.cycle_ms + self._cycle_shift_ms
        trough = dice.gauss(cooling.trough_celsius, cooling.spread_celsius)
        peak = cooling.peak_celsius + dice.expovariate(1 / cooling.peak_tail_celsius)
        return start, trough, peak, dice.uniform(0.48, 0.55)


class RoomZone:
    """A zone without cooling: follows the room it stands in."""

    def __init__(self, origin: Origin, *, number: int) -> None:
        self._offset_celsius = stream(*origin, "room", number).uniform(-1.0, 1.0)

    def air(self, ts_ms: int, by: Disturbances) -> float:
        """Room temperature, 19-23 degrees: coolest at 05:00, warmest at 17:00 local time."""
        share = (ts_ms % DAY_MS) / DAY_MS - 0.625
        return 21.0 + self._offset_celsius - 2.0 * sin(2 * pi * share) + by.lift(ts_ms)

    def cools(self, ts_ms: int, by: Disturbances) -> bool:
        """Nothing is cooled."""
        del ts_ms, by
        return False

    def defrosts(self, start_ms: int, end_ms: int) -> list[Outage]:
        """None."""
        del start_ms, end_ms
        return []

    def courses(self, outages: Iterable[Outage]) -> tuple[Course, ...]:
        """None."""
        del outages
        return ()

    def stop(self, start_ms: int, end_ms: int) -> Outage | None:
        """Nothing is cooled, so nothing can stop."""
        del start_ms, end_ms
        return None

    def door(self, start_ms: int, end_ms: int) -> Pulse:
        """The room's air is inside and outside alike."""
        return Pulse(start_ms, end_ms, 0.3, DOOR_RISE_TAU_MS, DOOR_FALL_TAU_MS)

    def ajar(self, start_ms: int, end_ms: int) -> Pulse:
        """As for a door that was opened."""
        return self.door(start_ms, end_ms)

    def leak(self, start_ms: int, end_ms: int) -> Pulse:
        """No refrigerant, no leak."""
        return Pulse(start_ms, end_ms, 0.0, 1, 1)

    @property
    def usual_celsius(self) -> float:
        """A room is not set."""
        return 0.0

    def step(self, at_ms: int, celsius: float) -> Pulse:
        """Nothing is cooled, so nothing changes."""
        del celsius
        return Pulse(at_ms, FOREVER_MS, 0.0, 1, 1)


Zone = CooledZone | RoomZone


def product_celsius(product: float, air: float, *, dt_ms: int, tau_ms: int) -> float:
    """What the goods feel ``dt_ms`` later: a first-order filter, exact for irregular steps.

    s += (1 - e^(-dt/tau)) (air - s), the air held over the step. Exact for irregular samples.
    """
    return product + (air - product) * -expm1(-dt_ms / tau_ms)
