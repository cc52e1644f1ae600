"""The whole fleet at once, for the map."""

from fastapi import APIRouter
from pydantic import BaseModel

from gongfu_fleet.api.deps import Deps, Viewer
from gongfu_fleet.api.permissions import Reader
from gongfu_fleet.services.fleet_view import AssetView
from gongfu_fleet.services.sites import Site, shipped_sites

router = APIRouter(prefix="/api/map", tags=["map"])


class MapAnswer(BaseModel):
    """Platform time and its speed, the places to jump to, every asset that should report."""

    now_ms: int
    speed: float
    places: list[Site]
    assets: list[AssetView]


@router.get("")
def get_map(deps: Deps, viewer: Viewer, caller: Reader) -> MapAnswer:
    """The fleet now."""
    return MapAnswer(
        now_ms=deps.clock.now_ms(),
        speed=deps.clock.speed,
        places=list(shipped_sites()),
        assets=list(viewer.views(caller.scope).values()),
    )
