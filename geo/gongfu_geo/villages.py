"""The shipped county: villages, towns and counties of Quzhou, keyed by their official codes.

Names repeat (1,428 distinct among 1,480 villages), so a name is never a key. Where each point comes
from says ``position_source``; most village points are synthetic, see ``data/SOURCES.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shapely import MultiPolygon, Polygon

from gongfu_geo.datum import Wgs84
from gongfu_geo.errors import PlaceError
from gongfu_geo.geojson import PlaceFeature, flag_of, point_of, read_features, text_of

COUNTY_CODE_DIGITS = 6
TOWN_CODE_DIGITS = 9
VILLAGE_CODE_DIGITS = 12


@dataclass(frozen=True)
class County:
    """A county; ``depot`` is where its trucks start, ``trucks`` how many it has (0: none known)."""

    code: str
    name: str
    seat: Wgs84
    polygon: Polygon | MultiPolygon
    depot: Wgs84 | None
    trucks: int


@dataclass(frozen=True)
class Town:
    """A town; ``polygon`` is its cell, ``served`` whether trucks come here."""

    code: str
    name: str
    seat: Wgs84
    polygon: Polygon | MultiPolygon
    position_source: str
    served: bool

    @property
    def county_code(self) -> str:
        """The first six digits."""
        return self.code[:COUNTY_CODE_DIGITS]


@dataclass(frozen=True)
class Village:
    """An administrative village; ``polygon`` is its service area, not a legal border."""

    code: str
    name: str
    point: Wgs84
    polygon: Polygon | MultiPolygon
    position_source: str
    served: bool

    @property
    def town_code(self) -> str:
        """The first nine digits."""
        return self.code[:TOWN_CODE_DIGITS]

    @property
    def county_code(self) -> str:
        """The first six digits."""
        return self.code[:COUNTY_CODE_DIGITS]


@dataclass(frozen=True)
class Places:
    """Everything by code, in the order of the files."""

    counties: Mapping[str, County]
    towns: Mapping[str, Town]
    villages: Mapping[str, Village]


def shipped_text(name: str) -> str:
    """A shipped file as text: ``counties.geojson``, ``towns.geojson`` or ``villages.geojson``."""
    return files("gongfu_geo").joinpath("data", name).read_text(encoding="utf-8")


@cache
def shipped_places() -> Places:
    """The shipped county, read and checked once. Raises PlaceError if a file was damaged."""
    counties = _all(shipped_text("counties.geojson"), COUNTY_CODE_DIGITS)
    towns = _all(shipped_text("towns.geojson"), TOWN_CODE_DIGITS)
    villages = _all(shipped_text("villages.geojson"), VILLAGE_CODE_DIGITS)
    return Places(
        {f.code: county_of(f) for f in counties},
        {f.code: town_of(f) for f in towns},
        {f.code: village_of(f) for f in villages},
    )


def county_of(feature: PlaceFeature) -> County:
    """A county from its feature. Raises PlaceError."""
    depot = feature.properties.get("depot")
    trucks = feature.properties.get("trucks", 0)
    if type(trucks) is not int or trucks < 0:
        raise PlaceError(feature.number, "trucks", "This is no count.", "Write 0 or more.")
    return County(
        feature.code,
        feature.name,
        feature.point,
        feature.polygon,
        None if depot is None else point_of(feature.number, "depot", depot),
        trucks,
    )


def town_of(feature: PlaceFeature) -> Town:
    """A town from its feature. Raises PlaceError."""
    return Town(
        feature.code,
        feature.name,
        feature.point,
        feature.polygon,
        text_of(feature, "position_source"),
        flag_of(feature, "served"),
    )


def village_of(feature: PlaceFeature) -> Village:
    """A village from its feature. Raises PlaceError."""
    return Village(
        feature.code,
        feature.name,
        feature.point,
        feature.polygon,
        text_of(feature, "position_source"),
        flag_of(feature, "served"),
    )


def _all(text: str, code_digits: int) -> list[PlaceFeature]:
    features, faults = read_features(text, code_digits=code_digits)
    if faults:
        raise faults[0]
    return features
