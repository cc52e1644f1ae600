"""The fleet's registry as ingest sees it: which devices may report, and from where."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gongfu_broker.columns import DeviceKind
from gongfu_broker.ports import Device
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.ports import AssetRegistry

_KINDS = {AssetKind.TRUCK: DeviceKind.TRUCK, AssetKind.CABINET: DeviceKind.CABINET}


@dataclass
class RegisteredDevices:
    """Fits ingest's ``DeviceDirectory``; reads the registry again when its revision grew."""

    registry: AssetRegistry
    _revision: int = -1
    _devices: Mapping[str, Device] = field(default_factory=dict)

    def devices(self) -> Mapping[str, Device]:
        """Every asset that reports, by id."""
        revision = self.registry.revision()
        if revision != self._revision:
            self._devices = {
                asset.id: Device(asset.id, asset.site, _KINDS[asset.kind])
                for asset in self.registry.assets().values()
                if asset.reports
            }
            self._revision = revision
        return self._devices
