"""Every route says who may call it, and nobody else may."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.api.permissions import flat
from gongfu_fleet.errors import MiswiredError
from gongfu_fleet.ports import IncidentView

Browser = Callable[[str], httpx.Client]
LINK = "/api/acknowledge/{token}"
PUBLIC = {
    ("GET", "/"),
    ("GET", "/health"),
    ("POST", "/api/session"),
    ("GET", "/api/oidc"),
    ("GET", "/api/oidc/start"),
    ("GET", "/api/oidc/callback"),
    # The token in the address is the permission.
    ("GET", LINK),
    ("POST", LINK),
}
STEPS: dict[str, dict[str, object]] = {
    "assign": {"to": None},
    "comment": {"text": "x"},
    "shelve": {"for_s": 60, "reason": "x"},
    "unshelve": {},
    "out-of-service": {"work_order": "WO-1"},
    "return": {},
    "disposition": {"items": [{"decision": "withdraw"}]},
    "close": {},
    "sale-unlock": {"note": "x"},
}
MANAGERS_ONLY = {
    ("POST", "/api/incidents/{incident_id}/acknowledge"),
    ("POST", "/api/incidents/acknowledge"),
    ("POST", "/api/incidents/shelve"),
    ("GET", "/api/incidents/{incident_id}/assignees"),
    *(("POST", f"/api/incidents/{{incident_id}}/{step}") for step in STEPS),
    *(("POST", f"/api/policies/{{target}}{way}") for way in ("", "/trial", "/revert")),
    ("GET", "/metrics"),
    ("GET", "/api/notices"),
    ("POST", "/api/assets/{asset_id}/commands"),
    ("GET", "/api/assets/{asset_id}/commands"),
    ("GET", "/api/assets/{asset_id}/commands/{command_id}"),
}
ADMINS_ONLY = {
    ("GET", "/api/people"),
    ("POST", "/api/people"),
    ("PATCH", "/api/people/{person_id}"),
    ("POST", "/api/people/{person_id}/reset"),
    ("GET", "/api/devices"),
    ("POST", "/api/devices/{asset_id}/secret"),
    ("POST", "/api/devices/{asset_id}/rotation"),
    ("POST", "/api/devices/{asset_id}/code"),
    ("DELETE", "/api/devices/{asset_id}/credentials"),
    ("DELETE", "/api/devices/{asset_id}/credentials/{credential_id}"),
    ("POST", "/api/claims"),
}
AUDITORS_ONLY = {("GET", "/api/audit"), ("GET", "/api/audit/chain")}
BODIES: dict[str, dict[str, object]] = {
    "/api/session/password": {"old": "x", "new": "y"},
    **{f"/api/incidents/{{incident_id}}/{step}": body for step, body in STEPS.items()},
    "/api/incidents/acknowledge": {"ids": ["x"]},
    "/api/incidents/shelve": {"ids": ["x"], "for_s": 60, "reason": "x"},
    "/api/incidents/{incident_id}/acknowledge": {},
    "/api/assets/{asset_id}/commands": {"name": "voice", "text": "你好"},
    "/api/policies/{target}": {"fields": {}, "expected": 0, "source": "x"},
    "/api/policies/{target}/trial": {"fields": {}},
    "/api/policies/{target}/revert": {"to": 0, "expected": 0},
    "/api/tokens": {"name": "x"},
    "/api/people": {"name": "x", "role": "viewer"},
    "/api/people/{person_id}": {},
    "/api/devices/{asset_id}/rotation": {},
    "/api/devices/{asset_id}/code": {},
    "/api/claims": {"code": "x", "operator": "quzhou"},
}


def routes(app: FastAPI) -> set[tuple[str, str]]:
    found = [route for route in flat(app.routes) if isinstance(route, APIRoute)]
    return {(method, route.path) for route in found for method in route.methods or ()}


def call(client: httpx.Client, method: str, path: str) -> int:
    some_id = "01900000-0000-7000-8000-000000000001"
    where = path.format(
        asset_id="cab-0001",
        incident_id=some_id,
        command_id=some_id,
        credential_id=some_id,
        session_id=some_id,
        token_id=some_id,
        person_id=some_id,
        target="asset:cab-0001",
    )
    query = "?metric=zone_1_celsius&start_ms=0&end_ms=1" if path.endswith("readings") else ""
    answer = client.request(method, where + query, json=BODIES.get(path))
    return answer.status_code


def test_the_list_of_routes_is_the_contract(app: FastAPI) -> None:
    assert routes(app) == PUBLIC | MANAGERS_ONLY | AUDITORS_ONLY | ADMINS_ONLY | {
        ("GET", "/api/session"),
        ("DELETE", "/api/session"),
        ("POST", "/api/session/password"),
        ("GET", "/api/sessions"),
        ("DELETE", "/api/sessions/{session_id}"),
        ("GET", "/api/tokens"),
        ("POST", "/api/tokens"),
        ("DELETE", "/api/tokens/{token_id}"),
        ("GET", "/api/map"),
        ("GET", "/api/geo/villages"),
        ("GET", "/api/geo/counties"),
        ("GET", "/api/assets"),
        ("GET", "/api/assets/{asset_id}"),
        ("GET", "/api/assets/{asset_id}/readings"),
        ("GET", "/api/incidents"),
        ("GET", "/api/incidents/{incident_id}"),
        ("GET", "/api/inbox"),
        ("GET", "/api/alarm-quality"),
        ("GET", "/api/policies"),
        ("GET", "/api/policies/{target}"),
        ("GET", "/api/policies/{target}/history"),
        ("GET", "/api/live"),
    }


def test_nobody_gets_in_anywhere_but_at_the_public_routes(app: FastAPI, browser: Browser) -> None:
    nobody = browser("nobody")
    for method, path in routes(app) - PUBLIC:
        assert call(nobody, method, path) == 401, (method, path)


def test_a_viewer_reads_everything_and_changes_nothing(
    app: FastAPI, browser: Browser, raised: Callable[..., IncidentView]
) -> None:
    raised()
    viewer = browser("viewer")
    for method, path in routes(app) - PUBLIC - {("GET", "/api/live"), ("DELETE", "/api/session")}:
        status = call(viewer, method, path)
        if (method, path) in MANAGERS_ONLY | AUDITORS_ONLY | ADMINS_ONLY:
            assert status == 403, path
        elif method == "GET":
            assert status == 200, path


@pytest.mark.parametrize("role", ["viewer", "manager", "admin"])
def test_unsafe_requests_without_the_csrf_token_are_refused(
    app: FastAPI, browser: Browser, role: str
) -> None:
    client = browser(role)
    other = browser(role).headers["X-CSRF-Token"]
    for token in (None, "", "wrong", other):
        client.headers.pop("X-CSRF-Token", None)
        if token is not None:
            client.headers["X-CSRF-Token"] = token
        for method, path in routes(app) - PUBLIC:
            if method != "GET":
                assert call(client, method, path) == 403, (method, path, token)


def test_a_route_that_says_nothing_cannot_be_served(deps: ApiDeps) -> None:
    router = APIRouter()
    router.add_api_route("/api/forgotten", lambda: "open to all")
    with pytest.raises(MiswiredError, match="/api/forgotten"):
        create_app(deps, [router])


def test_a_nested_route_that_says_nothing_cannot_be_served_either(deps: ApiDeps) -> None:
    inner, outer = APIRouter(), APIRouter()
    inner.add_api_route("/api/forgotten", lambda: "open to all")
    outer.include_router(inner)
    with pytest.raises(MiswiredError, match="/api/forgotten"):
        create_app(deps, [outer])


def test_a_route_round_the_api_cannot_be_served(deps: ApiDeps) -> None:
    router = APIRouter()
    router.add_route("/api/raw", lambda _request: None)  # type: ignore[arg-type,return-value] # never called
    with pytest.raises(MiswiredError, match="/api/raw"):
        create_app(deps, [router])
