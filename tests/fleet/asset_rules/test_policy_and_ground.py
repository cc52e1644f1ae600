"""Policies that can mean nothing are refused; places are near when they are."""

import math
from dataclasses import fields

import pytest

from gongfu_fleet.domain.alarms.asset_rules.policy import policy_of
from gongfu_fleet.errors import InvalidError
from gongfu_fleet.services.asset_policies import cabinet_policy, ground_of, truck_policy
from gongfu_geo.datum import Wgs84
from gongfu_geo.distance import haversine_m
from tests.fleet.asset_rules.rides import CABINETS, GROUND, TRUCKS

NO_VALUES = {"kind", "version", "sources", "ground", "timetable", "life"}


def test_every_shipped_value_has_its_source() -> None:
    for policy in (TRUCKS, CABINETS):
        names = {one.name for one in fields(policy)} - NO_VALUES
        assert set(policy.sources) == names
        assert all(policy.sources.values())


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"limit": 3}, "unknown field 'limit'"),
        ({"kind": "ship"}, "no asset policy for 'ship'"),
        ({"moving_kmh": -1}, "moving_kmh -1"),
        ({"moving_kmh": math.nan}, "moving_kmh nan"),
        ({"moving_kmh": "10"}, "moving_kmh '10'"),
        ({"moving_kmh": True}, "moving_kmh True"),
        ({"moving_kmh": 4}, "still_kmh above moving_kmh"),
        ({"max_gap_min": 0}, "no max_gap_min"),
        ({"village_late_min": -1}, "village_late_min -1"),
        ({"power_need": 4}, "power_need of power_of"),
        ({"sources": {}}, "no source for max_gap_min"),
        ({"sources": 7}, "no sources"),
    ],
)
def test_a_policy_that_can_mean_nothing_is_refused(changes: dict[str, object], fault: str) -> None:
    with pytest.raises(InvalidError, match=fault):
        truck_policy(GROUND, changes)


def test_a_policy_that_lacks_a_value_is_refused_and_zero_is_a_value() -> None:
    with pytest.raises(InvalidError, match="lacks version"):
        policy_of({"kind": "cabinet"})
    assert cabinet_policy({"power_lost_min": 0}).power_lost_min == 0


def test_a_policy_cannot_become_one_of_another_kind() -> None:
    with pytest.raises(InvalidError, match="unknown field"):
        cabinet_policy({"kind": "truck"})


def test_the_nearest_stop_is_found_across_the_buckets_it_is_kept_in() -> None:
    stops = [Wgs84(118.8 + 0.013 * n, 28.9 + 0.007 * (n * 5 % 11)) for n in range(40)]
    ground = ground_of(stops)
    for n in range(40):
        here = Wgs84(118.79 + 0.0131 * n, 28.93)
        nearest_m = min(haversine_m(here, stop) for stop in stops)
        found = ground.nearest_m((here.lat, here.lon), 3_000)
        assert found == (nearest_m if nearest_m <= 3_000 else math.inf)


def test_near_is_right_to_half_a_kilometre_and_nothing_is_near_without_stops() -> None:
    at = GROUND.nearest_m((28.9, 118.8), 1)
    assert at < 1
    assert GROUND.near((28.9 + 0.06, 118.8), 8_000)
    assert not GROUND.near((28.9 + 0.08, 118.8), 8_000)
    assert not ground_of([]).near((28.9, 118.8), 8_000)
    assert ground_of([]).nearest_m((89.999, 0.0), 700) == math.inf


def test_grounds_of_the_same_places_are_equal_whatever_their_order() -> None:
    places = [Wgs84(118.8, 28.9), Wgs84(118.9, 28.9)]
    assert ground_of(places) == ground_of(reversed(places))
    assert hash(ground_of(places)) == hash(ground_of(places * 2))
