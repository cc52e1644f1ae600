"""The rulebook of each asset as a whole: by its kind, and for trucks by where they may stop."""

from collections.abc import Collection, Sequence
from typing import Protocol

from gongfu_fleet.domain.alarms.asset_rules.rulebook import (
    WHOLE_ASSET,
    AssetRulebook,
    asset_rulebook,
)
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.services.asset_policies import cabinet_policy, ground_of, truck_policy
from gongfu_fleet.services.watch_ports import WatchedZone
from gongfu_geo.datum import Wgs84


class Places(Protocol):
    """Where villages are."""

    def village_points(self) -> Sequence[Wgs84]:
        """Each village's point."""
        ...


class AssetBooks:
    """Rulebooks for zone 0. Villages and the assets' own places are where a truck may stop."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._cabinet = asset_rulebook(cabinet_policy())
        self._truck: AssetRulebook | None = None

    def refresh(self, assets: Collection[Asset]) -> None:
        """The registry has changed, its assets are these now."""
        homes = (Wgs84(asset.lon, asset.lat) for asset in assets)
        ground = ground_of((*self._places.village_points(), *homes))
        known = self._truck
        if known is None or known.policy != truck_policy(ground):
            self._truck = asset_rulebook(truck_policy(ground))

    def whole(self, asset: Asset) -> tuple[WatchedZone, ...]:
        """The asset as one more thing to be watched; nothing before the first ``refresh``."""
        book = self._truck if asset.kind is AssetKind.TRUCK else self._cabinet
        return (WatchedZone(WHOLE_ASSET, book),) if book else ()
