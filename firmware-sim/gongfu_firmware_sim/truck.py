"""A cold-chain truck: two cooled zones, one door, a receiver for positions, a load cell.

On duty a position is due every 10 s, the climate every 30 s, the load every 60 s; parked, a full
row every 5 minutes. What is due at one instant stands in one row.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from gongfu_firmware_sim.chance import Noise, stream
from gongfu_firmware_sim.climate import Around, Probe, humidity_for, zone_for
from gongfu_firmware_sim.controls import UNTOUCHED, Controls
from gongfu_firmware_sim.daytime import (
    SECOND_MS,
    WORKDAYS,
    day_of,
    midnight_ms,
    weekday_of,
)
from gongfu_firmware_sim.disturbance import Disturbances
from gongfu_firmware_sim.doors import DoorBook, DoorDay, Span
from gongfu_firmware_sim.duty import Drift, Duty, Fix, Stay, day_off, plan_duty
from gongfu_firmware_sim.errors import ScenarioError
from gongfu_firmware_sim.fault_plan import FaultPlan
from gongfu_firmware_sim.faults import Fault, FaultKind, active
from gongfu_firmware_sim.moment import Moment, Values
from gongfu_firmware_sim.roads import LonLat, Road, road_between, shifted
from gongfu_firmware_sim.rounds import weekly_rounds
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec

POSITION_MS = 10 * SECOND_MS
INNER_ZONE = 2
_CLIMATE_EVERY = 3
_LOAD_EVERY = 6
_PARKED_EVERY = 30
_CAPACITY_KG = 800.0
_POSITION_NOISE_M = 6.0
_BACKUP_VOLT = 4.1  # the tracker's own cell, once the cable is off
_NO_FIX: Values = (None, None, None, None, 0)
_NO_CLIMATE: Values = (None,) * 2
_NO_LOAD: Values = (None,) * 8  # position, load and humidity
# Of an open door's effect behind a strip curtain; the inner, frozen zone lies behind the outer.
_OUTER_SHARE = 0.6
_INNER_SHARE = 0.3


@dataclass(frozen=True)
class _Scene:
    """Everything needed to compute any instant of one day."""

    duty: Duty
    km_before: float
    faults: tuple[Fault, ...]
    door: DoorDay
    outer: Disturbances
    inner: Disturbances


class Truck:
    """The world of one truck as a function of time; see ``moment.Model``."""

    def __init__(self, device: DeviceSpec, spec: ScenarioSpec) -> None:
        if device.depot is None:
            raise ScenarioError(f"{device.dev}: a truck needs a depot")
        self._key = key = (spec.seed, device.dev)
        self._rates = spec.rates
        self._depot = device.depot
        self._rounds = weekly_rounds(device.depot, device.stops)
        self._faults = FaultPlan(device, spec)
        dice = stream(*key, "truck")
        self._phase_ms = dice.randrange(0, POSITION_MS * _PARKED_EVERY, SECOND_MS)
        self._signal_dbm = dice.uniform(-85.0, -65.0)
        self._humidity_percent = humidity_for(device.zones[0])
        self._outer = self._probe(device.zones[0], 1, _OUTER_SHARE)
        self._inner = self._probe(device.zones[1], 2, _INNER_SHARE)
        self._east, self._north, self._other = (
            Noise(key, purpose, slot_ms=POSITION_MS) for purpose in ("east", "north", "other")
        )
        first_day = day_of(spec.start_ms)
        self._driven_km = {first_day: dice.uniform(20_000.0, 90_000.0)}
        self._doors = DoorBook(first_day, dice.randrange(5_000, 40_000), self._door_spans)
        self._roads = lru_cache(maxsize=WORKDAYS)(self._lay_roads)
        self._duty = lru_cache(maxsize=4)(self._plan)
        self._scene = lru_cache(maxsize=2)(self._set_scene)
        self._controls = UNTOUCHED

    def follow(self, controls: Controls) -> None:
        """What the zones are set to."""
        self._controls = controls
        self._scene.cache_clear()

    def moments(self, after_ms: int, upto_ms: int) -> list[Moment]:
        """Rows on the grid of the truck's state of duty, and one for each edge of the door."""
        rows: list[Moment] = []
        for day in range(day_of(after_ms), day_of(upto_ms) + 1):
            scene = self._scene(day)
            start = max(after_ms, midnight_ms(day) - 1)
            end = min(upto_ms, midnight_ms(day + 1) - 1)
            rows += self._periodic(scene, start, end)
            rows += self._edges(scene, start, end)
        rows.sort()
        return [row for row in rows if not self._faults.active(FaultKind.RECORDER_STOP, row.ts_ms)]

    def arrivals(self, day: int) -> list[tuple[LonLat, int]]:
        """The villages of a day's round in order, and when the truck comes there, UTC ms."""
        planned = self._duty(day)
        villages = self._rounds[weekday_of(day)] if weekday_of(day) < WORKDAYS else ()
        stays = [phase for phase in planned.phases if isinstance(phase, Stay)]
        return [(at, stay.start_ms) for at, stay in zip(villages, stays[1:], strict=False)]

    def clock_offset_ms(self, ts_ms: int) -> int:
        """What the truck's clock is off by."""
        return self._faults.clock_offset_ms(ts_ms)

    def reachable(self, ts_ms: int) -> bool:
        """Not in a valley without radio, nor in an ordered gap."""
        gaps = self._duty(day_of(ts_ms)).gaps
        in_valley = any(start <= ts_ms < end for start, end in gaps)
        return not in_valley and self._faults.active(FaultKind.RADIO_GAP, ts_ms) is None

    def _periodic(self, scene: _Scene, after_ms: int, upto_ms: int) -> list[Moment]:
        rows = []
        first = after_ms + 1 + (self._phase_ms - after_ms - 1) % POSITION_MS
        for ts in range(first, upto_ms + 1, POSITION_MS):
            step = (ts - self._phase_ms) // POSITION_MS
            if scene.duty.on_duty(ts):
                due = step % _CLIMATE_EVERY == 0
                values = self._row(ts, scene, climate=due, load=step % _LOAD_EVERY == 0)
                rows.append(Moment(ts, values, None, closes=due))
            elif step % _PARKED_EVERY == 0:
                values = self._row(ts, scene, climate=True, load=True)
                rows.append(Moment(ts, values, None, closes=True))
        return rows

    def _row(self, ts_ms: int, scene: _Scene, *, climate: bool, load: bool) -> Values:
        fix = scene.duty.fix(ts_ms)
        position = self._position(ts_ms, scene, fix)
        odometer = round(scene.km_before + fix.metres / 1_000, 1)
        if not climate:
            return (None, None, None, *position, None, None, None, None, odometer)
        other = self._other.at(ts_ms)
        load_kg = max(0.0, scene.duty.load_kg(ts_ms) + other)
        return (
            self._outer.read(ts_ms, scene.outer, scene.faults),
            self._inner.read(ts_ms, scene.inner, scene.faults),
            scene.door.is_open(ts_ms),
            *position,
            round(load_kg) if load else None,
            round(100 * load_kg / _CAPACITY_KG) if load else None,
            round(self._humidity_percent + other),
            scene.door.opened(ts_ms),
            odometer,
            self._volt(ts_ms, scene),
            round(self._signal_dbm + 4 * other),
            *self._outer.ducts(ts_ms, scene.outer, scene.faults),
            *self._inner.ducts(ts_ms, scene.inner, scene.faults),
        )

    def _volt(self, ts_ms: int, scene: _Scene) -> float:
        if active(scene.faults, FaultKind.SUPPLY_CUT, ts_ms):
            return _BACKUP_VOLT
        volt = 13.8 if scene.duty.on_duty(ts_ms) else 12.6
        return round(volt + 0.05 * self._other.at(ts_ms), 1)

    def _position(self, ts_ms: int, scene: _Scene, fix: Fix) -> Values:
        """lat, lon, speed, heading, satellites as the receiver tells them."""
        if active(scene.faults, FaultKind.GNSS_LOST, ts_ms):
            return _NO_FIX
        east = _POSITION_NOISE_M * self._east.at(ts_ms)
        north = _POSITION_NOISE_M * self._north.at(ts_ms)
        other = self._other.at(ts_ms)
        satellites = 11 + round(other)
        for drift in scene.duty.drifts:
            share = drift.share(ts_ms)
            east, north = east + share * drift.east_m, north + share * drift.north_m
            satellites -= 6 if share else 0
        if detour := active(scene.faults, FaultKind.DETOUR, ts_ms):
            away = Drift(detour.start_ms, detour.end_ms, 0.0, detour.metres)
            north += away.share(ts_ms) * away.north_m
        lon, lat = shifted(fix.at, east, north)
        speed = fix.speed_kmh + 0.3 * other
        return (
            round(lat, 6),
            round(lon, 6),
            round(max(0.0, speed if fix.speed_kmh else speed - 0.5), 1),
            round((fix.course_deg + (2 * other if fix.speed_kmh else 0.0)) % 360.0, 1),
            max(satellites, 3),
        )

    def _edges(self, scene: _Scene, after_ms: int, upto_ms: int) -> list[Moment]:
        return [
            Moment(ts, (*_NO_CLIMATE, is_open, *_NO_LOAD, scene.door.opened(ts)), is_open)
            for ts, is_open in scene.door.edges_in(after_ms, upto_ms)
        ]

    def _probe(self, product_class: str, number: int, door_share: float) -> Probe:
        zone = zone_for(product_class, self._key, number=number, truck=True)
        noise = Noise(self._key, f"probe {number}", slot_ms=POSITION_MS * _CLIMATE_EVERY)
        return Probe(zone, noise, door_share=door_share)

    def _lay_roads(self, weekday: int) -> tuple[Road, ...]:
        """The same roads every week; the truck parks a few metres beside each village point."""
        dice = stream(*self._key, "roads", weekday)
        parks = [
            shifted(stop, dice.uniform(-25.0, 25.0), dice.uniform(-25.0, 25.0))
            for stop in self._rounds[weekday]
        ]
        places = [self._depot, *parks, self._depot]
        return tuple(road_between(a, b, dice=dice) for a, b in pairwise(places))

    def _plan(self, day: int) -> Duty:
        weekday = weekday_of(day)
        if weekday >= WORKDAYS or not self._rounds[weekday]:
            return day_off(midnight_ms(day), self._depot)
        return plan_duty(
            midnight_ms(day),
            self._roads(weekday),
            dice=stream(*self._key, "duty", day),
            gap=self._rates.radio_gap_per_truck_day,
            drift=self._rates.gps_drift_share_of_duty,
        )

    def _set_scene(self, day: int) -> _Scene:
        faults = self._faults.around(day)
        openings = (*self._duty(day - 1).doors, *self._duty(day).doors)
        around = Around(day, openings, faults)
        points = self._controls.setpoints
        return _Scene(
            duty=self._duty(day),
            km_before=self._km_before(day),
            faults=faults,
            door=self._doors.day(day),
            outer=self._outer.disturbed(around, [p for p in points if p.zone == 1]),
            inner=self._inner.disturbed(around, [p for p in points if p.zone == INNER_ZONE]),
        )

    def _door_spans(self, day: int) -> tuple[Span, ...]:
        ajar = Around(day, (), self._faults.around(day)).spans(FaultKind.DOOR_AJAR)
        return (*self._duty(day - 1).doors, *self._duty(day).doors, *ajar)

    def _km_before(self, day: int) -> float:
        last = max(self._driven_km)
        while last < day:
            self._driven_km[last + 1] = self._driven_km[last] + self._duty(last).length_m / 1_000
            last += 1
        return self._driven_km.get(day, self._driven_km[min(self._driven_km)])
