"""Figures for Prometheus; who scrapes shows the token, people their session."""

from fastapi import APIRouter
from fastapi.responses import Response

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import SCRAPERS

router = APIRouter(tags=["health"], dependencies=[SCRAPERS])
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=Response)
def metrics(deps: Deps) -> Response:
    """The text form of Prometheus, gathered now."""
    return Response(deps.metrics(), media_type=CONTENT_TYPE)
