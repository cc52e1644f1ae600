"""One cooled zone followed in event time: what is good, what the goods feel, what the unit does.

``observe`` is a fold ``(state, reading) -> (state, scene)``: the state is frozen and holds all that
the past says; the scene is what every rule looks at. Nothing comes from a wall clock.
"""

from enum import StrEnum
from typing import NamedTuple

from gongfu_fleet.domain.coldchain import defrost as frost
from gongfu_fleet.domain.coldchain import product as goods
from gongfu_fleet.domain.coldchain.cooling import Cooling, Points, cooled, remembered, rise
from gongfu_fleet.domain.coldchain.defrost import Course, Excursion, Habit
from gongfu_fleet.domain.coldchain.door import Door, moved, since_shut_ms
from gongfu_fleet.domain.coldchain.drift import Drift, drifted
from gongfu_fleet.domain.coldchain.policy import HOUR_MS, MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.product import Product
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.domain.coldchain.sameness import Sameness, repeated
from gongfu_fleet.domain.coldchain.validity import Fault, Gate, passed

STEP_MS = 3 * MINUTE_MS


class Cause(StrEnum):
    """What explains that the air is above its limit; ``none`` while it is not."""

    NONE = "none"
    DOOR = "door"
    DEFROST = "defrost"
    UNEXPLAINED = "unexplained"
    OUTLASTED = "outlasted"


class Unit(NamedTuple):
    """Everything the past says about one zone."""

    since_ms: int | None = None
    gate: Gate = Gate()
    trio: tuple[float, ...] = ()
    points: Points = ()
    product: Product | None = None
    sameness: Sameness = Sameness()
    cooling: Cooling = Cooling()
    door: Door = Door()
    habit: Habit = Habit()
    excursion: Excursion | None = None
    drift: Drift = Drift()


class Scene(NamedTuple):
    """What a rule sees of one reading.

    ``celsius`` is the median of the last three good values, None when the reading is bad; then
    the rest is as it was. ``elapsed_ms`` since the good value before; ``gap``: more than the
    policy allows.
    """

    reading: Reading
    celsius: float | None
    fault: Fault | None
    elapsed_ms: int
    gap: bool
    cause: Cause
    learning: bool
    unit: Unit

    @property
    def ts_ms(self) -> int:
        """Event time."""
        return self.reading.ts_ms


def observe(unit: Unit, reading: Reading, policy: ColdPolicy) -> tuple[Unit, Scene]:
    """Follow one reading, later than all before it."""
    gate, fault = passed(unit.gate, reading, policy)
    door = moved(unit.door, reading)
    celsius = reading.celsius
    if fault is not None or celsius is None:
        unit = unit._replace(gate=gate, door=door)
        learning = _learning(unit, reading.ts_ms, policy)
        return unit, Scene(
            reading, None, fault, 0, gap=False, cause=Cause.NONE, learning=learning, unit=unit
        )
    return _followed(unit._replace(gate=gate, door=door), reading, celsius, policy)


def _learning(unit: Unit, ts_ms: int, policy: ColdPolicy) -> bool:
    return unit.since_ms is None or ts_ms - unit.since_ms < policy.learn_h * HOUR_MS


def _followed(unit: Unit, reading: Reading, raw: float, policy: ColdPolicy) -> tuple[Unit, Scene]:
    ts_ms = reading.ts_ms
    before_ms = unit.points[-1][0] if unit.points else ts_ms
    elapsed_ms = ts_ms - before_ms
    gap = elapsed_ms > policy.max_gap_min * MINUTE_MS
    learning = _learning(unit, ts_ms, policy)
    trio = (*unit.trio[-2:], raw) if not gap else (raw,)
    celsius = sorted(trio)[1] if len(trio) == 3 else raw  # noqa: PLR2004 - median of three
    points = remembered(() if gap else unit.points, ts_ms, celsius)
    excursion, habit, cause = _explained(unit, points, policy, learning=learning)
    disturbed = excursion is not None or _door_near(unit.door, ts_ms, policy)
    cooling = unit.cooling._replace(seen_ms=None, spoiled=True) if gap else unit.cooling
    drift = unit.drift
    if gap and elapsed_ms > 3 * HOUR_MS:
        drift = Drift(warmest_celsius=drift.warmest_celsius)
    after = Unit(
        since_ms=ts_ms if unit.since_ms is None else unit.since_ms,
        gate=unit.gate,
        trio=trio,
        points=points,
        product=_felt(unit.product, celsius, elapsed_ms, policy),
        sameness=repeated(
            unit.sameness, raw, since_ms=ts_ms if gap else 0, ts_ms=ts_ms, learning=learning
        ),
        cooling=cooled(cooling, points, learning=learning, disturbed=disturbed),
        door=unit.door,
        habit=habit,
        excursion=excursion,
        drift=drift if disturbed else drifted(drift, ts_ms, celsius, learning=learning),
    )
    return after, Scene(reading, celsius, None, elapsed_ms, gap, cause, learning, after)


