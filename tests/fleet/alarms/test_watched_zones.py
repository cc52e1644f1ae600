"""The registry as the watch sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine

from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.alarms.zone_book import zone_book
from gongfu_fleet.domain.assets import Asset, AssetKind, Lifecycle, Policy, Zone
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.services.cold_policies import cold_policy
from gongfu_fleet.services.watched_zones import RegistryZones

POLICY = Policy("dairy", 3, 0.0, 8.0, 0.5, 1800, 1200, 600, 900, "made up")


def cabinet(dev: str, name: str = "柜") -> Asset:
    return Asset(
        id=dev,
        kind=AssetKind.CABINET,
        name=name,
        site="hangzhou",
        lon=120.15,
        lat=30.26,
        position_source="assumed",
        lifecycle=Lifecycle.LIVE,
        county_code=None,
        depot=None,
        model="m",
        place="p",
        zones=(Zone(1, "zone_1_celsius", POLICY),),
        operator="hangzhou",
    )


@dataclass
class Registry:
    """A registry in memory that counts how often it is read."""

    stored: dict[str, Asset] = field(default_factory=dict)
    changes: int = 0
    reads: int = 0

    def revision(self) -> int:
        """How many changes there were."""
        return self.changes

    def assets(self, scope: Scope = EVERYTHING) -> Mapping[str, Asset]:
        """Every asset."""
        del scope
        self.reads += 1
        return dict(self.stored)

    def places_geojson(self, level: str) -> str:
        """Nothing."""
        return level

    def add(self, asset: Asset) -> None:
        """One more asset, one more revision."""
        self.stored[asset.id] = asset
        self.changes += 1


def test_a_zone_is_judged_by_the_rules_of_its_class() -> None:
    registry = Registry()
    registry.add(cabinet("cab-0001"))
    (watched,) = RegistryZones(registry).zones()["cab-0001"]
    assert watched.zone == 1
    assert watched.book == zone_book("zone_1_celsius", cold_policy("dairy"))


def test_zones_stay_the_same_until_the_registry_changes_and_is_asked() -> None:
    registry = Registry()
    zones = RegistryZones(registry)
    zones.refresh()
    assert registry.reads == 1
    registry.add(cabinet("cab-0001"))
    assert zones.zones() == {}
    zones.refresh()
    assert list(zones.zones()) == ["cab-0001"]


def test_the_name_of_a_new_asset_is_found_and_a_stranger_keeps_its_id() -> None:
    registry = Registry()
    zones = RegistryZones(registry)
    registry.add(cabinet("cab-0001", "北门柜"))
    assert zones.name_and_site("cab-0001") == ("北门柜", "hangzhou")
    assert zones.name_and_site("cab-0999") == ("cab-0999", "")


def test_every_zone_of_the_shipped_county_can_be_watched(county: Engine) -> None:
    watched = RegistryZones(SqlRegistry(county)).zones()
    assert len(watched) == 119
    assert sum(len(zones) for zones in watched.values()) == 80 + 2 * 39
    assert {zone.book.sample_ms for zones in watched.values() for zone in zones} == {60_000}
