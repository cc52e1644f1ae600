"""The registry as the cold-chain watch and the incident book see it."""

from collections.abc import Mapping, Sequence

from gongfu_fleet.domain.alarms.policy import ZonePolicy
from gongfu_fleet.domain.assets import Asset, Policy
from gongfu_fleet.ports import AssetRegistry
from gongfu_fleet.services.watch_ports import WatchedZone


class RegistryZones:
    """Zones and names out of the asset registry, kept until its revision changes."""

    def __init__(self, registry: AssetRegistry) -> None:
        self._registry = registry
        self._revision: int | None = None
        self._assets: Mapping[str, Asset] = {}
        self._zones: Mapping[str, Sequence[WatchedZone]] = {}
        self.refresh()

    def zones(self) -> Mapping[str, Sequence[WatchedZone]]:
        """Zones by asset id."""
        return self._zones

    def name_and_site(self, asset: str) -> tuple[str, str]:
        """Name and site; the id and an empty site for an asset nobody knows."""
        if asset not in self._assets:
            self.refresh()
        known = self._assets.get(asset)
        return (known.name, known.site) if known else (asset, "")

    def refresh(self) -> None:
        """Read the registry again if its revision has changed."""
        revision = self._registry.revision()
        if revision == self._revision:
            return
        self._assets = self._registry.assets()
        self._zones = {
            asset.id: tuple(
                WatchedZone(zone.zone, zone.metric, zone_policy(zone.policy))
                for zone in asset.zones
            )
            for asset in self._assets.values()
        }
        self._revision = revision


def zone_policy(policy: Policy) -> ZonePolicy:
    """The registry's policy in milliseconds. Raises InvalidError when it can mean no rule."""
    return ZonePolicy(
        product_class=policy.product_class,
        version=policy.version,
        low_celsius=policy.low_celsius,
        high_celsius=policy.high_celsius,
        deadband_celsius=policy.deadband_celsius,
        on_delay_ms=policy.on_delay_s * 1000,
        low_on_delay_ms=policy.low_on_delay_s * 1000,
        off_delay_ms=policy.off_delay_s * 1000,
        max_gap_ms=policy.max_gap_s * 1000,
    )
