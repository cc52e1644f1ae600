"""A stranger's GeoJSON is read feature by feature, and every fault names its remedy."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_geo.errors import PlaceError
from gongfu_geo.geojson import read_features
from gongfu_geo.villages import county_of, town_of, village_of

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[118.0, 28.0], [118.1, 28.0], [118.1, 28.1], [118.0, 28.1], [118.0, 28.0]]],
}
BOW_TIE = {
    "type": "Polygon",
    "coordinates": [[[118.0, 28.0], [118.1, 28.1], [118.1, 28.0], [118.0, 28.1], [118.0, 28.0]]],
}


def feature(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - the point is to hold wrong values
    geometry = changes.pop("geometry", SQUARE)
    properties = {"code": "330802005200", "name": "童村碓村", "point": [118.05, 28.05], **changes}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_a_right_feature_becomes_a_village() -> None:
    features, faults = read_features(collection(feature(served=True)), code_digits=12)
    village = village_of(features[0])
    assert not faults
    assert (village.code, village.town_code, village.county_code) == (
        "330802005200",
        "330802005",
        "330802",
    )
    assert village.served
    assert village.point == (118.05, 28.05)


@pytest.mark.parametrize(
    ("changes", "column", "hint"),
    [
        ({"code": "33080200520"}, "code", "12 digits"),
        ({"code": 330802005200}, "code", "as text"),
        ({"code": "33080200520０"}, "code", "12 digits"),
        ({"name": " "}, "name", "1 to 80"),
        ({"name": "村" * 81}, "name", "1 to 80"),
        ({"point": [28.05, 118.05]}, "point", "swapped"),
        ({"point": [500, 28.05]}, "point", "no place on Earth"),
        ({"point": "118,28"}, "point", "[118.87, 28.95]"),
        ({"point": [True, False]}, "point", "[118.87, 28.95]"),
        ({"geometry": None}, "geometry", "Polygon"),
        ({"geometry": {"type": "Point", "coordinates": [118, 28]}}, "geometry", "Polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": []}}, "geometry", "Polygon"),
        ({"geometry": {"type": "Polygon", "coordinates": "x"}}, "geometry", "Polygon"),
        ({"geometry": BOW_TIE}, "geometry", "not valid"),
    ],
)
def test_a_wrong_feature_is_left_out_and_says_why(
    changes: dict[str, Any], column: str, hint: str
) -> None:
    features, faults = read_features(collection(feature(**changes), feature()), code_digits=12)
    assert [f.number for f in features] == [2]
    assert [(f.feature, f.column) for f in faults] == [(1, column)]
    assert hint in str(faults[0])


def test_a_swapped_polygon_is_called_swapped() -> None:
    swapped = {
        "type": "Polygon",
        "coordinates": [[[28.0, 118.0], [28.0, 118.1], [28.1, 118.1], [28.0, 118.0]]],
    }
    _, faults = read_features(collection(feature(geometry=swapped)), code_digits=12)
    assert "swapped" in str(faults[0])


def test_a_code_that_stands_twice_is_a_fault_of_the_second() -> None:
    features, faults = read_features(collection(feature(), feature()), code_digits=12)
    assert len(features) == 1
    assert (faults[0].feature, faults[0].column) == (2, "code")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"type":"FeatureCollection"}', "[" * 100_000, '{"a": NaN}'],
)
def test_a_text_that_is_no_collection_is_refused_whole(text: str) -> None:
    with pytest.raises(PlaceError) as refused:
        read_features(text, code_digits=12)
    assert refused.value.feature == 0
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("changes", "build"),
    [
        ({"trucks": -1}, county_of),
        ({"trucks": True}, county_of),
        ({"depot": [1]}, county_of),
        ({"served": "yes"}, town_of),
        ({"served": 1}, village_of),
        ({"position_source": 3}, village_of),
        ({"position_source": "x" * 121}, town_of),
    ],
)
def test_wrong_extra_properties_are_refused(changes: dict[str, Any], build: Any) -> None:  # noqa: ANN401 - three builders
    features, _ = read_features(collection(feature(**changes)), code_digits=12)
    with pytest.raises(PlaceError, match="feature 1"):
        build(features[0])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=3), JSON, JSON)
def test_whatever_a_stranger_sends_gives_faults_and_never_a_crash(
    features: list[object], properties: object, geometry: object
) -> None:
    odd = {"type": "Feature", "properties": properties, "geometry": geometry}
    read, faults = read_features(
        collection(*features, odd, feature(geometry=geometry)), code_digits=12
    )
    assert len(read) + len(faults) == len(features) + 2
