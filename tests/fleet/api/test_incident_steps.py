"""What people do to incidents over HTTP, on the real ledger: who may, on what, and what is kept."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.commands import SqlCommands
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.alarms.incident import ConditionChanged
from gongfu_fleet.domain.alarms.modifiers import SaleLocked
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.commands import State
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from gongfu_fleet.services.incidents import IncidentBook
from gongfu_fleet.services.people import By, add_account
from gongfu_fleet.services.watched_zones import RegistryZones
from tests.fleet.alarms.test_handling import ENDED, EXPOSED
from tests.fleet.api.conftest import HASHER, NOW

Browser = Callable[[str], httpx.Client]
CAB, TRUCK = "i-1", "i-2"
DAY_S = 86_400


@pytest.fixture
def ledger(county: Engine) -> SqlIncidentStore:
    """One running incident of the compound, one of the county."""
    ledger = SqlIncidentStore(county)
    for incident, asset in ((CAB, "cab-0001"), (TRUCK, "veh-0001")):
        raised = replace(EXPOSED, subject=replace(EXPOSED.subject, asset=asset))
        ledger.append([Draft(incident, raised)], at_ms=NOW)
    return ledger


@pytest.fixture
def app(deps: ApiDeps, county: Engine, ledger: SqlIncidentStore) -> FastAPI:
    book = IncidentBook(ledger, RegistryZones(SqlRegistry(county)))
    return create_app(replace(deps, incidents=book))


def end(ledger: SqlIncidentStore, *incidents: str) -> None:
    drafts = [Draft(incident, ConditionChanged(ENDED.finding)) for incident in incidents]
    ledger.append(drafts, at_ms=NOW)


def step(client: httpx.Client, incident: str, verb: str, **body: object) -> httpx.Response:
    return client.post(f"/api/incidents/{incident}/{verb}", json=body)


def waiting(client: httpx.Client, queue: str) -> list[str]:
    answer = client.get("/api/inbox", params={"queue": queue}).json()
    ids = [item["id"] for item in answer["items"]]
    assert answer["counts"][queue] == len(ids)
    return ids


def test_an_exposure_goes_from_the_alarm_to_the_closed_case(
    browser: Browser, ledger: SqlIncidentStore, county: Engine
) -> None:
    crew, dispatcher, manager = browser("crew"), browser("dispatcher"), browser("manager")
    assert step(crew, CAB, "acknowledge", note="on my way", eta_in_s=600).json()["eta_ms"] == (
        NOW + 600_000
    )
    assert step(dispatcher, CAB, "assign", to="crew").json()["assignee"] == "crew"
    assert waiting(crew, "mine") == [CAB]
    assert step(dispatcher, CAB, "out-of-service", work_order="WO-7").json()["work_order"] == "WO-7"
    assert step(crew, CAB, "comment", text="compressor changed").status_code == 200
    assert step(dispatcher, CAB, "return", note="tested").json()["work_order"] is None
    end(ledger, CAB)
    assert waiting(manager, "disposition") == [CAB]
    refused = step(crew, CAB, "close")
    assert refused.status_code == 409
    assert "what becomes" in refused.json()["detail"]
    lots = [{"lot": "B20261101", "decision": "withdraw"}, {"decision": "release"}]
    done = step(manager, CAB, "disposition", items=lots, note="core 4.1 °C", close=True).json()
    assert (done["workflow"], done["closed_by"]) == ("closed", "manager")
    said = [(one["lot"], one["decision"]) for one in done["dispositions"]]
    assert said == [("B20261101", "withdraw"), ("*", "release")]
    assert waiting(manager, "waiting") == [TRUCK]
    events = manager.get(f"/api/incidents/{CAB}").json()["events"]
    assert [event["kind"] for event in events] == [
        "raised", "acknowledged", "assigned", "out_of_service", "commented", "returned",
        "condition", "disposed", "disposed", "closed",
    ]  # fmt: skip
    log = SqlAuditLog(county)
    mine = [entry for entry in log.page(100) if entry.object == f"incident:{CAB}"]
    assert [entry.action for entry in reversed(mine)] == [
        "incident.acknowledge", "incident.assign", "incident.out_of_service", "incident.comment",
        "incident.return", "incident.dispose",
    ]  # fmt: skip
    assert log.verify().fault is None


def test_a_shelved_incident_leaves_the_list_and_comes_back_by_itself(
    browser: Browser, clock: SettableClock
) -> None:
    dispatcher = browser("dispatcher")
    shelved = step(dispatcher, CAB, "shelve", for_s=3_600, reason="known defrost").json()
    assert (shelved["shelved_by"], shelved["shelved_reason"]) == ("dispatcher", "known defrost")
    assert (waiting(dispatcher, "waiting"), waiting(dispatcher, "shelved")) == ([TRUCK], [CAB])
    clock.now += 3_600_000
    assert (waiting(dispatcher, "waiting"), waiting(dispatcher, "shelved")) == ([TRUCK, CAB], [])
    step(dispatcher, CAB, "shelve", for_s=DAY_S, reason="parts tomorrow")
    step(dispatcher, CAB, "unshelve")
    assert waiting(dispatcher, "waiting") == [TRUCK, CAB]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("shelve", {"for_s": DAY_S + 1, "reason": "x"}),
        ("shelve", {"for_s": 60, "reason": " "}),
        ("shelve", {"for_s": 60}),
        ("assign", {"to": "viewer"}),
        ("assign", {"to": "nobody like that"}),
        ("comment", {"text": ""}),
        ("out-of-service", {"work_order": ""}),
        ("disposition", {"items": []}),
        ("disposition", {"items": [{"decision": "eat"}]}),
        ("acknowledge", {"eta_in_s": -1}),
    ],
)
def test_values_that_mean_nothing_are_refused_and_leave_no_trace(
    browser: Browser, ledger: SqlIncidentStore, verb: str, body: dict[str, object]
) -> None:
    assert step(browser("manager"), CAB, verb, **body).status_code == 422
    assert len(ledger.events(CAB)) == 1


MAY = {
    "acknowledge": {"crew", "dispatcher", "manager", "admin"},
    "comment": {"crew", "dispatcher", "manager", "admin"},
    "close": {"crew", "dispatcher", "manager", "admin"},
    "assign": {"dispatcher", "manager", "admin"},
    "shelve": {"dispatcher", "manager", "admin"},
    "unshelve": {"dispatcher", "manager", "admin"},
    "out-of-service": {"dispatcher", "manager", "admin"},
    "return": {"dispatcher", "manager", "admin"},
    "disposition": {"manager", "admin"},
}
BODY: dict[str, dict[str, object]] = {
    "comment": {"text": "x"},
    "assign": {"to": None},
    "shelve": {"for_s": 60, "reason": "x"},
    "out-of-service": {"work_order": "WO-1"},
    "disposition": {"items": [{"decision": "withdraw"}]},
}


@pytest.mark.parametrize("role", ["viewer", "auditor", "crew", "dispatcher", "manager", "admin"])
def test_each_step_is_for_its_roles_only(browser: Browser, role: str) -> None:
    client = browser(role)
    for verb, roles in MAY.items():
        refused = step(client, TRUCK, verb, **BODY.get(verb, {})).status_code == 403
        assert refused is (role not in roles), verb


@pytest.fixture
def lin(county: Engine, visit: Callable[..., httpx.Client], app: FastAPI) -> httpx.Client:
    """A manager of the compound's operator."""
    scope = scope_of([Grant(ScopeKind.OPERATOR, "hangzhou")])
    account = ("lin", Role.MANAGER, "password of lin")
    add_account(SqlPeople(county), HASHER, account, by=By("test", 1), scope=scope)
    client = visit(app)
    body = {"user": "lin", "password": "password of lin"}
    client.headers["X-CSRF-Token"] = client.post("/api/session", json=body).json()["csrf"]
    return client


