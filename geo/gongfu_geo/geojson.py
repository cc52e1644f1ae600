"""Reading GeoJSON (RFC 7946) of counties, towns and villages, feature by feature.

A wrong feature is reported with its number and left out; the right ones are still read.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import shapely
from shapely import MultiPolygon, Polygon

from gongfu_geo.datum import Wgs84
from gongfu_geo.errors import PlaceError
from gongfu_geo.positions import position_fault

MAX_NAME_LENGTH = 80
MAX_SOURCE_LENGTH = 120
Properties = Mapping[str, Any]  # what a stranger's JSON holds is checked value by value


@dataclass(frozen=True)
class PlaceFeature:
    """One feature: ``code`` of the expected number of digits, ``point`` and ``polygon`` WGS-84."""

    number: int
    code: str
    name: str
    point: Wgs84
    polygon: Polygon | MultiPolygon
    properties: Properties


def read_features(text: str, *, code_digits: int) -> tuple[list[PlaceFeature], list[PlaceError]]:
    """Features of a FeatureCollection and the faults of those left out, in file order.

    Raises PlaceError (feature 0) when the text is no FeatureCollection at all.
    """
    features: list[PlaceFeature] = []
    faults: list[PlaceError] = []
    seen: set[str] = set()
    for number, raw in enumerate(_collection(text), start=1):
        try:
            feature = _feature(number, raw, code_digits)
            _refuse_twice(feature, seen)
        except PlaceError as fault:
            faults.append(fault)
        else:
            seen.add(feature.code)
            features.append(feature)
    return features, faults


def point_of(number: int, column: str, value: object) -> Wgs84:
    """A ``[lon, lat]`` pair from JSON. Raises PlaceError."""
    if not (isinstance(value, list) and [type(v) in (int, float) for v in value] == [True, True]):
        raise PlaceError(number, column, "There is no [lon, lat].", "Write it as [118.87, 28.95].")
    lon, lat = float(value[0]), float(value[1])
    if fault := position_fault(lon, lat):
        raise PlaceError(number, column, *fault)
    return Wgs84(lon, lat)


def text_of(feature: PlaceFeature, column: str) -> str:
    """A text property of at most 120 characters, empty when missing. Raises PlaceError."""
    value = feature.properties.get(column, "")
    if not isinstance(value, str) or len(value) > MAX_SOURCE_LENGTH:
        raise PlaceError(
            feature.number, column, "This is no short text.", "Write at most 120 characters."
        )
    return value


def flag_of(feature: PlaceFeature, column: str) -> bool:
    """A true/false property, false when missing. Raises PlaceError."""
    value = feature.properties.get(column, False)
    if not isinstance(value, bool):
        raise PlaceError(feature.number, column, f"{value!r:.20} is no truth value.", "Write true.")
    return value


def geometry_text(polygon: Polygon | MultiPolygon) -> str:
    """A polygon as a GeoJSON geometry."""
    return shapely.to_geojson(polygon)


def _collection(text: str) -> list[object]:
    try:
        whole = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as fault:
        raise PlaceError(
            0, "file", f"This is no JSON ({fault}).", "Export it as GeoJSON."
        ) from None
    features = whole.get("features") if isinstance(whole, dict) else None
    if not isinstance(features, list) or whole.get("type") != "FeatureCollection":
        raise PlaceError(
            0, "file", "This is no FeatureCollection.", "Export it as a GeoJSON FeatureCollection."
        )
    return features


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _refuse_twice(feature: PlaceFeature, seen: set[str]) -> None:
    if feature.code in seen:
        fault = f"{feature.code} stands here twice."
        raise PlaceError(feature.number, "code", fault, "Remove one of the two.")


def _feature(number: int, raw: object, code_digits: int) -> PlaceFeature:
    properties = raw.get("properties") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(properties, dict):
        raise PlaceError(number, "properties", "They are missing.", "Write code, name and point.")
    code, name = properties.get("code"), properties.get("name")
    if not isinstance(code, str) or not re.fullmatch(rf"[0-9]{{{code_digits}}}", code):
        raise PlaceError(
            number,
            "code",
            f"{code!r:.40} is no code of {code_digits} digits.",
            "Write the code of the National Bureau of Statistics as text.",
        )
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= MAX_NAME_LENGTH:
        raise PlaceError(number, "name", "There is no name.", "Write 1 to 80 characters.")
    point = point_of(number, "point", properties.get("point"))
    polygon = _polygon(number, raw.get("geometry"))
    return PlaceFeature(number, code, name.strip(), point, polygon, properties)


def _polygon(number: int, geometry: object) -> Polygon | MultiPolygon:
    try:
        shape = shapely.from_geojson(json.dumps(geometry))
    except (shapely.GEOSException, ValueError):
        shape = None
    if not isinstance(shape, Polygon | MultiPolygon) or shape.is_empty:
        raise PlaceError(
            number, "geometry", "There is no polygon.", "Write a Polygon or MultiPolygon."
        )
    west, south, east, north = shape.bounds
    if fault := position_fault(west, south) or position_fault(east, north):
        raise PlaceError(number, "geometry", *fault)
    if not shape.is_valid:
        raise PlaceError(
            number,
            "geometry",
            f"The polygon is not valid ({shapely.is_valid_reason(shape)}).",
            "Repair it, for example with shapely's make_valid.",
        )
    return shape
