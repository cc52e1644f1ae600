"""S1: every route, everything one can show at the door, own and foreign objects."""

import json
from dataclasses import replace

import pytest
from fastapi import APIRouter

from gongfu.new_id import new_id
from gongfu.security.credentials import FAR_ASSET, NEAR_ASSET, SCOPES, Part, by_session, credentials
from gongfu.security.matrix import Matrix, http_matrix
from gongfu.security.rule import ADMINS
from gongfu.security.rules import RULES, rules_of
from gongfu.security.stand import Stand
from gongfu_fleet.api.permissions import ANYBODY
from gongfu_fleet.domain.people import Role

MAP = ("GET", "/api/map")
ASSET = ("GET", "/api/assets/{asset_id}")


@pytest.fixture(scope="module")
def matrix(stand: Stand) -> Matrix:
    return http_matrix(stand)


def test_every_cell_of_the_matrix_is_as_its_rule_says(matrix: Matrix) -> None:
    print(matrix.figures())
    assert [str(cell) for cell in matrix.wrong] == []
    figures = matrix.figures()
    assert figures["unexpected_2xx"] == 0
    assert figures["asserted"] == figures["cells"] > 2_000


def test_every_route_has_a_rule_and_every_rule_a_route(matrix: Matrix) -> None:
    assert matrix.unruled == []
    assert matrix.stale == []


def test_no_route_is_served_beside_the_document(matrix: Matrix) -> None:
    assert matrix.hidden == []


def test_every_role_of_people_calls_by_session_and_by_token() -> None:
    names = {one.name for one in credentials()}
    people = set(Role) - {Role.DEVICE}
    assert {f"{role} {part}" for role in people for part in ("wide", "near", "nothing")} <= names
    assert {f"token {role} {part}" for role in people for part in ("wide", "near")} <= names


def test_a_route_without_a_rule_and_a_rule_without_a_route_are_told(stand: Stand) -> None:
    told = http_matrix(stand, {("GET", "/api/gone"): RULES[MAP]})
    assert set(told.unruled) == set(RULES)
    assert told.stale == [("GET", "/api/gone")]
    assert told.figures()["routes_without_rule"] == len(RULES) + 1
    assert told.figures()["asserted"] == 0 < told.figures()["cells"]


def test_a_route_that_lets_too_many_in_is_told(stand: Stand) -> None:
    told = http_matrix(stand, {ASSET: replace(rules_of(ASSET)[0], who=ADMINS)})
    assert told.figures()["unexpected_2xx"] > 20
    assert {cell.expected for cell in told.wrong} == {403}


def test_a_route_outside_the_document_is_told(stand: Stand) -> None:
    router = APIRouter(include_in_schema=False, dependencies=[ANYBODY])
    router.add_api_route("/api/back-door", lambda: "open")
    before = len(stand.app.router.routes)
    stand.app.include_router(router)
    try:
        assert http_matrix(stand, {}).hidden == [("GET", "/api/back-door")]
    finally:
        del stand.app.router.routes[before:]


@pytest.mark.parametrize(
    ("step", "said"), [("acknowledge", {}), ("shelve", {"for_s": 60, "reason": "it may wait"})]
)
def test_one_request_for_many_does_what_the_caller_may_and_tells_nothing_of_the_rest(
    stand: Stand, step: str, said: dict[str, object]
) -> None:
    near, far, gone = stand.incident(NEAR_ASSET), stand.incident(FAR_ASSET), new_id()
    caller = stand.person("dispatcher-of-many", Role.DISPATCHER, SCOPES[Part.NEAR])
    shown = by_session(caller, stand.session(caller))
    body = {"ids": [near, far, gone], **said}
    answer = stand.send("POST", f"/api/incidents/{step}", headers=shown.headers, body=body)
    assert answer.status == 200
    mine, others, missing = json.loads(answer.body)["items"]
    assert (mine["id"], mine["changed"], mine["fault"]) == (near, True, None)
    assert json.dumps(others).replace(far, gone) == json.dumps(missing)
    assert [len(stand.fleet.ledger.events(one)) for one in (near, far)] == [2, 1]
