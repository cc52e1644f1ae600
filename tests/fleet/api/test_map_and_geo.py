"""The map: every asset once, coloured by what is known, and the ground under it."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gongfu_fleet.adapters.memory import MemoryConnections, MemoryReadings
from gongfu_fleet.ports import Connection, IncidentView

Browser = Callable[[str], httpx.Client]
NOW = 1_790_000_000_000


def assets(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {asset["id"]: asset for asset in client.get("/api/map").json()["assets"]}


def test_the_map_shows_the_whole_fleet_and_two_places(browser: Browser) -> None:
    answer = browser("viewer").get("/api/map").json()
    assert (answer["now_ms"], answer["speed"]) == (NOW, 30)
    assert [place["id"] for place in answer["places"]] == ["quzhou", "hangzhou"]
    assert len(answer["assets"]) == 119
    for asset in answer["assets"]:
        place = next(p for p in answer["places"] if p["id"] == asset["site"])
        west, south, east, north = place["bounds"]
        assert west < asset["lon"] < east, asset["id"]
        assert south < asset["lat"] < north, asset["id"]


@pytest.mark.parametrize(
    "case",
    [
        ([], "up", "ok"),
        ([], "down", "offline"),
        (["active"], "up", "alarm"),
        (["clearing"], "down", "alarm"),
        (["unknown"], "down", "unknown"),
        (["unknown", "active"], "up", "alarm"),
        (["normal"], "up", "ok"),
    ],
)
def test_an_asset_is_coloured_by_its_incidents_and_its_link(
    browser: Browser,
    connections: MemoryConnections,
    raised: Callable[..., IncidentView],
    case: tuple[list[str], str, str],
) -> None:
    conditions, link, state = case
    connections.known["cab-0001"] = Connection(link == "up", NOW - 5)
    for number, condition in enumerate(conditions):
        raised(number, condition=condition)
    asset = assets(browser("viewer"))["cab-0001"]
    assert (asset["state"], asset["open_incidents"]) == (state, len(conditions))
    assert asset["heard_ms"] == NOW - 5


def test_an_asset_never_heard_of_is_offline_with_empty_zones(browser: Browser) -> None:
    asset = assets(browser("viewer"))["veh-0001"]
    assert asset["state"] == "offline"
    assert asset["heard_ms"] is None
    assert [zone["celsius"] for zone in asset["zones"]] == [None, None]
    assert [zone["high_celsius"] for zone in asset["zones"]] == [8, -15]


def test_zero_degrees_is_a_temperature(browser: Browser, readings: MemoryReadings) -> None:
    readings.add("cab-0001", "zone_1_celsius", ts_ms=NOW - 9, value=0.0)
    zone = assets(browser("viewer"))["cab-0001"]["zones"][0]
    assert (zone["celsius"], zone["at_ms"], zone["low_celsius"]) == (0.0, NOW - 9, 0)


def test_a_truck_stands_where_it_was_last_seen(browser: Browser, readings: MemoryReadings) -> None:
    for metric, value in {"lon_deg": 118.4, "lat_deg": 29.1, "speed_kmh": 31.5}.items():
        readings.add("veh-0001", metric, ts_ms=NOW, value=value)
    readings.add("veh-0001", "door_open", ts_ms=NOW, value=1.0)
    truck = assets(browser("viewer"))["veh-0001"]
    assert (truck["lon"], truck["lat"], truck["speed_kmh"]) == (118.4, 29.1, 31.5)
    assert truck["door_open"] == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 500.0])
def test_an_impossible_fix_does_not_move_a_truck(
    browser: Browser, readings: MemoryReadings, value: float
) -> None:
    client = browser("viewer")
    parked = assets(client)["veh-0001"]
    readings.add("veh-0001", "lon_deg", ts_ms=NOW, value=value)
    readings.add("veh-0001", "lat_deg", ts_ms=NOW, value=29.1)
    moved = assets(client)["veh-0001"]
    assert (moved["lon"], moved["lat"]) == (parked["lon"], parked["lat"])


@pytest.mark.parametrize(("level", "count"), [("villages", 1480), ("counties", 6)])
def test_the_ground_comes_compressed_and_once(browser: Browser, level: str, count: int) -> None:
    viewer = browser("viewer")
    answer = viewer.get(f"/api/geo/{level}")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "application/geo+json"
    assert len(answer.json()["features"]) == count
    etag = answer.headers["etag"]
    again = viewer.get(f"/api/geo/{level}", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    plain = viewer.get(f"/api/geo/{level}", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == answer.json()


def test_a_village_says_where_it_belongs_and_whether_it_is_served(browser: Browser) -> None:
    collection = json.loads(browser("viewer").get("/api/geo/villages").content)
    served = [f for f in collection["features"] if f["properties"]["served"]]
    assert len(served) == 619
    assert {"code", "name", "town", "county", "served"} <= set(served[0]["properties"])
