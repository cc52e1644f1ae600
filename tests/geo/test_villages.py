"""The shipped county is whole, keyed by code, honest about its sources, and small."""

from importlib.resources import files

import shapely
from shapely import Point

from gongfu_geo.villages import shipped_places


def test_the_shipped_county_has_the_published_size() -> None:
    places = shipped_places()
    assert (len(places.counties), len(places.towns), len(places.villages)) == (6, 100, 1480)
    assert sum(v.served for v in places.villages.values()) == 619
    assert sum(t.served for t in places.towns.values()) == 70
    assert sum(c.trucks for c in places.counties.values()) == 39


def test_every_village_lies_in_a_known_town_and_county() -> None:
    places = shipped_places()
    assert all(v.town_code in places.towns for v in places.villages.values())
    assert all(t.county_code in places.counties for t in places.towns.values())


def test_names_repeat_so_codes_are_the_key() -> None:
    villages = shipped_places().villages
    assert len({v.name for v in villages.values()}) < len(villages)
    assert all(v.code == code for code, v in villages.items())


def test_every_village_point_lies_inside_its_own_polygon() -> None:
    for village in shipped_places().villages.values():
        # 5 decimal places move a border by up to a metre.
        assert village.polygon.buffer(2e-5).contains(Point(village.point)), village.code


def test_every_depot_lies_in_its_county() -> None:
    for county in shipped_places().counties.values():
        assert county.depot is not None
        assert county.polygon.contains(Point(county.depot)), county.name


def test_simplified_neighbours_still_share_their_border() -> None:
    assert shapely.coverage_is_valid([c.polygon for c in shipped_places().counties.values()])


def test_synthetic_positions_are_called_so() -> None:
    sources = [v.position_source for v in shipped_places().villages.values()]
    assert sum(s.startswith("synthetic") for s in sources) == 1438
    assert all(sources)


def test_the_shipped_data_stays_under_a_megabyte() -> None:
    data = files("gongfu_geo").joinpath("data")
    assert sum(len(f.read_bytes()) for f in data.iterdir()) < 1_000_000
    assert "GeoNames" in data.joinpath("SOURCES.md").read_text(encoding="utf-8")