def test_a_foreign_incident_is_as_if_it_were_not_there(
    lin: httpx.Client, ledger: SqlIncidentStore
) -> None:
    for verb in MAY:
        assert step(lin, TRUCK, verb, **BODY.get(verb, {})).status_code == 404, verb
    assert lin.get(f"/api/incidents/{TRUCK}/assignees").status_code == 404
    body = {"ids": [TRUCK, CAB], "note": "both"}
    items = lin.post("/api/incidents/acknowledge", json=body).json()["items"]
    assert [(item["changed"], bool(item["fault"])) for item in items] == [
        (False, True),
        (True, False),
    ]
    assert len(ledger.events(TRUCK)) == 1
    inbox = lin.get("/api/inbox").json()
    assert ([item["id"] for item in inbox["items"]], inbox["sites"]) == ([CAB], ["hangzhou"])


def test_only_who_may_act_there_can_be_assigned(lin: httpx.Client, browser: Browser) -> None:
    assert "lin" in lin.get(f"/api/incidents/{CAB}/assignees").json()["items"]
    dispatcher = browser("dispatcher")
    county = dispatcher.get(f"/api/incidents/{TRUCK}/assignees").json()["items"]
    assert set(county) == {"crew", "dispatcher", "manager", "admin"}
    assert step(dispatcher, TRUCK, "assign", to="lin").status_code == 422


