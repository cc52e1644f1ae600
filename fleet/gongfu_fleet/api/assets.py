"""The registry as a list."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from gongfu_fleet.api.deps import Viewer
from gongfu_fleet.api.permissions import Reader
from gongfu_fleet.domain.assets import Asset, AssetKind, Zone
from gongfu_fleet.domain.scope import Scope
from gongfu_fleet.errors import NotFoundError
from gongfu_fleet.services.fleet_view import FleetViewer

router = APIRouter(prefix="/api/assets", tags=["assets"])
MOST = 500


class ZoneAnswer(BaseModel):
    """A zone and the policy in force; celsius, seconds, null is no limit."""

    model_config = ConfigDict(populate_by_name=True)

    zone: int
    product_class: str = Field(serialization_alias="class")
    metric: str
    low_celsius: float | None
    high_celsius: float | None
    deadband_celsius: float
    on_delay_s: int
    low_on_delay_s: int
    off_delay_s: int
    max_gap_s: int
    policy_version: int


class AssetAnswer(BaseModel):
    """An asset; the position is where it is registered (WGS-84)."""

    id: str
    kind: str
    name: str
    site: str
    lon: float
    lat: float
    position_source: str
    lifecycle: str
    county_code: str | None
    depot: str | None
    model: str
    place: str
    operator: str
    town_code: str | None
    gateway: str | None
    zones: list[ZoneAnswer]


class AssetPage(BaseModel):
    """A page of assets; ``next`` goes into ``after`` for the next one."""

    items: list[AssetAnswer]
    next: str | None


class AssetQuery(BaseModel):
    """Which assets: of a kind, of a site; ``after`` is the last id of the page before."""

    kind: AssetKind | None = None
    site: Annotated[str | None, Query(max_length=40)] = None
    limit: Annotated[int, Query(ge=1, le=MOST)] = 200
    after: Annotated[str, Query(max_length=40)] = ""


@router.get("")
def list_assets(query: Annotated[AssetQuery, Query()], viewer: Viewer, caller: Reader) -> AssetPage:
    """Assets by id."""
    found = [
        asset
        for asset in viewer.assets(caller.scope).values()
        if asset.id > query.after
        and query.kind in (None, asset.kind)
        and query.site in (None, asset.site)
    ]
    page = found[: query.limit]
    following = page[-1].id if len(found) > query.limit else None
    return AssetPage(items=[_answer(asset) for asset in page], next=following)


@router.get("/{asset_id}")
def get_asset(asset_id: str, viewer: Viewer, caller: Reader) -> AssetAnswer:
    """One asset."""
    return _answer(find_asset(viewer, asset_id, caller.scope))


def find_asset(viewer: FleetViewer, asset_id: str, scope: Scope) -> Asset:
    """The asset. Raises NotFoundError, for one outside the scope too."""
    asset = viewer.assets(scope).get(asset_id)
    if asset is None:
        raise NotFoundError("There is no such asset.", "See /api/assets for those there are.")
    return asset


def _answer(asset: Asset) -> AssetAnswer:
    values = {name: getattr(asset, name) for name in AssetAnswer.model_fields if name != "zones"}
    return AssetAnswer(**values, zones=[_zone(zone) for zone in asset.zones])


def _zone(zone: Zone) -> ZoneAnswer:
    policy = zone.policy
    return ZoneAnswer(
        zone=zone.zone,
        product_class=policy.product_class,
        metric=zone.metric,
        low_celsius=policy.low_celsius,
        high_celsius=policy.high_celsius,
        deadband_celsius=policy.deadband_celsius,
        on_delay_s=policy.on_delay_s,
        low_on_delay_s=policy.low_on_delay_s,
        off_delay_s=policy.off_delay_s,
        max_gap_s=policy.max_gap_s,
        policy_version=policy.version,
    )
