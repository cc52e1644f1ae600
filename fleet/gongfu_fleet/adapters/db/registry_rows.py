"""Records of an import as rows of the schema."""

from collections.abc import Iterator

from gongfu_fleet.adapters.db.schema import (
    AssetRow,
    Base,
    CallRow,
    CountyRow,
    DepotRow,
    PolicyRow,
    TownRow,
    VillageRow,
    ZoneRow,
)
from gongfu_fleet.domain.assets import Asset, Policy
from gongfu_fleet.domain.registry import RegistryRecords, depot_id
from gongfu_geo.geojson import geometry_text
from gongfu_geo.villages import County, Town, Village


def rows_of(records: RegistryRecords) -> Iterator[Base]:
    """Rows, parents before children."""
    for county in records.counties:
        yield from _county(county)
    yield from map(_town, records.towns)
    yield from map(_village, records.villages)
    yield from map(_policy, records.policies)
    yield from map(_asset, records.assets)
    for zone in records.zones:
        yield ZoneRow(
            asset_id=zone.asset_id,
            zone=zone.zone,
            metric=zone.metric,
            product_class=zone.product_class,
        )
    for call in records.calls:
        yield CallRow(**vars(call))


def _county(county: County) -> Iterator[Base]:
    yield CountyRow(
        code=county.code,
        name=county.name,
        lon=county.seat.lon,
        lat=county.seat.lat,
        polygon=geometry_text(county.polygon),
    )
    if county.depot is not None:
        yield DepotRow(
            id=depot_id(county.code),
            name=f"{county.name}车场",
            county_code=county.code,
            lon=county.depot.lon,
            lat=county.depot.lat,
        )


def _town(town: Town) -> Base:
    return TownRow(
        code=town.code,
        name=town.name,
        county_code=town.county_code,
        lon=town.seat.lon,
        lat=town.seat.lat,
        position_source=town.position_source,
        served=town.served,
        polygon=geometry_text(town.polygon),
    )


def _village(village: Village) -> Base:
    return VillageRow(
        code=village.code,
        name=village.name,
        town_code=village.town_code,
        lon=village.point.lon,
        lat=village.point.lat,
        position_source=village.position_source,
        served=village.served,
        polygon=geometry_text(village.polygon),
    )


def _policy(policy: Policy) -> Base:
    return PolicyRow(
        product_class=policy.product_class,
        version=policy.version,
        low_celsius=policy.low_celsius,
        high_celsius=policy.high_celsius,
        deadband_celsius=policy.deadband_celsius,
        on_delay_s=policy.on_delay_s,
        low_on_delay_s=policy.low_on_delay_s,
        off_delay_s=policy.off_delay_s,
        max_gap_s=policy.max_gap_s,
        source=policy.source,
    )


def _asset(asset: Asset) -> Base:
    return AssetRow(
        id=asset.id,
        kind=asset.kind.value,
        name=asset.name,
        site=asset.site,
        lon=asset.lon,
        lat=asset.lat,
        position_source=asset.position_source,
        lifecycle=asset.lifecycle.value,
        county_code=asset.county_code,
        depot=asset.depot,
        model=asset.model,
        place=asset.place,
        operator=asset.operator,
        town_code=asset.town_code,
        gateway=asset.gateway,
    )
