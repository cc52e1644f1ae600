"""A token does what it was made for, as long as its owner may, and touches no account."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine, text

from gongfu_fleet.adapters.db.engine import reading
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.tokens import DAY_MS, PREFIX
from gongfu_fleet.ports import IncidentView

Browser = Callable[[str], httpx.Client]
Raised = Callable[..., IncidentView]


def make(owner: httpx.Client, **wish: object) -> dict[str, str]:
    answer = owner.post("/api/tokens", json={"name": "script", **wish})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


@pytest.fixture
def program(browser: Browser) -> Callable[..., httpx.Client]:
    """A program with a token made by the named person."""

    def with_token(owner: str, **wish: object) -> httpx.Client:
        client = browser("nobody")
        client.headers["Authorization"] = f"Bearer {make(browser(owner), **wish)['secret']}"
        return client

    return with_token


def test_a_token_reads_and_needs_no_csrf_token(
    program: Callable[..., httpx.Client], raised: Raised
) -> None:
    reader, doer = program("manager"), program("manager", role="manager")
    where = f"/api/incidents/{raised().id}/acknowledge"
    assert len(reader.get("/api/map").json()["assets"]) == 119
    assert reader.post(where, json={}).status_code == 403
    answer = doer.post(where, json={})
    assert answer.status_code == 200
    assert answer.json()["acked_by"] == "manager"


def test_a_token_sees_the_part_it_was_narrowed_to(program: Callable[..., httpx.Client]) -> None:
    narrowed = program("viewer", scope=["operator:hangzhou"])
    assert len(narrowed.get("/api/map").json()["assets"]) == 68
    assert narrowed.get("/api/assets/veh-0001").status_code == 404


@pytest.mark.parametrize(
    ("owner", "role"), [("viewer", "manager"), ("auditor", "crew"), ("manager", "auditor"),
                        ("crew", "dispatcher"), ("admin", "device")]
)  # fmt: skip
def test_no_token_may_more_than_its_owner(browser: Browser, owner: str, role: str) -> None:
    answer = browser(owner).post("/api/tokens", json={"name": "x", "role": role})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/session"),
        ("GET", "/api/tokens"),
        ("POST", "/api/tokens"),
        ("GET", "/api/people"),
        ("POST", "/api/people"),
        ("POST", "/api/session/password"),
    ],
)
def test_an_admins_token_makes_neither_tokens_nor_passwords_nor_people(
    program: Callable[..., httpx.Client], method: str, path: str
) -> None:
    body = {"name": "x", "role": "viewer", "old": "x", "new": "y"}
    assert program("admin", role="admin").request(method, path, json=body).status_code == 403


def test_what_the_owner_loses_the_token_loses_at_once(
    program: Callable[..., httpx.Client], browser: Browser, raised: Raised
) -> None:
    doer, admin = program("manager", role="manager"), browser("admin")
    where = f"/api/incidents/{raised().id}/acknowledge"
    people = {item["name"]: item["id"] for item in admin.get("/api/people").json()["items"]}
    manager = f"/api/people/{people['manager']}"
    admin.patch(manager, json={"role": "viewer"}).raise_for_status()
    assert doer.post(where, json={}).status_code == 403
    assert doer.get("/metrics").status_code == 403
    admin.patch(manager, json={"scope": ["cabinet:cab-0001"]}).raise_for_status()
    assert len(doer.get("/api/map").json()["assets"]) == 1
    admin.patch(manager, json={"active": False}).raise_for_status()
    assert doer.get("/api/map").status_code == 401
    admin.patch(manager, json={"active": True}).raise_for_status()
    assert doer.get("/api/map").status_code == 401  # revoked, not asleep


def test_a_token_ends_by_its_owner_or_by_itself(
    browser: Browser, deps: ApiDeps, program: Callable[..., httpx.Client]
) -> None:
    owner, nobody = browser("viewer"), browser("nobody")
    made = make(owner, days=1)
    nobody.headers["Authorization"] = f"Bearer {made['secret']}"
    assert nobody.get("/api/map").status_code == 200
    (listed,) = owner.get("/api/tokens").json()["items"]
    assert listed["used_ms"] is not None
    assert "secret" not in listed
    assert browser("manager").delete(f"/api/tokens/{made['id']}").status_code == 404
    assert owner.delete(f"/api/tokens/{made['id']}").status_code == 204
    assert nobody.get("/api/map").status_code == 401
    assert owner.delete(f"/api/tokens/{made['id']}").status_code == 404
    secret = program("viewer", days=1).headers["Authorization"].removeprefix("Bearer ")
    with pytest.raises(Exception, match="expired"):
        deps.tokens.resume(secret, now_ms=deps.real_ms() + DAY_MS + 1)


def test_a_session_and_a_token_together_are_refused(browser: Browser) -> None:
    owner = browser("viewer")
    owner.headers["Authorization"] = f"Bearer {make(owner)['secret']}"
    assert owner.get("/api/map").status_code == 401


@pytest.mark.parametrize("sent", ["", "x", PREFIX, PREFIX + "A" * 43, "gongfu_\u4f9b"])
def test_an_invented_token_opens_nothing(browser: Browser, sent: str) -> None:
    nobody = browser("nobody")
    headers = {b"Authorization": f"Bearer {sent}".encode()}
    assert nobody.get("/api/map", headers=headers).status_code == 401


@pytest.mark.parametrize(
    "wish",
    [{"name": ""}, {"name": " x"}, {"days": 0}, {"days": 367}, {"role": "boss"},
     {"scope": ["village:1"]}, {"scope": ["x" * 61]}, {"name": "x" * 81}],
)  # fmt: skip
def test_an_odd_wish_is_refused(browser: Browser, wish: dict[str, object]) -> None:
    answer = browser("viewer").post("/api/tokens", json={"name": "x", **wish})
    assert answer.status_code == 422


def test_the_database_holds_no_token_and_the_log_holds_who_made_it(
    browser: Browser, county: Engine
) -> None:
    secret = make(browser("viewer"))["secret"]
    assert secret.startswith(PREFIX)
    with reading(county) as session:
        held = str(session.execute(text("SELECT * FROM api_token")).all())
        noted = str(session.execute(text("SELECT actor, action, data FROM audit")).all())
    assert secret not in held + noted
    assert "('viewer', 'token.add'," in noted


def test_figures_are_for_tokens_of_the_whole_fleet(program: Callable[..., httpx.Client]) -> None:
    whole = program("manager", role="manager")
    part = program("manager", role="manager", scope=["operator:hangzhou"])
    assert whole.get("/metrics").status_code == 200
    assert part.get("/metrics").status_code == 403
