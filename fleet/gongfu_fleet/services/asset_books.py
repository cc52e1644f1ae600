"""The rulebook of each asset as a whole: by its kind, for trucks by where and when they may stop.

Cabinets differ by what they keep, trucks by their timetable; those without one share a rulebook.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from gongfu_fleet.domain.alarms.asset_rules.policy import TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rulebook import (
    WHOLE_ASSET,
    AssetRulebook,
    asset_rulebook,
)
from gongfu_fleet.domain.alarms.asset_rules.timetable import NO_TIMETABLE, Timetable
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.services.asset_policies import (
    cabinet_policy,
    ground_of,
    shelf_life_of,
    truck_policy,
)
from gongfu_fleet.services.watch_ports import WatchedZone
from gongfu_geo.datum import Wgs84


class Places(Protocol):
    """Where villages are, and when trucks are expected there."""

    def village_points(self) -> Sequence[Wgs84]:
        """Each village's point."""
        ...

    def timetables(self) -> Mapping[str, Timetable]:
        """By truck; none for those that have none."""
        ...


class AssetBooks:
    """Rulebooks for zone 0. Villages and the assets' own places are where a truck may stop."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._cabinets: dict[str, AssetRulebook] = {}
        self._trucks: dict[Timetable, AssetRulebook] = {}
        self._timetables: Mapping[str, Timetable] = {}

    def refresh(self, assets: Collection[Asset]) -> None:
        """The registry has changed, its assets are these now."""
        homes = (Wgs84(asset.lon, asset.lat) for asset in assets)
        policy = truck_policy(ground_of((*self._places.village_points(), *homes)))
        self._timetables = self._places.timetables()
        wanted = {NO_TIMETABLE, *self._timetables.values()}
        self._trucks = {timetable: self._book(policy, timetable) for timetable in wanted}

    def whole(self, asset: Asset) -> tuple[WatchedZone, ...]:
        """The asset as one more thing to be watched; nothing before the first ``refresh``."""
        if not self._trucks:
            return ()
        if asset.kind is AssetKind.TRUCK:
            book = self._trucks[self._timetables.get(asset.id, NO_TIMETABLE)]
        else:
            book = self._cabinet(asset)
        return (WatchedZone(WHOLE_ASSET, book),)

    def _book(self, policy: TruckPolicy, timetable: Timetable) -> AssetRulebook:
        policy = replace(policy, timetable=timetable)
        known = self._trucks.get(timetable)
        return known if known and known.policy == policy else asset_rulebook(policy)

    def _cabinet(self, asset: Asset) -> AssetRulebook:
        kept = asset.zones[0].policy.product_class if asset.zones else ""
        if kept not in self._cabinets:
            policy = replace(cabinet_policy(), life=shelf_life_of(kept) if kept else None)
            self._cabinets[kept] = asset_rulebook(policy)
        return self._cabinets[kept]
