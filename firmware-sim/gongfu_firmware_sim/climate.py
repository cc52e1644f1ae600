"""The temperature probes of a device and all that disturbs them around one day."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gongfu_firmware_sim.chance import Noise, Origin
from gongfu_firmware_sim.controls import Setpoint
from gongfu_firmware_sim.daytime import midnight_ms
from gongfu_firmware_sim.disturbance import Disturbances, Pulse, in_order
from gongfu_firmware_sim.doors import Span
from gongfu_firmware_sim.faults import Fault, FaultKind, active
from gongfu_firmware_sim.thermal import (
    CHILLED,
    FREEZER,
    SENSOR_NOISE_CELSIUS,
    TRUCK_FREEZER,
    CooledZone,
    RoomZone,
    Zone,
)

FROZEN_CLASSES = frozenset({"frozen", "ice_cream"})
AMBIENT_CLASSES = frozenset({"ambient"})
# What a unit that cools takes from the air on its way (assumed), and when little air gets through.
_DROP_CELSIUS = 4.0
_BLOCKED_DROP_CELSIUS = 12.0


def zone_for(product_class: str, origin: Origin, *, number: int, truck: bool = False) -> Zone:
    """The unit that keeps a product class; every class that is not frozen or ambient is chilled."""
    if product_class in AMBIENT_CLASSES:
        return RoomZone(origin, number=number)
    freezer = TRUCK_FREEZER if truck else FREEZER
    cooling = freezer if product_class in FROZEN_CLASSES else CHILLED
    return CooledZone(cooling, origin, number=number)


def humidity_for(product_class: str) -> float:
    """Usual relative humidity in percent beside a product class; 49 is measured in a freezer."""
    if product_class in FROZEN_CLASSES:
        return 49.0
    return 56.0 if product_class in AMBIENT_CLASSES else 82.0


@dataclass(frozen=True)
class Around:
    """What happens around one local day: openings of the door, and faults."""

    day: int
    openings: Sequence[Span]
    faults: tuple[Fault, ...]

    def spans(self, kind: FaultKind) -> list[Span]:
        """When faults of a kind hold."""
        return [(f.start_ms, f.end_ms) for f in self.faults if f.kind is kind]


class Probe:
    """The probe in the air of one zone; ``door_share`` of an open door's effect reaches it."""

    def __init__(self, zone: Zone, noise: Noise, *, door_share: float = 1.0) -> None:
        self._zone = zone
        self._noise = noise
        self._door_share = door_share

    def disturbed(self, around: Around, setpoints: Iterable[Setpoint] = ()) -> Disturbances:
        """Everything that acts on the zone around the day; setpoints in order of time."""
        zone = self._zone
        halts = (FaultKind.COMPRESSOR_STOP, FaultKind.MAINS_LOST)
        stops = [zone.stop(*span) for kind in halts for span in around.spans(kind)]
        defrosts = zone.defrosts(midnight_ms(around.day - 1), midnight_ms(around.day + 1))
        return Disturbances(
            zone.courses(in_order([stop for stop in stops if stop], defrosts)),
            tuple(self._shared(zone.door(*span) for span in sorted(around.openings))),
            (
                *self._shared(zone.ajar(*span) for span in around.spans(FaultKind.DOOR_AJAR)),
                *(zone.leak(*span) for span in around.spans(FaultKind.SLOW_LEAK)),
                *_steps(zone, setpoints),
            ),
        )

    def read(self, ts_ms: int, by: Disturbances, faults: tuple[Fault, ...]) -> float:
        """What the probe reports, degrees Celsius in steps of 0.1; a stuck one repeats itself."""
        stuck = active(faults, FaultKind.SENSOR_STUCK, ts_ms)
        if stuck is not None:
            ts_ms = stuck.start_ms
        noise = SENSOR_NOISE_CELSIUS * self._noise.at(ts_ms)
        return round(self._zone.air(ts_ms, by) + noise, 1)

    def ducts(self, ts_ms: int, by: Disturbances, faults: tuple[Fault, ...]) -> tuple[float, float]:
        """Supply and return air of the unit, degrees Celsius in steps of 0.1.

        Air comes back as warm as the zone; a unit that cools blows it out colder.
        """
        blocked = active(faults, FaultKind.AIR_BLOCKED, ts_ms) is not None
        drop = _BLOCKED_DROP_CELSIUS if blocked else _DROP_CELSIUS
        back = self._zone.air(ts_ms, by)
        noise = SENSOR_NOISE_CELSIUS * self._noise.at(ts_ms)
        supply = back - (drop if self._zone.cools(ts_ms, by) else 0.0) - noise
        return round(supply, 1), round(back + noise, 1)

    def _shared(self, pulses: Iterable[Pulse]) -> list[Pulse]:
        share = self._door_share
        return [replace(pulse, lift_celsius=pulse.lift_celsius * share) for pulse in pulses]


def _steps(zone: Zone, setpoints: Iterable[Setpoint]) -> Iterator[Pulse]:
    before = zone.usual_celsius
    for point in setpoints:
        yield zone.step(point.at_ms, point.celsius - before)
        before = point.celsius
