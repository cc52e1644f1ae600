"""A smart cabinet: one cooled zone, one door, eight trays on scales.

Per day (assumed): 15 openings of which 12 are paid sales, and a refill between 05:30
and 07:30 that fills every tray. The climate row is due each minute; each edge of the door is a row.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from gongfu_broker.columns import TRAYS
from gongfu_firmware_sim.chance import Noise, stream
from gongfu_firmware_sim.climate import Around, Probe, humidity_for, zone_for
from gongfu_firmware_sim.controls import UNTOUCHED, Controls
from gongfu_firmware_sim.daytime import HOUR_MS, MINUTE_MS, SECOND_MS, day_of, midnight_ms
from gongfu_firmware_sim.disturbance import Disturbances
from gongfu_firmware_sim.doors import DoorBook, DoorDay, Span, off_grid
from gongfu_firmware_sim.fault_plan import FaultPlan
from gongfu_firmware_sim.faults import Fault, FaultKind, active
from gongfu_firmware_sim.moment import Moment, Told, Values
from gongfu_firmware_sim.sales import Till, Visit, told_of, within
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec

ROW_MS = MINUTE_MS
OPENINGS_A_DAY = 15
SALES_A_DAY = 12
_REFILL_MS = (5 * HOUR_MS + 30 * MINUTE_MS, 7 * HOUR_MS)
_REFILL_VISITS = 4
_REFILL_EVERY_MS = 20 * MINUTE_MS
_SHOP_HOURS = (7.6, 11.3, 11.8, 12.3, 17.2, 17.8, 18.4, 20.9)  # busy at noon and after work
_CUSTOMER_EVERY_MS = 2 * MINUTE_MS
_SCALE_STEP_KG = 0.005
_SCALE_NOISE_KG = 0.002
# What faults of the scales show at most, on trays of their own.
_JUMP_KG = 0.4
_DRIFT_KG = 0.2
_GONE_KG = 0.6
# In a rush every customer takes this from one tray.
_RUSH_KG, _RUSH_TRAY = 1.5, 4
_LONGEST_UNFILLED_DAYS = 30
_UNWEIGHED = (None,) * TRAYS  # while the door is open hands lean on the trays
Levels = tuple[float, ...]


@dataclass(frozen=True)
class CabinetDay:
    """What people do on one day. ``full_kg`` is every tray's weight after the refill."""

    refills: tuple[Span, ...]
    customers: tuple[Span, ...]
    refilled: tuple[tuple[int, int], ...]
    takes: tuple[tuple[int, int, float], ...]
    full_kg: Levels

    @property
    def openings(self) -> tuple[Span, ...]:
        """When somebody has the door open."""
        return (*self.refills, *self.customers)


@dataclass(frozen=True)
class _Scene:
    """Everything needed to compute any instant of one day."""

    faults: tuple[Fault, ...]
    door: DoorDay
    by: Disturbances
    steps_ms: tuple[int, ...]
    levels: tuple[Levels, ...]
    events: tuple[Told, ...]


