"""The registry as the cold-chain watch and the incident book see it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gongfu_fleet.domain.alarms.zone_book import ZoneBook, zone_book
from gongfu_fleet.domain.assets import Asset, Zone
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.policies import Place
from gongfu_fleet.errors import NotFoundError
from gongfu_fleet.ports import AssetRegistry
from gongfu_fleet.services.asset_books import AssetBooks
from gongfu_fleet.services.cold_policies import ShippedPolicies
from gongfu_fleet.services.common_causes import cause_name, stand_in
from gongfu_fleet.services.watch_ports import WatchedZone


class ZonePolicies(Protocol):
    """The cold-chain policies in force, by zone."""

    def refresh(self) -> bool:
        """Read them again if they changed; whether they had."""
        ...

    def policy_of(self, place: Place) -> ColdPolicy:
        """The policy of a zone. Raises NotFoundError for a class without one."""
        ...

    def troubles(self) -> list[str]:
        """Sentences for /health."""
        ...


class RegistryZones:
    """Zones and names out of the asset registry, kept until its revision changes.

    ``policies`` are those in force; without them what is shipped. With ``wholes`` assets as such
    are watched, too.
    """

    def __init__(
        self,
        registry: AssetRegistry,
        policies: ZonePolicies | None = None,
        wholes: AssetBooks | None = None,
    ) -> None:
        self._registry = registry
        self._wholes = wholes
        self._policies = policies or ShippedPolicies()
        self._revision: int | None = None
        # Until all of it was read: a database that fails in between is asked again.
        self._stale = True
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
        known = self._assets.get(asset) or stand_in(asset, self._assets.values())
        return (known.name, known.site) if known else cause_name(asset) or (asset, "")

    def cold_policy_of(self, asset: str, zone: int) -> ColdPolicy:
        """The policy that judges a zone. Raises NotFoundError for a zone that nobody knows."""
        known = self._assets.get(asset)
        for one in known.zones if known else ():
            if one.zone == zone:
                return self._policies.policy_of(Place(one.policy.product_class, asset, zone))
        raise NotFoundError(f"There is no zone {zone} of {asset!r:.60}.", "Look at the registry.")

    def troubles(self) -> list[str]:
        """Sentences for /health: policies that cannot hold any more."""
        return self._policies.troubles()

    def refresh(self) -> None:
        """Read registry and policies again if they have changed."""
        revision = self._registry.revision()
        self._stale = self._policies.refresh() or self._stale or revision != self._revision
        if not self._stale:
            return
        self._assets = self._registry.assets()
        if self._wholes:
            self._wholes.refresh(self._assets.values())
        self._zones = {asset.id: self._watched(asset) for asset in self._assets.values()}
        self._revision, self._stale = revision, False

    def _watched(self, asset: Asset) -> tuple[WatchedZone, ...]:
        zones = (WatchedZone(zone.zone, self._book(asset, zone)) for zone in asset.zones)
        return (*zones, *(self._wholes.whole(asset) if self._wholes else ()))

    def _book(self, asset: Asset, zone: Zone) -> ZoneBook:
        place = Place(zone.policy.product_class, asset.id, zone.zone)
        return zone_book(zone.metric, self._policies.policy_of(place))
