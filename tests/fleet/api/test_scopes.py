"""A manager of the compound's cabinets: sees and does nothing in the county."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import MemoryIncidents
from gongfu_fleet.adapters.passwords import Argon2Passwords
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from gongfu_fleet.ports import IncidentView
from gongfu_fleet.services.people import By, add_account

READINGS = "readings?metric=zone_1_celsius&start_ms=0&end_ms=1"


@pytest.fixture
def manager(
    county: Engine, visit: Callable[..., httpx.Client], app: FastAPI, incidents: MemoryIncidents
) -> httpx.Client:
    incidents.known = SqlRegistry(county).assets()
    scope = scope_of([Grant(ScopeKind.OPERATOR, "hangzhou")])
    hasher = Argon2Passwords(memory_kib=64, passes=1)
    account = ("lin", Role.MANAGER, "password of lin")
    add_account(SqlPeople(county), hasher, account, by=By("test", 1), scope=scope)
    client = visit(app)
    body = {"user": "lin", "password": "password of lin"}
    client.headers["X-CSRF-Token"] = client.post("/api/session", json=body).json()["csrf"]
    return client


def test_lists_hold_the_own_assets_only(manager: httpx.Client) -> None:
    assets = manager.get("/api/assets?limit=500").json()["items"]
    on_map = manager.get("/api/map").json()["assets"]
    assert {asset["operator"] for asset in assets} == {"hangzhou"}
    assert len(assets) == len(on_map) == 68
    assert {asset["site"] for asset in on_map} == {"hangzhou"}


def test_a_page_never_has_gaps_where_foreign_assets_would_stand(manager: httpx.Client) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = manager.get(f"/api/assets?limit=10&after={after}").json()
        seen += [asset["id"] for asset in page["items"]]
        assert len(page["items"]) == 10 or page["next"] is None
        if page["next"] is None:
            break
        after = page["next"]
    assert len(seen) == len(set(seen)) == 68


@pytest.mark.parametrize("path", ["", f"/{READINGS}"])
def test_a_foreign_asset_is_as_if_it_were_not_there(manager: httpx.Client, path: str) -> None:
    foreign = manager.get(f"/api/assets/veh-0001{path}")
    missing = manager.get(f"/api/assets/veh-9999{path}")
    assert manager.get(f"/api/assets/cab-0001{path}").status_code == 200
    assert (foreign.status_code, foreign.json()) == (missing.status_code, missing.json())
    assert foreign.status_code == 404


def test_a_foreign_incident_can_be_neither_seen_nor_acknowledged(
    manager: httpx.Client, raised: Callable[..., IncidentView]
) -> None:
    own, foreign = raised(1), raised(2, asset="veh-0001", site="quzhou")
    listed = [item["id"] for item in manager.get("/api/incidents?state=all").json()["items"]]
    assert listed == [own.id]
    assert manager.get(f"/api/incidents/{foreign.id}").status_code == 404
    refused = manager.post(f"/api/incidents/{foreign.id}/acknowledge", json={})
    assert refused.status_code == 404
    assert manager.post(f"/api/incidents/{own.id}/acknowledge", json={}).status_code == 200


def test_the_number_of_changes_tells_nothing_of_foreign_incidents(
    manager: httpx.Client, incidents: MemoryIncidents, raised: Callable[..., IncidentView]
) -> None:
    del manager
    scope = scope_of([Grant(ScopeKind.OPERATOR, "hangzhou")])
    raised(1)
    before = incidents.version(scope)
    raised(2, asset="veh-0001", site="quzhou")
    assert incidents.version(scope) == before