def _felt(product: Product | None, celsius: float, elapsed_ms: int, policy: ColdPolicy) -> Product:
    around = goods.Surroundings(policy.coldest_air_celsius, policy.warmest_air_celsius)
    if product is None:
        return goods.guessed(celsius, around)
    if elapsed_ms > policy.max_gap_min * MINUTE_MS:
        return goods.unseen(product, around, elapsed_ms, policy.tau_min * MINUTE_MS)
    return goods.felt(product, celsius, elapsed_ms, policy.tau_min * MINUTE_MS)


def _door_near(door: Door, ts_ms: int, policy: ColdPolicy) -> bool:
    shut_ms = since_shut_ms(door, ts_ms)
    return shut_ms is not None and shut_ms <= policy.door_grace_min * MINUTE_MS


def _explained(
    unit: Unit, points: Points, policy: ColdPolicy, *, learning: bool
) -> tuple[Excursion | None, Habit, Cause]:
    ts_ms, celsius = points[-1]
    elapsed_ms = ts_ms - unit.points[-1][0] if unit.points else 0
    if celsius <= policy.air_high_celsius:
        habit = unit.habit
        if unit.excursion is not None:
            habit = _after(unit, unit.excursion, ts_ms, policy, learning=learning)
        return None, habit, Cause.NONE
    excursion = _grown(unit, points, policy, elapsed_ms)
    return excursion, unit.habit, _cause(unit, excursion, (ts_ms, celsius), policy)


def _grown(unit: Unit, points: Points, policy: ColdPolicy, elapsed_ms: int) -> Excursion:
    (ts_ms, celsius), excursion = points[-1], unit.excursion
    if excursion is None:
        may_be = frost.plausible(unit.habit, ts_ms, policy)
        excursion = Excursion(ts_ms, celsius, ts_ms, celsius, may_be)
    elif elapsed_ms > excursion.period_ms:
        excursion = excursion._replace(period_ms=elapsed_ms)
    if celsius > excursion.peak_celsius:
        excursion = excursion._replace(peak_ms=ts_ms, peak_celsius=celsius)
    change = rise(points)
    excursion = frost.climbed(excursion, unit.habit, ts_ms, change)
    excursion = _by_doors(excursion, unit.door, points, policy, elapsed_ms)
    unlike = frost.too_steep(unit.habit, change) if unit.door.known else excursion.step
    if excursion.plausible and unlike and not _door_near(unit.door, ts_ms, policy):
        excursion = excursion._replace(plausible=False)
    return excursion


def _by_doors(
    excursion: Excursion, door: Door, points: Points, policy: ColdPolicy, elapsed_ms: int
) -> Excursion:
    ts_ms, grace_ms = points[-1][0], policy.door_grace_min * MINUTE_MS
    stepped = _door_near(door, ts_ms, policy) if door.known else frost.recent_step(points)
    if stepped:
        early = door.known or ts_ms - excursion.begin_ms <= STEP_MS
        excursion = excursion._replace(step=excursion.step or early, step_ms=ts_ms)
    step_ms = excursion.step_ms
    graced = not door.known and step_ms is not None and ts_ms - step_ms <= grace_ms
    return _own(excursion, points, elapsed_ms, by_door=stepped or graced)


def _own(excursion: Excursion, points: Points, elapsed_ms: int, *, by_door: bool) -> Excursion:
    (ts_ms, celsius), own = points[-1], excursion.own_celsius
    if by_door:
        since_ms = min(elapsed_ms, ts_ms - excursion.begin_ms)
        return excursion._replace(door_ms=excursion.door_ms + since_ms)
    warmer = own is None or celsius > own
    return excursion._replace(own_celsius=celsius) if warmer else excursion


def _cause(
    unit: Unit, excursion: Excursion, newest: tuple[int, float], policy: ColdPolicy
) -> Cause:
    elapsed_ms = newest[0] - excursion.begin_ms
    if unit.door.known:
        by_door = _door_near(unit.door, newest[0], policy)
    else:
        by_door = excursion.step and elapsed_ms <= policy.door_grace_min * MINUTE_MS
    if by_door:
        return Cause.DOOR
    match frost.course(excursion, unit.habit, policy, newest):
        case Course.WITHIN:
            return Cause.DEFROST
        case Course.OUTLASTED:
            return Cause.OUTLASTED
        case Course.UNEXPECTED:
            return Cause.UNEXPLAINED


def _after(
    unit: Unit, excursion: Excursion, ts_ms: int, policy: ColdPolicy, *, learning: bool
) -> Habit:
    minutes = (ts_ms - excursion.begin_ms) / MINUTE_MS
    if minutes < policy.defrost_shortest_min:
        return unit.habit
    if excursion.step_ms is not None:
        # Perhaps a defrost with a door in it: from here on nobody knows when the last one was.
        return unit.habit._replace(last_ms=None)
    # Without an envelope a unit goes on to be learned, by what might be a defrost.
    teaches = learning or (excursion.plausible and unit.habit.defrosts < frost.FEW)
    if teaches and minutes <= policy.defrost_longest_min:
        return frost.learned(unit.habit, excursion, ts_ms)
    newest = (ts_ms, policy.air_high_celsius)
    if frost.course(excursion, unit.habit, policy, newest) is Course.WITHIN:
        return unit.habit._replace(last_ms=excursion.begin_ms)
    return unit.habit
