"""The registry with the limits of the policies in force, for whoever shows them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from gongfu_fleet.domain.assets import Asset, Policy, Zone
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.policies import Place
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.ports import AssetRegistry
from gongfu_fleet.services.cold_policies import VersionedPolicies

MINUTE_S = 60


class RegistryInForce:
    """Fits the port AssetRegistry."""

    def __init__(self, registry: AssetRegistry, policies: VersionedPolicies) -> None:
        self._registry = registry
        self._policies = policies
        # What was read, the policies as of which it was told, and what was told.
        self._kept: tuple[Mapping[str, Asset], int, Mapping[str, Asset]] | None = None

    def revision(self) -> int:
        """Grows with every change of the registry and with every version of a policy."""
        self._policies.refresh()
        return self._registry.revision() + self._policies.revision

    def assets(self, scope: Scope = EVERYTHING) -> Mapping[str, Asset]:
        """The assets of a scope by id, each zone with what judges it."""
        self._policies.refresh()
        found, revision, kept = self._registry.assets(), self._policies.revision, self._kept
        if kept is None or kept[0] is not found or kept[1] != revision:
            told = {name: replace(one, zones=self._zones(one)) for name, one in found.items()}
            kept = self._kept = (found, revision, MappingProxyType(told))
        if scope.everything:
            return kept[2]
        return {name: asset for name, asset in kept[2].items() if scope.covers(asset)}

    def places_geojson(self, level: str) -> str:
        """As the registry says."""
        return self._registry.places_geojson(level)

    def _zones(self, asset: Asset) -> tuple[Zone, ...]:
        return tuple(
            replace(
                zone,
                policy=_told(
                    self._policies.policy_of(Place(zone.policy.product_class, asset.id, zone.zone))
                ),
            )
            for zone in asset.zones
        )


def _told(policy: ColdPolicy) -> Policy:
    return Policy(
        product_class=policy.product_class,
        version=policy.version,
        low_celsius=policy.low_celsius,
        high_celsius=policy.air_high_celsius,
        deadband_celsius=policy.deadband_celsius,
        on_delay_s=round(policy.air_delay_min * MINUTE_S),
        low_on_delay_s=round(policy.low_delay_min * MINUTE_S),
        off_delay_s=round(policy.off_delay_min * MINUTE_S),
        max_gap_s=round(policy.max_gap_min * MINUTE_S),
        source=policy.source,
    )
