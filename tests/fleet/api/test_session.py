"""Signing in through the front door."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps

Visit = Callable[..., httpx.Client]
Browser = Callable[[str], httpx.Client]
RIGHT = {"user": "manager", "password": "password of manager"}


def test_signing_in_answers_who_and_sets_a_cookie_no_script_can_read(browser: Browser) -> None:
    answer = browser("nobody").post("/api/session", json=RIGHT)
    assert answer.json()["user"] == answer.json()["role"] == "manager"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert answer.json()["csrf"] not in cookie


def test_over_https_the_cookie_stays_there(app: FastAPI, visit: Visit) -> None:
    client = visit(app, "https://testserver")
    assert "Secure" in client.post("/api/session", json=RIGHT).headers["set-cookie"]


def test_the_session_can_be_asked_for_and_ended(browser: Browser) -> None:
    manager = browser("manager")
    assert manager.get("/api/session").json()["csrf"] == manager.headers["X-CSRF-Token"]
    assert manager.delete("/api/session").status_code == 204
    assert manager.get("/api/session").status_code == 401


def test_a_wrong_password_is_a_problem_with_a_remedy(browser: Browser) -> None:
    answer = browser("nobody").post("/api/session", json={**RIGHT, "password": "secret guess"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail", "remedy"}
    assert "secret guess" not in answer.text


def test_the_sixth_attempt_in_a_minute_is_told_to_wait(browser: Browser) -> None:
    nobody = browser("nobody")
    for _ in range(5):
        assert nobody.post("/api/session", json={"user": "a", "password": "b"}).status_code == 401
    answer = nobody.post("/api/session", json={"user": "a", "password": "b"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "60"


def test_behind_a_proxy_that_ends_https_the_cookie_stays_there_too(
    deps: ApiDeps, visit: Visit
) -> None:
    client = visit(create_app(replace(deps, secure_cookies=True)))
    assert "Secure" in client.post("/api/session", json=RIGHT).headers["set-cookie"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": "manager"},
        {"user": 1, "password": 2},
        {"user": "x" * 81, "password": "p"},
        {"user": "manager", "password": "p" * 129},
        [],
    ],
)
def test_an_odd_body_is_a_problem_that_repeats_no_value(browser: Browser, body: object) -> None:
    answer = browser("nobody").post("/api/session", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "pppp" not in answer.text


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
def test_a_form_of_another_site_cannot_sign_anybody_in(browser: Browser, kind: str) -> None:
    body = '{"user":"manager","password":"password of manager"}'
    headers = {"content-type": kind}
    answer = browser("nobody").post("/api/session", content=body, headers=headers)
    assert answer.status_code == 422


def test_an_endless_body_is_refused(browser: Browser) -> None:
    answer = browser("nobody").post("/api/session", content=b" " * 300_000)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-security-policy" in answer.headers


def test_a_password_can_be_changed_with_the_old_one_only(browser: Browser) -> None:
    viewer = browser("viewer")
    new = "a much longer one"
    wrong = viewer.post("/api/session/password", json={"old": "x", "new": new})
    assert wrong.status_code == 401
    short = viewer.post("/api/session/password", json={"old": "password of viewer", "new": "s"})
    assert short.status_code == 422
    body = {"old": "password of viewer", "new": new}
    assert viewer.post("/api/session/password", json=body).status_code == 204
    answer = browser("nobody").post("/api/session", json={"user": "viewer", "password": new})
    assert answer.status_code == 200


@pytest.mark.parametrize("token", ["", "x", "x" * 5000, "../../etc", "' OR 1=1 --"])
def test_an_invented_token_opens_nothing(browser: Browser, token: str) -> None:
    nobody = browser("nobody")
    answer = nobody.get("/api/map", headers={"cookie": f"gongfu_session={token}"})
    assert answer.status_code == 401
