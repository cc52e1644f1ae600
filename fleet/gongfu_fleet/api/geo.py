"""Village and county polygons, compressed once and revalidated by ETag."""

import gzip
import hashlib
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from gongfu_fleet.api.permissions import READERS
from gongfu_fleet.ports import AssetRegistry

router = APIRouter(prefix="/api/geo", tags=["geo"], dependencies=[READERS])


@dataclass(frozen=True)
class Packed:
    """A document ready to send."""

    revision: int
    etag: str
    plain: bytes
    zipped: bytes


class PackedPlaces:
    """Documents by level, made again when the registry's revision changes."""

    def __init__(self, registry: AssetRegistry) -> None:
        self._registry = registry
        self._packed: dict[str, Packed] = {}

    def get(self, level: str) -> Packed:
        """The document of a level."""
        revision = self._registry.revision()
        packed = self._packed.get(level)
        if packed is None or packed.revision != revision:
            plain = self._registry.places_geojson(level).encode()
            etag = f'"{hashlib.sha256(plain).hexdigest()[:32]}"'
            packed = Packed(revision, etag, plain, gzip.compress(plain, mtime=0))
            self._packed[level] = packed
        return packed


@router.get("/villages", response_class=Response, responses={304: {}})
def villages(request: Request) -> Response:
    """Villages as GeoJSON (WGS-84)."""
    return _send(request, "villages")


@router.get("/counties", response_class=Response, responses={304: {}})
def counties(request: Request) -> Response:
    """Counties as GeoJSON (WGS-84)."""
    return _send(request, "counties")


def _send(request: Request, level: str) -> Response:
    places: PackedPlaces = request.app.state.places
    packed = places.get(level)
    headers = {
        "ETag": packed.etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Cookie",
    }
    if packed.etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    body = packed.plain
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        body = packed.zipped
    return Response(body, headers=headers, media_type="application/geo+json")