class Cabinet:
    """The world of one cabinet as a function of time; see ``moment.Model``."""

    def __init__(self, device: DeviceSpec, spec: ScenarioSpec) -> None:
        self._key = (spec.seed, device.dev)
        self._faults = FaultPlan(device, spec)
        dice = stream(*self._key, "cabinet")
        self._phase_ms = dice.randrange(0, ROW_MS, SECOND_MS)
        self._usual_kg = tuple(dice.uniform(6.0, 12.0) for _ in range(TRAYS))
        self._signal_dbm = dice.uniform(-85.0, -60.0)
        self._humidity_percent = humidity_for(device.zones[0])
        self._probe = Probe(
            zone_for(device.zones[0], self._key, number=1),
            Noise(self._key, "probe", slot_ms=ROW_MS),
        )
        self._scale_noise = Noise(self._key, "scale", slot_ms=ROW_MS // TRAYS)
        self._air_noise = Noise(self._key, "air", slot_ms=ROW_MS)
        opened_ever = dice.randrange(500, 5_000)
        self._doors = DoorBook(day_of(spec.start_ms), opened_ever, self._door_spans)
        self._planned = lru_cache(maxsize=4)(self._plan_people)
        self._scene = lru_cache(maxsize=2)(self._set_scene)
        self._controls = UNTOUCHED

    def follow(self, controls: Controls) -> None:
        """Doors opened from afar, when nothing is sold, and what the zone is set to."""
        self._controls = controls
        self._scene.cache_clear()

    def moments(self, after_ms: int, upto_ms: int) -> list[Moment]:
        """A row each minute, and one for each edge of the door."""
        rows: list[Moment] = []
        for day in range(day_of(after_ms), day_of(upto_ms) + 1):
            start = max(after_ms, midnight_ms(day) - 1)
            end = min(upto_ms, midnight_ms(day + 1) - 1)
            rows += self._climate(day, start, end)
            rows += self._edges(day, start, end)
        rows.sort()
        return [row for row in rows if not self._faults.active(FaultKind.RECORDER_STOP, row.ts_ms)]

    def clock_offset_ms(self, ts_ms: int) -> int:
        """What the cabinet's clock is off by."""
        return self._faults.clock_offset_ms(ts_ms)

    def reachable(self, ts_ms: int) -> bool:
        """Cabinets hang on a cable; only an ordered gap cuts them off."""
        return self._faults.active(FaultKind.RADIO_GAP, ts_ms) is None

    def _climate(self, day: int, after_ms: int, upto_ms: int) -> list[Moment]:
        scene = self._scene(day)
        first = after_ms + 1 + (self._phase_ms - after_ms - 1) % ROW_MS
        events = scene.events
        return [
            Moment(ts, self._row(ts, scene), closes=True, told=within(events, ts - ROW_MS, ts))
            for ts in range(first, upto_ms + 1, ROW_MS)
        ]

    def _visits(self, day: int) -> list[Visit]:
        people = self._people(day)
        took: dict[int, tuple[tuple[int, int], ...]] = {}
        for end, tray, kg in people.takes:
            took[end] = (*took.get(end, ()), (tray + 1, _grams(kg)))
        return [
            *(Visit(span, customer=False) for span in people.refills),
            *(Visit(span, taken=took.get(span[1], ())) for span in people.customers),
        ]

    def _row(self, ts_ms: int, scene: _Scene) -> Values:
        noise = self._air_noise.at(ts_ms)
        return (
            self._probe.read(ts_ms, scene.by, scene.faults),
            scene.door.is_open(ts_ms),
            *self._scales(ts_ms, scene),
            round(self._humidity_percent + noise),
            scene.door.opened(ts_ms),
            int(active(scene.faults, FaultKind.MAINS_LOST, ts_ms) is None),
            round(self._signal_dbm + 2 * noise),
            _latched(ts_ms, scene),
        )

    def _scales(self, ts_ms: int, scene: _Scene) -> Levels:
        levels = scene.levels[bisect_right(scene.steps_ms, ts_ms) - 1]
        slot_ms = ROW_MS // TRAYS
        minute_ms = ts_ms - ts_ms % ROW_MS
        noise = self._scale_noise.at
        wrong = _scales_off_kg(ts_ms, scene.faults)
        return tuple(
            _shown(level + off + _SCALE_NOISE_KG * noise(minute_ms + tray * slot_ms))
            for tray, (level, off) in enumerate(zip(levels, wrong, strict=True))
        )

    def _edges(self, day: int, after_ms: int, upto_ms: int) -> list[Moment]:
        scene = self._scene(day)
        rows = []
        for ts, is_open in scene.door.edges_in(after_ms, upto_ms):
            weights: Values = _UNWEIGHED if is_open else self._scales(ts, scene)
            rows.append(Moment(ts, (None, is_open, *weights, None, scene.door.opened(ts)), is_open))
        return rows

    def _plan_people(self, day: int) -> CabinetDay:
        dice = stream(*self._key, "people", day)
        start = midnight_ms(day)
        refills = _refill_visits(dice, start)
        customers = _customers(dice, start)
        sales = sorted(dice.sample(customers, SALES_A_DAY))
        return CabinetDay(
            refills=tuple(refills),
            customers=tuple(customers),
            refilled=tuple((refills[tray % _REFILL_VISITS][1], tray) for tray in range(TRAYS)),
            takes=tuple((s[1], dice.randrange(TRAYS), dice.uniform(0.25, 1.2)) for s in sales),
            full_kg=tuple(kg + dice.uniform(-0.3, 0.3) for kg in self._usual_kg),
        )

    def _people(self, day: int) -> CabinetDay:
        """Who comes on a day and is let in; whoever refills is, always."""
        planned, sells = self._faulty(self._planned(day)), self._controls.sells_at
        turned_away = {end for begin, end in planned.customers if not sells(begin)}
        if not turned_away:
            return planned
        return replace(
            planned,
            customers=tuple(span for span in planned.customers if span[1] not in turned_away),
            takes=tuple(take for take in planned.takes if take[0] not in turned_away),
        )

    def _faulty(self, planned: CabinetDay) -> CabinetDay:
        """A day on which nobody refills, or everybody wants the same."""
        holds = self._faults.active
        missed = {end for begin, end in planned.refills if holds(FaultKind.REFILL_MISSED, begin)}
        rush = [end for begin, end in planned.customers if holds(FaultKind.RUSH, begin)]
        if not missed and not rush:
            return planned
        return replace(
            planned,
            refills=tuple(span for span in planned.refills if span[1] not in missed),
            refilled=tuple(one for one in planned.refilled if one[0] not in missed),
            takes=(*planned.takes, *((end, _RUSH_TRAY, _RUSH_KG) for end in rush)),
        )

    def _set_scene(self, day: int) -> _Scene:
        faults = self._faults.around(day)
        around = Around(day, self._openings(day), faults)
        steps, levels = self._weights(day)
        door = self._doors.day(day)
        visits = (*self._visits(day - 1), *self._visits(day))
        till = Till(self._controls.fen_per_kg, faults)
        return _Scene(
            faults=faults,
            door=door,
            by=self._probe.disturbed(around, self._controls.setpoints),
            steps_ms=steps,
            levels=levels,
            events=told_of(self._key, visits, door.spans, till),
        )

    def _door_spans(self, day: int) -> tuple[Span, ...]:
        ajar = Around(day, (), self._faults.around(day)).spans(FaultKind.DOOR_AJAR)
        return (*self._openings(day), *ajar)

    def _openings(self, day: int) -> tuple[Span, ...]:
        unlocked = self._controls.doors
        return (*self._people(day - 1).openings, *self._people(day).openings, *unlocked)

    def _weights(self, day: int) -> tuple[tuple[int, ...], tuple[Levels, ...]]:
        today, levels = self._people(day), self._left_kg(day - 1)
        steps, history = [0], [tuple(levels)]
        filled = [(ts, tray, -today.full_kg[tray]) for ts, tray in today.refilled]
        for ts, tray, kg in sorted([*filled, *today.takes]):
            levels[tray] = -kg if kg < 0 else max(0.0, levels[tray] - kg)
            steps.append(ts)
            history.append(tuple(levels))
        return tuple(steps), tuple(history)

    def _left_kg(self, day: int) -> list[float]:
        """What lies on the trays at the end of a day."""
        last = day
        while len(self._people(last).refilled) < TRAYS and day - last < _LONGEST_UNFILLED_DAYS:
            last -= 1
        levels = list(self._people(last).full_kg)
        for one in map(self._people, range(last, day + 1)):
            for _, tray in one.refilled:
                levels[tray] = one.full_kg[tray]
            for _, tray, kg in one.takes:
                levels[tray] = max(0.0, levels[tray] - kg)
        return levels


def _latched(ts_ms: int, scene: _Scene) -> int:
    """The bolt falls in as the door shuts, unless it is jammed."""
    jammed = active(scene.faults, FaultKind.LOCK_JAMMED, ts_ms) is not None
    return int(not scene.door.is_open(ts_ms) and not jammed)


def _scales_off_kg(ts_ms: int, faults: tuple[Fault, ...]) -> Levels:
    """What each tray shows too much: a zero that leapt or creeps, goods that went unseen."""
    off = [0.0] * TRAYS
    if active(faults, FaultKind.SCALE_JUMP, ts_ms):
        off[0] += _JUMP_KG
    if drift := active(faults, FaultKind.SCALE_DRIFT, ts_ms):
        off[1] += _DRIFT_KG * (ts_ms - drift.start_ms) / (drift.end_ms - drift.start_ms)
    if active(faults, FaultKind.GOODS_GONE, ts_ms):
        off[2] -= _GONE_KG
        off[3] -= _GONE_KG
    return tuple(off)


def _grams(kg: float) -> int:
    """A weight as the difference of two steps of the scale."""
    return round(kg / _SCALE_STEP_KG) * round(1_000 * _SCALE_STEP_KG)


def _shown(kg: float) -> float:
    return round(round(kg / _SCALE_STEP_KG) * _SCALE_STEP_KG, 3)


def _refill_visits(dice: Random, midnight: int) -> list[Span]:
    begin = midnight + dice.randrange(*_REFILL_MS)
    starts = [begin + visit * _REFILL_EVERY_MS // _REFILL_VISITS for visit in range(_REFILL_VISITS)]
    return [off_grid((at, at + dice.randrange(90_000, 150_000))) for at in starts]


def _customers(dice: Random, midnight: int) -> list[Span]:
    hours = sorted(_hour(dice.random()) for _ in range(OPENINGS_A_DAY))
    spans: list[Span] = []
    for hour in hours:
        at = midnight + int(hour * HOUR_MS)
        if spans:
            at = max(at, spans[-1][1] + _CUSTOMER_EVERY_MS)
        spans.append(off_grid((at, at + dice.randrange(20_000, 60_000))))
    return spans


def _hour(share: float) -> float:
    place, rest = divmod(share * (len(_SHOP_HOURS) - 1), 1)
    low, high = _SHOP_HOURS[int(place)], _SHOP_HOURS[int(place) + 1]
    return low + rest * (high - low)
