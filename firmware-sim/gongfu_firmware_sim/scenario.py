"""What is simulated: devices, their places and goods, the seed, and ordered faults. Plain data."""

from pathlib import Path

import msgspec

from gongfu_broker.columns import DeviceKind
from gongfu_broker.topics import valid_id
from gongfu_firmware_sim.errors import ScenarioError
from gongfu_firmware_sim.faults import FaultRates, Injection

LonLat = tuple[float, float]
_TRUCK_ZONES = 2


class DeviceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device. ``zones`` are product classes; positions are (lon, lat) in WGS-84 degrees.

    ``stops`` are the villages a truck visits once a week; the simulator shares them out over five
    working days.
    """

    dev: str
    kind: DeviceKind
    site: str
    zones: tuple[str, ...]
    depot: LonLat | None = None
    stops: tuple[LonLat, ...] = ()
    model: str = ""
    fw: str = "sim-1.0.0"


class ScenarioSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole county. ``start_ms`` is the platform time, UTC milliseconds, of the first run."""

    seed: int
    start_ms: int
    devices: tuple[DeviceSpec, ...]
    injections: tuple[Injection, ...] = ()
    rates: FaultRates = FaultRates()


def load_spec(path: Path) -> ScenarioSpec:
    """Read a scenario from its JSON file. Raises ScenarioError."""
    try:
        spec = msgspec.json.decode(path.read_bytes(), type=ScenarioSpec)
    except OSError as error:
        raise ScenarioError(f"cannot read the scenario {path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ScenarioError(f"{path}: {error}: correct the file") from error
    check(spec)
    return spec


def check(spec: ScenarioSpec) -> None:
    """Refuse a scenario whose devices cannot be simulated. Raises ScenarioError."""
    seen: set[str] = set()
    for device in spec.devices:
        if fault := _fault_of(device):
            raise ScenarioError(f"{device.dev}: {fault}")
        if device.dev in seen:
            raise ScenarioError(f"{device.dev} stands twice among the devices: give it once")
        seen.add(device.dev)
    for injection in spec.injections:
        if injection.dev not in seen:
            raise ScenarioError(f"a fault is ordered for {injection.dev}, which is no device here")


def _fault_of(device: DeviceSpec) -> str | None:
    if not valid_id(device.dev) or not valid_id(device.site):
        return "dev and site are 1 to 64 characters of a-z, 0-9 and -"
    if device.kind is DeviceKind.CABINET:
        return None if len(device.zones) == 1 else "a cabinet has one zone: name its product class"
    if len(device.zones) != _TRUCK_ZONES:
        return "a truck has two zones: name both product classes"
    if device.depot is None or not device.stops:
        return "a truck needs a depot and at least one stop, as (lon, lat)"
    return None
