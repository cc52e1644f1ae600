"""The published vectors of the cold-chain paper hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_geo.datum import Gcj02, Wgs84, wgs84_to_gcj02
from gongfu_geo.distance import haversine_m

CHINA = st.builds(Wgs84, st.floats(74, 134), st.floats(19, 53))


@pytest.mark.parametrize(
    ("at", "expected", "tolerance_deg"),
    [
        (Wgs84(121.5272106, 31.1774276), Gcj02(121.531541859215, 31.17530398364597), 1e-12),
        (Wgs84(118.87, 28.97), Gcj02(118.8747791, 28.9668999), 5e-8),
    ],
)
def test_gcj02_gives_the_published_vectors(
    at: Wgs84, expected: Gcj02, tolerance_deg: float
) -> None:
    assert wgs84_to_gcj02(at) == pytest.approx(expected, abs=tolerance_deg)


def test_the_shift_at_quzhou_is_580_metres() -> None:
    here = Wgs84(118.87, 28.97)
    assert haversine_m(here, Wgs84(*wgs84_to_gcj02(here))) == pytest.approx(578.8, abs=0.5)


def test_the_distance_gives_the_published_vector() -> None:
    metres = haversine_m(Wgs84(118.87, 28.97), Wgs84(118.415, 29.137))
    assert metres == pytest.approx(47_967.5, abs=0.05)


@given(CHINA)
def test_the_shift_stays_under_a_kilometre_all_over_china(at: Wgs84) -> None:
    assert haversine_m(at, Wgs84(*wgs84_to_gcj02(at))) < 1_000


@given(CHINA, CHINA, CHINA)
def test_a_detour_is_never_shorter(a: Wgs84, b: Wgs84, c: Wgs84) -> None:
    assert haversine_m(a, b) == haversine_m(b, a)
    assert haversine_m(a, c) <= haversine_m(a, b) + haversine_m(b, c) + 1e-3


def test_the_other_side_of_the_earth_is_half_its_girth_away() -> None:
    assert haversine_m(Wgs84(0, 0), Wgs84(180, 0)) == pytest.approx(20_015_114, abs=1)
