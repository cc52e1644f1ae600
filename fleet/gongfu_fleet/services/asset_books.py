"""The rulebook of each asset as a whole: by its kind, and for trucks by where they may stop."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from gongfu_fleet.domain.alarms.asset_rules.ground import Ground
from gongfu_fleet.domain.alarms.asset_rules.policy import TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.rulebook import (
    WHOLE_ASSET,
    AssetRulebook,
    asset_rulebook,
)
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.domain.policies import Place, WholePolicy
from gongfu_fleet.services.asset_policies import ground_of, shipped_asset_policies
from gongfu_fleet.services.cold_policies import VersionedPolicies
from gongfu_fleet.services.watch_ports import WatchedZone
from gongfu_geo.datum import Wgs84


class Places(Protocol):
    """Where villages are."""

    def village_points(self) -> Sequence[Wgs84]:
        """Each village's point."""
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
        self._books: list[AssetRulebook] = []
        self._of: Mapping[str, AssetRulebook] = {}

    def refresh(self, assets: Collection[Asset]) -> None:
        """The registry or a policy has changed, its assets are these now."""
        ground = ground_around(self._places, assets)
        known, self._books = self._books, []
        self._of = {asset.id: self._book(asset, ground, known) for asset in assets}

    def whole(self, asset: Asset) -> tuple[WatchedZone, ...]:
        """The asset as one more thing to be watched; nothing before the first ``refresh``."""
        book = self._of.get(asset.id)
        return (WatchedZone(WHOLE_ASSET, book),) if book else ()

    def _book(self, asset: Asset, ground: Ground, known: Sequence[AssetRulebook]) -> AssetRulebook:
        policy = grounded(self._policies.whole_of(whole_place(asset)), ground)
        for book in (*self._books, *known):
            if book.policy == policy:
                break
        else:
            book = asset_rulebook(policy)
        if not any(one is book for one in self._books):
            self._books.append(book)
        return book


def whole_place(asset: Asset) -> Place:
    """Zone 0 of an asset: its class is its kind."""
    return Place(asset.kind.value, asset.id, WHOLE_ASSET)


def ground_around(places: Places, assets: Collection[Asset]) -> Ground:
    """Where trucks may stop."""
    homes = (Wgs84(asset.lon, asset.lat) for asset in assets)
    return ground_of((*places.village_points(), *homes))


def grounded(policy: WholePolicy, ground: Ground) -> WholePolicy:
    """The policy with the places, where its kind needs them."""
    return replace(policy, ground=ground) if isinstance(policy, TruckPolicy) else policy