def test_many_are_shelved_and_acknowledged_in_one_request_each_with_its_own_outcome(
    browser: Browser, ledger: SqlIncidentStore, county: Engine
) -> None:
    end(ledger, TRUCK)
    dispatcher = browser("dispatcher")
    body = {"ids": [CAB, TRUCK, "i-9", CAB], "for_s": 60, "reason": "storm", "key": "k1"}
    for changed in (True, False):
        items = dispatcher.post("/api/incidents/shelve", json=body).json()["items"]
        assert [item["id"] for item in items] == [CAB, TRUCK, "i-9"]
        assert [item["changed"] for item in items] == [changed, False, False]
        assert [item["fault"] is None for item in items] == [True, False, False]
        assert "over" in items[1]["fault"]["detail"]
    both = {"ids": [CAB, TRUCK], "note": "seen"}
    items = dispatcher.post("/api/incidents/acknowledge", json=both).json()["items"]
    assert [item["incident"]["workflow"] for item in items] == ["acked", "acked"]
    told = [entry.action for entry in reversed(SqlAuditLog(county).page(100))]
    assert told[-3:] == ["incident.shelve", "incident.acknowledge", "incident.acknowledge"]


def test_a_comment_sent_twice_with_one_key_stands_there_once(browser: Browser) -> None:
    crew = browser("crew")
    for _ in range(2):
        step(crew, CAB, "comment", text="on site", key="c-1")
    kinds = [event["kind"] for event in crew.get(f"/api/incidents/{CAB}").json()["events"]]
    assert kinds == ["raised", "commented"]


def test_two_hundred_at_once_and_no_more(browser: Browser) -> None:
    manager = browser("manager")
    for ids in ([], [f"i-{n}" for n in range(201)]):
        answer = manager.post("/api/incidents/acknowledge", json={"ids": ids})
        assert answer.status_code == 422


def test_the_sale_is_unlocked_by_a_manager_with_a_note_when_the_goods_are_decided_on(
    browser: Browser, ledger: SqlIncidentStore, county: Engine
) -> None:
    ledger.append([Draft(CAB, SaleLocked("c-1"))], at_ms=NOW)
    client = browser("manager")
    assert client.get(f"/api/incidents/{CAB}").json()["sale_locked_ms"] == NOW
    assert step(client, CAB, "sale-unlock", note="修好了").status_code == 409
    assert step(client, CAB, "disposition", items=[{"decision": "withdraw"}]).status_code == 200
    assert step(client, CAB, "sale-unlock").status_code == 422
    locked = client.post(
        "/api/assets/cab-0001/commands", json={"name": "sale_lock", "locked": True}
    )
    assert locked.status_code == 202
    answer = step(client, CAB, "sale-unlock", note="修好了")
    assert answer.status_code == 409  # nothing is noted while the cabinet is told the contrary
    assert answer.json()["remedy"]
    assert client.get(f"/api/incidents/{CAB}").json()["sale_locked_ms"] == NOW
    SqlCommands(county).advance(lambda one: replace(one, state=State.OK, ended_ms=NOW), NOW)
    assert step(client, CAB, "sale-unlock", note="修好了").status_code == 200
    assert client.get(f"/api/incidents/{CAB}").json()["sale_locked_ms"] is None
    actions = [entry.action for entry in SqlAuditLog(county).page(5)]
    assert "incident.sale_unlock" in actions
    assert actions.count("command.sale_lock") == 2
