"""The registry page by page, and what one asset measured."""

import math
from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import MemoryReadings
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import RegistryFiles, import_registry

Browser = Callable[[str], httpx.Client]
SERIES = "/api/assets/cab-0001/readings"


def test_pages_follow_each_other_without_gap_or_repeat(browser: Browser) -> None:
    viewer = browser("viewer")
    seen: list[str] = []
    after = ""
    while after is not None:
        page = viewer.get("/api/assets", params={"limit": 50, "after": after}).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) == 119
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"kind": "truck"}, 39),
        ({"kind": "cabinet"}, 80),
        ({"site": "hangzhou"}, 68),
        ({"site": "quzhou", "kind": "cabinet"}, 12),
        ({"site": "nowhere"}, 0),
    ],
)
def test_assets_are_filtered_by_kind_and_site(
    browser: Browser, query: dict[str, str], count: int
) -> None:
    page = browser("viewer").get("/api/assets", params=query).json()
    assert (len(page["items"]), page["next"]) == (count, None)


def test_a_zone_tells_its_class_and_its_rule(browser: Browser) -> None:
    zones = browser("viewer").get("/api/assets/veh-0039").json()["zones"]
    assert [zone["class"] for zone in zones] == ["chilled_generic", "frozen"]
    assert zones[1]["low_celsius"] is None
    assert zones[0]["on_delay_s"] == 1800


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": -1},
        {"limit": 10**30},
        {"limit": "NaN"},
        {"kind": "boat"},
        {"after": "x" * 99},
    ],
)
def test_odd_queries_of_the_list_are_refused(browser: Browser, query: dict[str, str]) -> None:
    answer = browser("viewer").get("/api/assets", params=query)
    assert answer.status_code == 422
    assert answer.json()["remedy"]


@pytest.mark.parametrize("asset", ["cab-9999", "CAB-0001", "%00", "..%2f..", "x" * 3000])
def test_an_unknown_asset_is_not_found(browser: Browser, asset: str) -> None:
    assert browser("viewer").get(f"/api/assets/{asset}").status_code == 404


def test_samples_come_oldest_first_with_their_unit(
    browser: Browser, readings: MemoryReadings
) -> None:
    for ts_ms, value in ((30, 3.5), (10, 0.0), (20, -1.5), (40, 9.0)):
        readings.add("cab-0001", "zone_1_celsius", ts_ms=ts_ms, value=value)
    query: dict[str, str | int] = {"metric": "zone_1_celsius", "start_ms": 10, "end_ms": 40}
    assert browser("viewer").get(SERIES, params=query).json() == {
        "metric": "zone_1_celsius",
        "unit": "celsius",
        "points": [[10, 0.0], [20, -1.5], [30, 3.5]],
    }


def test_windows_come_as_n_min_max_mean(browser: Browser, readings: MemoryReadings) -> None:
    for ts_ms, value in ((1_000, 1.0), (1_500, 3.0), (2_000, 5.0)):
        readings.add("cab-0001", "zone_1_celsius", ts_ms=ts_ms, value=value)
    span = {"start_ms": 0, "end_ms": 9_000, "every_ms": 1_000}
    answer = browser("viewer").get(SERIES, params={"metric": "zone_1_celsius", **span}).json()
    assert answer["windows"] == [[1_000, 2, 1.0, 3.0, 2.0], [2_000, 1, 5.0, 5.0, 5.0]]
    assert "points" not in answer


@pytest.mark.parametrize(
    ("metric", "unit"),
    [("tray_3_kg", "kg"), ("humidity_percent", "percent"), ("door_open", "count")],
)
def test_every_metric_has_a_unit(browser: Browser, metric: str, unit: str) -> None:
    query: dict[str, str | int] = {"metric": metric, "start_ms": 0, "end_ms": 1}
    assert browser("viewer").get(SERIES, params=query).json()["unit"] == unit


WEEK = 7 * 86_400_000


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "colour"},
        {"metric": "zone_2_celsius"},
        {"metric": "x' OR 1=1 --"},
        {"metric": "x" * 100},
        {"start_ms": -1},
        {"start_ms": "NaN"},
        {"start_ms": math.inf},
        {"start_ms": 10**40},
        {"end_ms": 0},
        {"end_ms": WEEK + 1},
        {"every_ms": 0},
        {"every_ms": -5},
        {"every_ms": 999},
        {"end_ms": WEEK, "every_ms": 1_000},
        {"every_ms": 10**18},
    ],
)
def test_odd_queries_of_a_series_are_refused_with_a_remedy(
    browser: Browser, changes: dict[str, object]
) -> None:
    query = {"metric": "zone_1_celsius", "start_ms": 0, "end_ms": 1, **changes}
    answer = browser("viewer").get(SERIES, params={k: str(v) for k, v in query.items()})
    assert answer.status_code == 422
    assert answer.json()["remedy"]


def test_markup_in_a_name_stays_text(browser: Browser, county: Engine) -> None:
    name = "<script>alert(1)</script>"
    text = (
        "id,kind,name,site,lon,lat,position_source,lifecycle,county_code,depot,model,place\n"
        f"cab-0100,cabinet,{name},quzhou,118.9,28.9,surveyed,live,,,,\n"
    )
    file = TableFile("a.csv", text.encode())
    import_registry(SqlRegistry(county), RegistryFiles(assets=file), by=None)
    answer = browser("viewer").get("/api/assets/cab-0100")
    assert answer.json()["name"] == name
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_import_shows_without_a_restart(browser: Browser, county: Engine) -> None:
    viewer = browser("viewer")
    assert viewer.get("/api/assets/cab-0001").json()["lifecycle"] == "live"
    text = (
        "id,kind,name,site,lon,lat,position_source,lifecycle,county_code,depot,model,place\n"
        "cab-0001,cabinet,旧柜,hangzhou,120.1,30.2,surveyed,retired,,,,\n"
    )
    file = TableFile("a.csv", text.encode())
    import_registry(SqlRegistry(county), RegistryFiles(assets=file), by=None)
    assert viewer.get("/api/assets/cab-0001").json()["lifecycle"] == "retired"
    assert len(viewer.get("/api/map").json()["assets"]) == 118
