"""The shipped county is whole, loads once, and its limits say where they come from."""

import json
from collections import Counter

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.domain.registry import RegistryRecords
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.import_registry import import_registry
from gongfu_fleet.services.seed import seed_registry, shipped_county, shipped_policies


def test_an_empty_registry_gets_the_shipped_county(database: Engine) -> None:
    registry = SqlRegistry(database)
    report = seed_registry(registry)
    assert report is not None
    assert report.written
    assets = registry.assets().values()
    assert Counter((a.kind, a.site) for a in assets) == {
        (AssetKind.TRUCK, "quzhou"): 39,
        (AssetKind.CABINET, "hangzhou"): 68,
        (AssetKind.CABINET, "quzhou"): 12,
    }


def test_a_registry_with_assets_is_left_alone(county: Engine) -> None:
    registry = SqlRegistry(county)
    before = registry.revision()
    assert seed_registry(registry) is None
    assert registry.revision() == before


def test_importing_the_same_files_twice_changes_nothing(county: Engine) -> None:
    report = import_registry(SqlRegistry(county), shipped_county(), by=None)
    assert (report.counts.added, report.counts.changed) == (0, 0)
    assert report.counts.unchanged == 6 + 6 + 100 + 1480 + 119 + 158


def test_trucks_stand_at_the_depot_of_their_county(county: Engine) -> None:
    trucks = [a for a in SqlRegistry(county).assets().values() if a.kind is AssetKind.TRUCK]
    assert Counter(t.county_code for t in trucks) == {
        "330802": 5,
        "330803": 7,
        "330822": 4,
        "330824": 9,
        "330825": 6,
        "330881": 8,
    }
    assert all(t.depot == f"depot-{t.county_code}" for t in trucks)
    assert all([z.zone for z in t.zones] == [1, 2] for t in trucks)


def test_a_truck_keeps_frozen_goods_in_its_second_zone(county: Engine) -> None:
    chilled, frozen = SqlRegistry(county).assets()["veh-0007"].zones
    assert (chilled.metric, chilled.policy.low_celsius, chilled.policy.high_celsius) == (
        "zone_1_celsius",
        0,
        8,
    )
    assert (frozen.metric, frozen.policy.low_celsius, frozen.policy.high_celsius) == (
        "zone_2_celsius",
        None,
        -15,
    )


def test_the_dry_goods_cabinet_is_judged_as_dry_goods(county: Engine) -> None:
    policy = SqlRegistry(county).assets()["cab-0080"].zones[0].policy
    assert (policy.low_celsius, policy.high_celsius, policy.max_gap_s) == (10, 27, 10_800)


def test_every_limit_names_its_source_and_admits_what_is_unverified() -> None:
    policies = shipped_policies()
    assert len(policies) == 12
    assert all("read" in p.source or "unverified" in p.source for p in policies)
    assert all(p.off_delay_s and p.max_gap_s and p.on_delay_s for p in policies)


def test_positions_of_cabinets_are_called_assumed(county: Engine) -> None:
    cabinets = [a for a in SqlRegistry(county).assets().values() if a.kind is AssetKind.CABINET]
    assert all("assumed" in c.position_source for c in cabinets)
    assert len({(c.lon, c.lat) for c in cabinets}) == 80


def test_a_policy_that_judged_incidents_cannot_be_rewritten(county: Engine) -> None:
    old = shipped_policies()[0]
    changed = RegistryRecords(policies=(type(old)(**{**vars(old), "high_celsius": -10}),))
    with pytest.raises(ConflictError, match="next version"):
        SqlRegistry(county).save(changed)


def test_a_newer_policy_version_comes_into_force(county: Engine) -> None:
    old = next(p for p in shipped_policies() if p.product_class == "chilled_generic")
    newer = type(old)(**{**vars(old), "version": 2, "high_celsius": 7})
    registry = SqlRegistry(county)
    registry.save(RegistryRecords(policies=(newer,)))
    assert registry.assets()["cab-0001"].zones[0].policy == newer


@pytest.mark.parametrize(("level", "count"), [("villages", 1480), ("counties", 6)])
def test_places_come_out_as_geojson(county: Engine, level: str, count: int) -> None:
    collection = json.loads(SqlRegistry(county).places_geojson(level))
    assert len(collection["features"]) == count
    first = collection["features"][0]
    assert first["geometry"]["type"] in ("Polygon", "MultiPolygon")
    assert {"code", "name"} <= set(first["properties"])
