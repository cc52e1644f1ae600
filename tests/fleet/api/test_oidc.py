"""There and back again over HTTP: cookies, redirects, and what the page is told."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from gongfu.oidc_side import HttpWeb
from gongfu_fleet.adapters.db.identities import SqlIdentities
from gongfu_fleet.adapters.oidc import Client, OidcProvider
from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.oidc import parse_rules
from gongfu_fleet.services import oidc
from gongfu_fleet.services.oidc import SingleSignOn
from tests.servers.sign_in_provider import CLIENT, SECRET, Provider, sign_in_provider

HERE = "https://gongfu.example"
REDIRECT = f"{HERE}/api/oidc/callback"
WEB = HttpWeb()
Visit = Callable[..., httpx.Client]


@pytest.fixture
def kind() -> str:
    """The database makes no difference here."""
    return "sqlite"


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    with sign_in_provider() as running:
        yield running


@pytest.fixture
def provider(server: Provider) -> Provider:
    server.__dict__.update({**vars(Provider()), "url": server.url})
    server.person = {"sub": "u-1", "preferred_username": "lin", "roles": ["staff"]}
    return server


@pytest.fixture
def app(deps: ApiDeps, county: Engine, provider: Provider) -> FastAPI:
    client = Client(provider.url, CLIENT, REDIRECT, SECRET)
    sso = SingleSignOn(
        provider=OidcProvider(client, WEB),
        identities=SqlIdentities(county),
        door=deps.sign_in,
        mapping=oidc.Mapping("roles", "preferred_username", parse_rules("staff=viewer")),
        label="供销社统一认证",
    )
    return create_app(replace(deps, oidc=sso))


def there(client: httpx.Client) -> str:
    """Begin; gives the path with which the provider sends the browser back."""
    begun = client.get("/api/oidc/start")
    assert begun.status_code == 303
    answer = WEB.client.get(begun.headers["location"])
    return str(answer.headers["location"]).removeprefix(HERE)


def test_a_browser_goes_there_and_comes_back_signed_in(app: FastAPI, visit: Visit) -> None:
    client = visit(app, HERE)
    assert client.get("/api/oidc").json() == {"available": True, "label": "供销社统一认证"}
    back = client.get(there(client))
    assert (back.status_code, back.headers["location"]) == (303, "/")
    who = client.get("/api/session").json()
    assert (who["user"], who["role"]) == ("lin", "viewer")
    assert client.get("/api/assets").status_code == 200
    assert client.get("/api/people").status_code == 403
    assert client.delete("/api/session", headers={"X-CSRF-Token": who["csrf"]}).status_code == 204


def test_the_address_of_the_provider_tells_no_secret(app: FastAPI, visit: Visit) -> None:
    client = visit(app, HERE)
    begun = client.get("/api/oidc/start")
    cookie = begun.headers["set-cookie"]
    secret = cookie.partition("=")[2].partition(";")[0]
    assert secret.partition(".")[2] not in begun.headers["location"]
    assert SECRET not in begun.headers["location"]
    assert "code_challenge_method=S256" in begun.headers["location"]
    for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/api/oidc", "Max-Age=600"):
        assert part.lower() in cookie.lower()


def test_the_same_way_back_leads_in_once(app: FastAPI, visit: Visit) -> None:
    client = visit(app, HERE)
    way = there(client)
    assert client.get(way).headers["location"] == "/"
    client.cookies.delete("gongfu_session")
    assert client.get(way).headers["location"] == "/?sso=refused"
    assert client.get("/api/session").status_code == 401


def test_a_way_back_begun_by_somebody_else_leads_nowhere(app: FastAPI, visit: Visit) -> None:
    attacker, victim = visit(app, HERE), visit(app, HERE)
    way = there(attacker)
    assert victim.get(way).headers["location"] == "/?sso=refused"
    there(victim)
    assert victim.get(way).headers["location"] == "/?sso=refused"
    assert victim.get("/api/session").status_code == 401


@pytest.mark.parametrize(
    ("change", "word"),
    [({"person": {"sub": "u-1", "roles": ["x"]}}, "refused"), ({"token_status": 500}, "away")],
)
def test_the_page_is_told_a_word_and_not_the_reason(
    app: FastAPI, visit: Visit, provider: Provider, change: dict[str, object], word: str
) -> None:
    client = visit(app, HERE)
    provider.__dict__.update(change)
    back = client.get(there(client))
    assert (back.status_code, back.headers["location"]) == (303, f"/?sso={word}")
    assert re.search(r'gongfu_oidc="";.*Max-Age=0', back.headers["set-cookie"])
    assert "gongfu_session" not in back.headers["set-cookie"]


def test_without_a_provider_there_is_none(deps: ApiDeps, visit: Visit) -> None:
    client = visit(create_app(deps), HERE)
    assert client.get("/api/oidc").json() == {"available": False, "label": ""}
    for path in ("start", "callback?code=x&state=y"):
        assert client.get(f"/api/oidc/{path}").status_code == 404
