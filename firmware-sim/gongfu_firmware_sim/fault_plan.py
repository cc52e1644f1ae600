"""Which faults a device has on which day: drawn from the rates, or ordered by the scenario.

A drawn fault depends on seed, device and day alone, so it is the same after a restart.
"""

from functools import lru_cache

from gongfu_broker.columns import DeviceKind
from gongfu_firmware_sim.chance import stream
from gongfu_firmware_sim.daytime import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, day_of, midnight_ms
from gongfu_firmware_sim.faults import OFF_GRID_MS, Fault, FaultKind, active
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec

_WORKING_DAY = (8 * HOUR_MS, 19 * HOUR_MS)


class FaultPlan:
    """All faults of one device: those drawn per day and those ordered."""

    def __init__(self, device: DeviceSpec, spec: ScenarioSpec) -> None:
        self._key = (spec.seed, device.dev)
        self._rates = spec.rates
        self._truck = device.kind is DeviceKind.TRUCK
        self._ordered = tuple(order.fault() for order in spec.injections if order.dev == device.dev)

        self._gathered = lru_cache(maxsize=4)(self._gather)

    def around(self, day: int) -> tuple[Fault, ...]:
        """Faults that touch the day before or the day itself, in order of time."""
        return self._gathered(day)

    def active(self, kind: FaultKind, ts_ms: int) -> Fault | None:
        """The fault of a kind that holds at the instant."""
        return active(self.around(day_of(ts_ms)), kind, ts_ms)

    def clock_offset_ms(self, ts_ms: int) -> int:
        """What the device's clock is off by at the instant."""
        fault = self.active(FaultKind.CLOCK_WRONG, ts_ms)
        return fault.offset_at_ms(ts_ms) if fault else 0

    def _gather(self, day: int) -> tuple[Fault, ...]:
        start, end = midnight_ms(day - 1), midnight_ms(day + 1)
        faults = [*self._ordered, *self._drawn(day - 1), *self._drawn(day)]
        touching = [f for f in faults if f.start_ms < end and f.end_ms > start]
        return tuple(sorted(touching, key=lambda f: (f.start_ms, f.kind)))

    def _drawn(self, day: int) -> list[Fault]:
        rates = self._rates
        cooling = rates.cooling_failure_per_truck_day if self._truck else 0.0
        chances = (
            (FaultKind.COMPRESSOR_STOP, cooling, (60, 240)),
            (FaultKind.DOOR_AJAR, rates.door_ajar, (10, 40)),
            (FaultKind.SENSOR_STUCK, rates.sensor_stuck, (60, 360)),
            (FaultKind.CLOCK_WRONG, rates.clock_wrong, (60, 240)),
        )
        return [
            fault
            for kind, chance, minutes in chances
            if (fault := self._draw(kind, day, chance, minutes)) is not None
        ]

    def _draw(
        self, kind: FaultKind, day: int, chance: float, minutes: tuple[int, int]
    ) -> Fault | None:
        dice = stream(*self._key, "fault", kind, day)
        if dice.random() >= chance:
            return None
        start = midnight_ms(day) + dice.randrange(*_WORKING_DAY)
        end = min(start + dice.randint(*minutes) * MINUTE_MS, midnight_ms(day) + DAY_MS)
        offset = dice.choice((-1, 1)) * dice.randrange(HOUR_MS, 6 * HOUR_MS, SECOND_MS)
        offset += OFF_GRID_MS
        return Fault(kind, start, end, offset if kind is FaultKind.CLOCK_WRONG else 0)
