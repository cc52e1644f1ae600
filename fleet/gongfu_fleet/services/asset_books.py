"""The rulebook of each asset as a whole: by its kind, for trucks by where and when they may stop.

Cabinets differ by what they keep, trucks by their timetable; equal policies share a rulebook.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple, Protocol

from gongfu_fleet.domain.alarms.asset_rules.ground import Ground
from gongfu_fleet.domain.alarms.asset_rules.policy import ShelfLife, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rulebook import (
    WHOLE_ASSET,
    AssetRulebook,
    asset_rulebook,
)
from gongfu_fleet.domain.alarms.asset_rules.timetable import NO_TIMETABLE, Timetable
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.domain.policies import Place, WholePolicy
from gongfu_fleet.services.asset_policies import ground_of, shipped_asset_policies
from gongfu_fleet.services.cold_policies import VersionedPolicies, cold_policy, shipped_life
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


class WholePolicies(Protocol):
    """The policies in force of assets as a whole."""

    def whole_of(self, place: Place) -> WholePolicy:
        """The policy of zone 0 of an asset. Raises NotFoundError."""
        ...


class ShippedWholes:
    """The shipped policies alone."""

    def __init__(self) -> None:
        self._policies = shipped_asset_policies()

    def whole_of(self, place: Place) -> WholePolicy:
        """The policy of the kind."""
        return self._policies[place.product_class]


class KindPolicies(Mapping[AssetKind, WholePolicy]):
    """The policy in force of each kind, as long as somebody refreshes ``policies``."""

    def __init__(self, policies: VersionedPolicies) -> None:
        self._policies = policies
        self._revision: int | None = None
        self._of: Mapping[AssetKind, WholePolicy] = {}

    def __getitem__(self, kind: AssetKind) -> WholePolicy:
        if self._revision != self._policies.revision:
            self._revision = self._policies.revision
            places = {one: Place(one.value, "", WHOLE_ASSET) for one in AssetKind}
            self._of = {one: self._policies.whole_of(place) for one, place in places.items()}
        return self._of[kind]

    def __iter__(self) -> Iterator[AssetKind]:
        return iter(AssetKind)

    def __len__(self) -> int:
        return len(AssetKind)


class AssetBooks:
    """Rulebooks for zone 0. Villages and the assets' own places are where a truck may stop.

    Without ``policies`` what is shipped holds. Assets with equal policies share a rulebook.
    """

    def __init__(self, places: Places, policies: WholePolicies | None = None) -> None:
        self._places = places
        self._policies = policies or ShippedWholes()
        self._books: dict[WholePolicy, AssetRulebook] = {}
        self._of: Mapping[str, AssetRulebook] = {}

    def refresh(self, assets: Collection[Asset]) -> None:
        """The registry or a policy has changed, its assets are these now."""
        around = surroundings_of(self._places, assets)
        of: dict[str, AssetRulebook] = {}
        books: dict[WholePolicy, AssetRulebook] = {}
        for asset in assets:
            policy = placed(self._policies.whole_of(whole_place(asset)), asset, around)
            # A book that was in use stays in use, with what it has worked out.
            books[policy] = books.get(policy) or self._books.get(policy) or asset_rulebook(policy)
            of[asset.id] = books[policy]
        self._of, self._books = of, books

    def whole(self, asset: Asset) -> tuple[WatchedZone, ...]:
        """The asset as one more thing to be watched; nothing before the first ``refresh``."""
        book = self._of.get(asset.id)
        return (WatchedZone(WHOLE_ASSET, book),) if book else ()


class Surroundings(NamedTuple):
    """What is no part of a policy: where trucks may stop, and when each is expected where."""

    ground: Ground
    timetables: Mapping[str, Timetable]


def whole_place(asset: Asset) -> Place:
    """Zone 0 of an asset: its class is its kind."""
    return Place(asset.kind.value, asset.id, WHOLE_ASSET)


def surroundings_of(places: Places, assets: Collection[Asset]) -> Surroundings:
    """Trucks may stop in villages and where other assets are."""
    homes = (Wgs84(asset.lon, asset.lat) for asset in assets)
    return Surroundings(ground_of((*places.village_points(), *homes)), places.timetables())


def placed(policy: WholePolicy, asset: Asset, around: Surroundings) -> WholePolicy:
    """The policy with what the registry knows of the asset."""
    if isinstance(policy, TruckPolicy):
        timetable = around.timetables.get(asset.id, NO_TIMETABLE)
        return replace(policy, ground=around.ground, timetable=timetable)
    kept = asset.zones[0].policy.product_class if asset.zones else ""
    return replace(policy, life=shelf_life_of(kept) if kept else None)


@cache
def shelf_life_of(product_class: str) -> ShelfLife | None:
    """How goods of a class age in a cabinet, by what is shipped; None: nobody knows."""
    known = shipped_life(product_class)
    if known is None:
        return None
    cold = cold_policy(product_class)
    return ShelfLife(*known, cold.tau_min, cold.valid_low_celsius, cold.valid_high_celsius)
