"""Administrators add people, change what they may and shut them out; it counts at once."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.audit import SqlAuditLog

Browser = Callable[[str], httpx.Client]
Visit = Callable[..., httpx.Client]


@pytest.fixture
def admin(browser: Browser) -> httpx.Client:
    return browser("admin")


@pytest.fixture
def enter(visit: Visit, app: FastAPI) -> Callable[[str, str], httpx.Client]:
    def with_password(user: str, password: str) -> httpx.Client:
        client = visit(app)
        answer = client.post("/api/session", json={"user": user, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    return with_password


def add(admin: httpx.Client, name: str, role: str = "viewer", **more: object) -> dict[str, str]:
    answer = admin.post("/api/people", json={"name": name, "role": role, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def test_a_person_is_added_with_a_password_told_once(
    admin: httpx.Client, enter: Callable[[str, str], httpx.Client]
) -> None:
    made = add(admin, "钱 进", "crew", scope=["truck:veh-0001"])
    client = enter("钱 进", made["password"])
    told = client.get("/api/session").json()
    assert told["permissions"] == ["own_account", "read", "acknowledge", "unlock"]
    assert told["scope"] == ["truck:veh-0001"]
    listed = {item["name"]: item for item in admin.get("/api/people").json()["items"]}
    assert listed["钱 进"]["active"] is True
    assert "password" not in str(listed)


@pytest.mark.parametrize("role", ["viewer", "manager", "dispatcher", "auditor", "crew"])
def test_nobody_else_sees_or_makes_people(browser: Browser, role: str) -> None:
    client = browser(role)
    assert client.get("/api/people").status_code == 403
    body = {"name": "x", "role": "admin"}
    assert client.post("/api/people", json=body).status_code == 403


def test_a_new_role_and_scope_count_at_the_next_request(
    admin: httpx.Client, enter: Callable[[str, str], httpx.Client]
) -> None:
    made = add(admin, "sun", "manager")
    sun = enter("sun", made["password"])
    token = sun.cookies["gongfu_session"]
    admin.patch(f"/api/people/{made['id']}", json={"role": "viewer", "scope": []})
    assert sun.get("/metrics").status_code == 403
    assert sun.get("/api/map").json()["assets"] == []
    assert sun.cookies["gongfu_session"] != token
    admin.patch(f"/api/people/{made['id']}", json={"scope": None})
    assert len(sun.get("/api/map").json()["assets"]) == 119


def test_who_is_shut_out_is_out_and_a_reset_ends_sessions(
    admin: httpx.Client, enter: Callable[[str, str], httpx.Client]
) -> None:
    made = add(admin, "zhou")
    first = enter("zhou", made["password"])
    new = admin.post(f"/api/people/{made['id']}/reset").json()["password"]
    assert first.get("/api/map").status_code == 401
    second = enter("zhou", new)
    admin.patch(f"/api/people/{made['id']}", json={"active": False}).raise_for_status()
    assert second.get("/api/map").status_code == 401
    body = {"user": "zhou", "password": new}
    assert second.post("/api/session", json=body).status_code == 401


def test_somebody_who_may_administer_everything_always_remains(
    admin: httpx.Client, county: Engine
) -> None:
    (me,) = [one for one in admin.get("/api/people").json()["items"] if one["name"] == "admin"]
    before = SqlAuditLog(county).verify().entries
    changes: tuple[dict[str, object], ...] = ({"role": "viewer"}, {"active": False}, {"scope": []})
    for change in changes:
        assert admin.patch(f"/api/people/{me['id']}", json=change).status_code == 409
    assert admin.get("/api/people").status_code == 200
    assert SqlAuditLog(county).verify().entries == before


def test_an_operators_admin_sees_and_makes_only_people_of_that_operator(
    admin: httpx.Client, enter: Callable[[str, str], httpx.Client]
) -> None:
    compound = ["operator:hangzhou"]
    made = add(admin, "compound", "admin", scope=compound)
    foreign = add(admin, "county", "viewer", scope=["operator:quzhou"])
    own = enter("compound", made["password"])
    guard = add(own, "guard", "crew", scope=["cabinet:cab-0001"])
    names = {item["name"] for item in own.get("/api/people").json()["items"]}
    assert names == {"compound", "guard"}
    for scope in (
        None,
        ["operator:quzhou"],
        ["cabinet:cab-0080"],
        ["truck:cab-0001"],
        [*compound, "county:330803"],
    ):
        body = {"name": "spy", "role": "viewer", "scope": scope}
        assert own.post("/api/people", json=body).status_code == 403, scope
        assert own.patch(f"/api/people/{guard['id']}", json={"scope": scope}).status_code == 403
    assert own.get("/api/audit").status_code == 403  # it tells of everybody
    for path in ("", "/reset"):
        where = f"/api/people/{foreign['id']}{path}"
        answer = own.post(where) if path else own.patch(where, json={"role": "admin"})
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "body",
    [{"name": "x", "role": "device"}, {"name": "", "role": "viewer"}, {"name": "x"},
     {"name": "x", "role": "viewer", "scope": ["county:"]},
     {"name": "x", "role": "viewer", "scope": "county:330803"}],
)  # fmt: skip
def test_an_odd_person_is_refused(admin: httpx.Client, body: dict[str, object]) -> None:
    assert admin.post("/api/people", json=body).status_code == 422


def test_a_taken_name_is_told(admin: httpx.Client) -> None:
    body = {"name": "viewer", "role": "viewer"}
    assert admin.post("/api/people", json=body).status_code == 409


def test_every_change_is_in_the_log(admin: httpx.Client, county: Engine) -> None:
    made = add(admin, "wu", "viewer", scope=["town:330803001"])
    where = f"/api/people/{made['id']}"
    admin.patch(where, json={"role": "crew", "scope": None, "active": False})
    admin.post(f"{where}/reset")
    entries = [e for e in SqlAuditLog(county).page(9) if e.object == "user:wu"]
    assert [(e.actor, e.action) for e in reversed(entries)] == [
        ("admin", "user.add"),
        ("admin", "user.scope"),
        ("admin", "user.role"),
        ("admin", "user.deactivate"),
        ("admin", "password.reset"),
    ]
    assert made["password"] not in str(entries)
    assert '"from":"town:330803001","to":"everything"' in entries[3].data


def test_one_signs_ones_other_browser_out(
    admin: httpx.Client, enter: Callable[[str, str], httpx.Client]
) -> None:
    other = enter("admin", "password of admin")
    items = admin.get("/api/sessions").json()["items"]
    (elsewhere,) = [item for item in items if not item["current"]]
    assert admin.delete(f"/api/sessions/{elsewhere['id']}").status_code == 204
    assert other.get("/api/map").status_code == 401
    assert admin.delete(f"/api/sessions/{elsewhere['id']}").status_code == 404
