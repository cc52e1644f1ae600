"""A manager sees an incident and acknowledges it."""

from collections.abc import Callable

import httpx
import pytest

from gongfu_fleet.adapters.memory import MemoryIncidents
from gongfu_fleet.ports import IncidentView, IncidentWords

Browser = Callable[[str], httpx.Client]
Raise = Callable[..., IncidentView]
LIST = "/api/incidents"


def test_a_manager_acknowledges_with_a_note_and_twice_is_harmless(
    browser: Browser, raised: Raise
) -> None:
    incident = raised()
    manager = browser("manager")
    path = f"{LIST}/{incident.id}/acknowledge"
    first = manager.post(path, json={"note": "压缩机已重启"}).json()
    assert (first["workflow"], first["acked_by"], first["note"]) == (
        "acked",
        "manager",
        "压缩机已重启",
    )
    again = browser("admin").post(path, json={"note": "too late"})
    assert again.json() == first


def test_an_incident_carries_every_field_of_the_contract(browser: Browser, raised: Raise) -> None:
    incident = raised(limit_celsius=0.0, peak_celsius=-0.5)
    item = browser("viewer").get(LIST).json()["items"][0]
    assert item == {**vars(incident), "dispositions": []}


def test_the_detail_has_the_events_in_order(browser: Browser, raised: Raise) -> None:
    incident = raised()
    manager = browser("manager")
    manager.post(f"{LIST}/{incident.id}/acknowledge", json={})
    detail = manager.get(f"{LIST}/{incident.id}").json()
    assert [(e["n"], e["kind"], e["by"]) for e in detail["events"]] == [
        (1, "raised", None),
        (2, "acknowledged", "manager"),
    ]
    assert detail["id"] == incident.id
    assert (detail["advice"], detail["breach_min"]) == (None, None)


def test_the_detail_has_what_the_rule_says_and_how_soon_the_goods_pass_their_limit(
    browser: Browser, raised: Raise, incidents: MemoryIncidents
) -> None:
    incident = raised()
    incidents.said[incident.id] = IncidentWords(
        "检查制冷机组。", "Look at the unit.", (0, 25, None)
    )
    detail = browser("viewer").get(f"{LIST}/{incident.id}").json()
    assert detail["advice"] == {"zh": "检查制冷机组。", "en": "Look at the unit."}
    assert detail["breach_min"] == [0, 25, None]


def test_open_hides_what_is_over_and_all_shows_it(browser: Browser, raised: Raise) -> None:
    raised(1)
    raised(2, condition="normal")
    raised(3, condition="normal", workflow="acked")
    raised(4, merged_into="x")
    viewer = browser("viewer")
    shown = [item["id"][-1] for item in viewer.get(LIST).json()["items"]]
    every = [item["id"][-1] for item in viewer.get(LIST, params={"state": "all"}).json()["items"]]
    assert (shown, every) == (["2", "1"], ["4", "3", "2", "1"])


def test_incidents_are_filtered_by_asset_and_paged(browser: Browser, raised: Raise) -> None:
    for number in range(5):
        raised(number)
    raised(9, asset="veh-0001")
    viewer = browser("viewer")
    page = viewer.get(LIST, params={"asset": "cab-0001", "limit": 3}).json()
    rest = viewer.get(LIST, params={"asset": "cab-0001", "before": page["next"]}).json()
    assert [item["id"][-1] for item in page["items"] + rest["items"]] == list("43210")
    assert rest["next"] is None


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 501}, {"state": "closed"}, {"before": "x" * 99}]
)
def test_odd_queries_are_refused(browser: Browser, query: dict[str, str]) -> None:
    assert browser("viewer").get(LIST, params=query).status_code == 422


def test_an_unknown_incident_is_not_found(browser: Browser) -> None:
    manager = browser("manager")
    assert manager.get(f"{LIST}/nothing").status_code == 404
    assert manager.post(f"{LIST}/nothing/acknowledge", json={}).status_code == 404


def test_a_merged_incident_names_the_one_to_acknowledge(browser: Browser, raised: Raise) -> None:
    incident = raised(merged_into="the elder")
    answer = browser("manager").post(f"{LIST}/{incident.id}/acknowledge", json={})
    assert answer.status_code == 409
    assert "the elder" in answer.json()["remedy"]


def test_a_novel_is_no_note(browser: Browser, raised: Raise) -> None:
    incident = raised()
    body = {"note": "x" * 501}
    answer = browser("manager").post(f"{LIST}/{incident.id}/acknowledge", json=body)
    assert answer.status_code == 422


def test_markup_in_a_note_stays_text(browser: Browser, raised: Raise) -> None:
    incident = raised()
    body = {"note": "<img src=x onerror=alert(1)>"}
    answer = browser("manager").post(f"{LIST}/{incident.id}/acknowledge", json=body)
    assert answer.json()["note"] == body["note"]
    assert answer.headers["content-type"] == "application/json"
