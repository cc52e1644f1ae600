"""Policies over HTTP: read, tried, saved once, taken back; each change in the audit log."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import MemoryReadings
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.alarms.zone_book import zone_book
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from gongfu_fleet.services.cold_policies import VersionedPolicies
from gongfu_fleet.services.people import By, add_account
from gongfu_fleet.services.watched_zones import RegistryZones
from tests.fleet.api.conftest import HASHER, NOW

Browser = Callable[[str], httpx.Client]
ZONE = "zone:cab-0001:1"
URL = f"/api/policies/{ZONE}"
MINUTE = 60_000
HIGH = {"product_high_celsius": 9.5}


@pytest.fixture
def kind() -> str:
    """One database is enough here: ``tests/fleet/policies/test_store.py`` has both."""
    return "sqlite"


def wish(expected: int = 0, **fields: float | None) -> dict[str, object]:
    return {"fields": fields, "expected": expected, "source": "HACCP 3", "note": "夏季"}


def save(client: httpx.Client, body: dict[str, object], url: str = URL) -> int:
    answer = client.post(url, json=body)
    assert answer.status_code == 201, answer.text
    version: int = answer.json()["version"]
    return version


def test_all_classes_are_listed_with_units_and_limits_of_their_fields(browser: Browser) -> None:
    told = browser("viewer").get("/api/policies").json()
    assert len(told["classes"]) == 12
    assert told["overrides"] == []
    frozen = next(one for one in told["classes"] if one["target"] == "class:frozen")
    assert frozen["fields"] == {}
    assert frozen["whole"]["air_high_celsius"] == -15
    assert len(frozen["zones"]) > 30
    fields = {one["name"]: one for one in told["fields"]}
    assert fields["tau_min"] == {
        "name": "tau_min", "unit": "min", "low": 1.0, "high": 1440.0, "may_be_none": False,
        "integral": False,
    }  # fmt: skip
    assert fields["low_celsius"]["may_be_none"]


def test_a_change_is_a_new_version_with_who_when_and_why(browser: Browser) -> None:
    manager = browser("manager")
    first = save(manager, wish(air_high_celsius=6, low_celsius=None))
    second = save(manager, wish(first, air_high_celsius=7))
    assert second == first + 1
    told = manager.get(URL).json()
    assert (told["version"], told["whole_version"]) == (second, second)
    assert told["fields"] == {"air_high_celsius": 7}
    assert (told["under"]["low_celsius"], told["whole"]["low_celsius"]) == (0, 0)
    one, other = manager.get(f"{URL}/history").json()["items"]
    assert one["changes"] == {"air_high_celsius": ["", 6], "low_celsius": ["", None]}
    assert other["changes"] == {"air_high_celsius": [6, 7], "low_celsius": [None, ""]}
    assert (other["by"], other["source"], other["note"]) == ("manager", "HACCP 3", "夏季")
    assert other["valid_from_ms"] == NOW
    listed = manager.get("/api/policies").json()["overrides"]
    assert [one["target"] for one in listed] == [ZONE]


def test_every_change_stands_in_the_audit_log_and_a_refused_one_does_not(browser: Browser) -> None:
    manager, admin = browser("manager"), browser("admin")
    version = save(manager, wish(air_high_celsius=6))
    assert manager.post(URL, json=wish(0, air_high_celsius=5)).status_code == 409
    entries = admin.get("/api/audit", params={"action": "policy"}).json()["items"]
    assert [(one["action"], one["object"], one["data"]) for one in entries] == [
        (
            "policy.save",
            f"policy:{ZONE}",
            {"changes": {"air_high_celsius": ["", 6]}, "version": version},
        )
    ]


def test_going_back_is_a_new_version_and_the_old_ones_stay(browser: Browser) -> None:
    manager = browser("manager")
    first = save(manager, wish(air_high_celsius=6))
    second = save(manager, wish(first, air_high_celsius=7))
    third = save(manager, {"to": first, "expected": second}, f"{URL}/revert")
    assert manager.get(URL).json()["fields"] == {"air_high_celsius": 6}
    fourth = save(manager, {"to": 0, "expected": third}, f"{URL}/revert")
    assert manager.get(URL).json()["fields"] == {}
    items = manager.get(f"{URL}/history").json()["items"]
    assert [one["version"] for one in items] == [first, second, third, fourth]
    assert [one["restores"] for one in items] == [None, None, first, 0]
    missing = manager.post(f"{URL}/revert", json={"to": 9_999, "expected": fourth})
    assert missing.status_code == 404


def test_as_of_a_version_the_policy_is_what_it_was(browser: Browser) -> None:
    manager, admin = browser("manager"), browser("admin")
    first = save(manager, wish(air_high_celsius=6))
    save(admin, wish(stuck_min=45), "/api/policies/class:chilled_generic")
    save(manager, wish(first, air_high_celsius=7))
    then = manager.get(URL, params={"version": first}).json()
    assert (then["whole"]["air_high_celsius"], then["whole"]["stuck_min"]) == (6, 30)
    assert then["whole_version"] == first
    assert manager.get(URL, params={"version": 99_999}).status_code == 404


def test_the_same_words_again_are_no_new_version(browser: Browser) -> None:
    manager = browser("manager")
    first = save(manager, wish(air_high_celsius=6))
    assert save(manager, wish(first, air_high_celsius=6)) == first


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (wish(air_high_celsius=400), "air_high_celsius is 400"),
        (wish(air_heigh=4), "no field 'air_heigh'"),
        (wish(product_high_celsius=50), "cab-0001 zone 1"),
        ({**wish(air_high_celsius=6), "source": " "}, "names no source"),
        ({**wish(air_high_celsius=6), "source": "\u202e"}, "control characters"),
    ],
)
def test_what_no_rule_can_mean_is_refused_by_field_with_a_remedy(
    browser: Browser, body: dict[str, object], words: str
) -> None:
    answer = browser("manager").post(URL, json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert answer.json()["remedy"]


def test_a_class_is_refused_when_a_zone_below_it_could_not_hold_it(browser: Browser) -> None:
    save(browser("manager"), wish(product_critical_celsius=9))
    answer = browser("admin").post(
        "/api/policies/class:chilled_generic", json=wish(product_high_celsius=9.5)
    )
    assert answer.status_code == 422
    assert "cab-0001 zone 1" in answer.json()["detail"]


@pytest.mark.parametrize("role", ["viewer", "auditor", "crew", "dispatcher"])
def test_only_managers_and_admins_change_policies(browser: Browser, role: str) -> None:
    client = browser(role)
    assert client.get(URL).status_code == 200
    assert client.post(URL, json=wish(air_high_celsius=6)).status_code == 403


def test_a_manager_of_a_part_sees_and_changes_that_part_alone(
    county: Engine, browser: Browser
) -> None:
    people = SqlPeople(county)
    scope = scope_of([Grant(ScopeKind.OPERATOR, "hangzhou")])
    account = ("near", Role.MANAGER, "password of near")
    add_account(people, HASHER, account, by=By("test", NOW), scope=scope)
    save(browser("manager"), wish(stuck_min=45), "/api/policies/zone:cab-0069:1")
    near = browser("near")
    listed = near.get("/api/policies").json()
    assert listed["overrides"] == []
    zones = [zone["asset"] for one in listed["classes"] for zone in one["zones"]]
    assert "cab-0001" in zones
    assert "cab-0069" not in zones
    assert near.get("/api/policies/zone:cab-0069:1").status_code == 404
    assert near.post("/api/policies/zone:cab-0069:1", json=wish()).status_code == 404
    assert near.post("/api/policies/class:frozen", json=wish(stuck_min=45)).status_code == 403
    save(near, wish(stuck_min=45))
    far, wrong = "/api/policies/zone:cab-0069:1", {"product_critical_celsius": 9}
    save(browser("manager"), {"fields": wrong, "expected": overriding(browser), "source": "x"}, far)
    trial = near.post("/api/policies/class:chilled_generic/trial", json={"fields": HIGH})
    assert trial.status_code == 200  # it cannot hold in cab-0069, which is not theirs to know of
    assert (
        browser("admin")
        .post("/api/policies/class:chilled_generic", json=wish(product_high_celsius=9.5))
        .json()["detail"]
        .startswith("cab-0069 zone 1")
    )


def overriding(browser: Browser) -> int:
    version: int = browser("viewer").get("/api/policies/zone:cab-0069:1").json()["version"]
    return version


def warm_afternoon(readings: MemoryReadings) -> None:
    """A day at 3 °C, with 100 minutes at 7.5 °C in it, no defrost; the class has the limit 8."""
    for n in range(24 * 60):
        celsius = 7.5 if 600 <= n < 700 else 3.0 + (n % 7) * 0.1
        ts_ms = NOW - (24 * 60 - n) * MINUTE
        readings.add("cab-0001", "zone_1_celsius", ts_ms=ts_ms, value=celsius)


def test_a_trial_tells_what_the_last_day_would_have_been_and_writes_nothing(
    browser: Browser, readings: MemoryReadings
) -> None:
    warm_afternoon(readings)
    manager = browser("manager")
    body = {"fields": {"air_high_celsius": 7, "product_high_celsius": 7}}
    told = manager.post(f"{URL}/trial", json=body).json()
    assert told["on"] == {"asset": "cab-0001", "zone": 1}
    assert told["readings"] == 24 * 60
    assert [one["hazard"] for one in told["gained"]] == ["air_high"]
    gained = told["gained"][0]
    assert gained["peak_celsius"] == 7.5
    assert abs(gained["begin_ms"] - (NOW - 840 * MINUTE)) <= 2 * MINUTE
    assert (told["lost"], told["changed"]) == ([], [])
    assert manager.get(f"{URL}/history").json()["items"] == []
    calm = manager.post(f"{URL}/trial", json={"fields": {"stuck_min": 45}}).json()
    assert calm["gained"] == []


WHOLE = "/api/policies/zone:cab-0001:0"


def test_whole_assets_are_listed_by_kind_with_fields_of_their_own(browser: Browser) -> None:
    told = browser("viewer").get("/api/policies").json()
    assert [one["target"] for one in told["wholes"]] == ["class:cabinet", "class:truck"]
    assert [len(one["zones"]) for one in told["wholes"]] == [80, 39]
    fields = {one["name"]: one for one in told["whole_fields"]["truck"]}
    assert fields["corridor_km"] == {
        "name": "corridor_km", "unit": "km", "low": 0.0, "high": 500.0, "may_be_none": False,
        "integral": False,
    }  # fmt: skip
    assert fields["power_need"]["integral"]
    assert "ground" not in fields
    assert "corridor_km: Engineering choice" in told["wholes"][1]["source"]


def test_a_whole_asset_is_changed_seen_and_taken_back_like_a_zone(browser: Browser) -> None:
    manager = browser("manager")
    first = save(manager, wish(session_min=5), WHOLE)
    told = manager.get(WHOLE).json()
    assert (told["product_class"], told["fields"]) == ("cabinet", {"session_min": 5})
    assert (told["under"]["session_min"], told["whole"]["session_min"]) == (15, 5)
    assert told["whole_version"] == first
    save(manager, {"to": 0, "expected": first}, f"{WHOLE}/revert")
    assert manager.get(WHOLE).json()["whole"]["session_min"] == 15
    refused = manager.post(WHOLE, json=wish(air_high_celsius=5))
    assert refused.status_code == 422
    assert "session_min" in refused.json()["remedy"]


def test_a_whole_asset_is_tried_on_its_stored_readings(
    browser: Browser, readings: MemoryReadings
) -> None:
    for n in range(24 * 60):
        ts_ms = NOW - (24 * 60 - n) * MINUTE
        door = 1.0 if 600 <= n < 609 else 0.0
        for metric, value in (("zone_1_celsius", 4.0), ("door_open", door), ("mains_on", 1.0)):
            readings.add("cab-0001", metric, ts_ms=ts_ms, value=value)
    manager = browser("manager")
    body = {"fields": {"session_min": 5}}
    told = manager.post(f"{WHOLE}/trial", json=body).json()
    assert told["on"] == {"asset": "cab-0001", "zone": 0}
    assert told["readings"] == 24 * 60
    assert [one["hazard"] for one in told["gained"]] == ["session_open"]
    assert told["gained"][0]["peak_celsius"] is None
    assert manager.get(f"{WHOLE}/history").json()["items"] == []


def test_a_class_is_tried_on_the_zone_that_is_named(
    browser: Browser, readings: MemoryReadings
) -> None:
    warm_afternoon(readings)
    admin, url = browser("admin"), "/api/policies/class:chilled_generic/trial"
    body = {"fields": {"air_high_celsius": 7}, "asset": "cab-0001", "zone": 1}
    assert admin.post(url, json=body).json()["on"] == {"asset": "cab-0001", "zone": 1}
    assert admin.post(url, json={**body, "zone": 9}).status_code == 422
    assert admin.post("/api/policies/class:frozen/trial", json=body).status_code == 404


def test_two_trials_take_turns(browser: Browser, deps: ApiDeps) -> None:
    with deps.trying:
        answer = browser("manager").post(f"{URL}/trial", json={"fields": {}})
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    assert browser("manager").post(f"{URL}/trial", json={"fields": {}}).status_code == 200


def test_the_watch_gets_the_newest_policy_when_it_looks_again(
    browser: Browser, county: Engine
) -> None:
    manager, store = browser("manager"), SqlPolicies(county)
    zones = RegistryZones(SqlRegistry(county), VersionedPolicies(store))
    before = zones.cold_policy_of("cab-0001", 1)
    version = save(manager, wish(air_high_celsius=6))
    assert zones.cold_policy_of("cab-0001", 1) == before
    zones.refresh()
    after = zones.cold_policy_of("cab-0001", 1)
    assert (after.air_high_celsius, after.version) == (6, version)
    book = zones.zones()["cab-0001"][0].book
    assert book == zone_book("zone_1_celsius", after)


def test_cards_and_lists_show_the_limits_that_hold(browser: Browser) -> None:
    manager = browser("manager")
    assert shown(manager) == (0, 8, 1800)
    version = save(manager, wish(air_high_celsius=6, low_celsius=None, air_delay_min=45))
    assert shown(manager) == (None, 6, 2700)
    zone = manager.get("/api/assets/cab-0001").json()["zones"][0]
    assert zone["policy_version"] == version
    card = next(one for one in manager.get("/api/map").json()["assets"] if one["id"] == "cab-0001")
    assert (card["zones"][0]["low_celsius"], card["zones"][0]["high_celsius"]) == (None, 6)


def shown(client: httpx.Client) -> tuple[float | None, float | None, int]:
    zone = client.get("/api/assets/cab-0001").json()["zones"][0]
    return zone["low_celsius"], zone["high_celsius"], zone["on_delay_s"]
