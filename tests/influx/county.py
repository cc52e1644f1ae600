"""A few registered devices."""

from collections.abc import Mapping

from gongfu_broker.columns import DeviceKind
from gongfu_broker.ports import Device

CABINETS = [Device(f"cab-{n:04}", "hangzhou", DeviceKind.CABINET) for n in range(1, 9)]
TRUCKS = [Device(f"veh-{n:04}", "quzhou", DeviceKind.TRUCK) for n in range(1, 5)]


class County:
    """Fits ingest's ``DeviceDirectory``."""

    def __init__(self) -> None:
        self._devices = {device.dev: device for device in [*CABINETS, *TRUCKS]}

    def devices(self) -> Mapping[str, Device]:
        return self._devices

    def forget(self, dev: str) -> None:
        del self._devices[dev]
