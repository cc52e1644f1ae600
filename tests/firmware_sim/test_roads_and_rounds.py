"""Roads wind, drives are smooth, rounds share out the week."""

from itertools import pairwise
from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_firmware_sim.chance import stream
from gongfu_firmware_sim.roads import drive_along, offset_m, road_between, shifted
from gongfu_firmware_sim.rounds import weekly_rounds

A, B = (118.868, 28.948), (118.95, 29.01)
PLACE = st.tuples(st.floats(118.0, 119.5), st.floats(28.2, 29.5))


def test_a_road_is_about_a_third_longer_than_the_straight_line() -> None:
    straight = hypot(*offset_m(A, B))
    ratios = [road_between(A, B, dice=stream(n, "road")).length_m / straight for n in range(50)]
    assert 1.2 < sum(ratios) / len(ratios) < 1.6
    assert min(ratios) > 1.05


def test_the_same_dice_lay_the_same_road() -> None:
    assert road_between(A, B, dice=stream(1, "r")) == road_between(A, B, dice=stream(1, "r"))


@given(PLACE, PLACE, st.integers(0, 99))
def test_a_drive_begins_and_ends_at_standstill_at_the_ends_of_its_road(
    a: tuple[float, float], b: tuple[float, float], seed: int
) -> None:
    road = road_between(a, b, dice=stream(seed, "road"))
    drive = drive_along(road, 1_000, dice=stream(seed, "drive"))
    assert drive.metres(1_000) == 0.0
    assert drive.metres(drive.end_ms) == pytest.approx(road.length_m, abs=0.01)
    assert drive.speed_kmh(1_000) == pytest.approx(0.0)
    assert drive.speed_kmh(drive.end_ms) == pytest.approx(0.0)


def test_the_metres_are_the_integral_of_the_speed() -> None:
    drive = drive_along(road_between(A, B, dice=stream(1, "r")), 0, dice=stream(1, "d"))
    seconds = range(0, drive.end_ms, 1_000)
    summed = sum(drive.speed_kmh(ts + 500) / 3.6 for ts in seconds)
    assert summed == pytest.approx(drive.road.length_m, rel=0.001)
    speeds = [drive.speed_kmh(ts) for ts in seconds]
    assert max(speeds) < 50
    assert all(abs(b - a) < 2 for a, b in pairwise(speeds))


@given(st.lists(PLACE, min_size=1, max_size=20, unique=True))
def test_each_village_stands_in_exactly_one_of_five_rounds(
    stops: list[tuple[float, float]],
) -> None:
    rounds = weekly_rounds(A, stops)
    assert len(rounds) == 5
    assert sorted(stop for day in rounds for stop in day) == sorted(stops)
    assert max(map(len, rounds)) - min(map(len, rounds)) <= 1


@given(PLACE, st.floats(-5_000, 5_000), st.floats(-5_000, 5_000))
def test_shifting_and_measuring_agree(at: tuple[float, float], east: float, north: float) -> None:
    assert offset_m(at, shifted(at, east, north)) == pytest.approx((east, north), rel=0.01, abs=0.1)
