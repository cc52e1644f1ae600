"""Figures for Prometheus: by token, or to a manager; to nobody else."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI

from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps

Browser = Callable[[str], httpx.Client]
Visit = Callable[..., httpx.Client]
TOKEN = "a long and secret token"  # noqa: S105 - of this test only
TEXT = b"# TYPE gongfu_up gauge\ngongfu_up 1.0\n"


@pytest.fixture
def app(deps: ApiDeps) -> FastAPI:
    return create_app(replace(deps, metrics=lambda: TEXT, metrics_token=lambda: TOKEN))


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("manager", 200), ("admin", 200)])
def test_people_see_the_figures_by_their_role(browser: Browser, role: str, status: int) -> None:
    answer = browser(role).get("/metrics")
    assert answer.status_code == status
    if status == 200:
        assert answer.content == TEXT
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_a_program_shows_the_token(browser: Browser) -> None:
    answer = browser("nobody").get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.content) == (200, TEXT)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u4f9b\u5bcc"]
)
def test_without_the_right_token_nothing_is_told(browser: Browser, header: str) -> None:
    answer = browser("nobody").get("/metrics", headers={b"Authorization": header.encode()})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_where_no_token_is_set_none_is_right(deps: ApiDeps, visit: Visit) -> None:
    client = visit(create_app(deps))
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 401


def test_the_token_opens_nothing_else(browser: Browser) -> None:
    told = {"Authorization": f"Bearer {TOKEN}"}
    assert browser("nobody").get("/api/map", headers=told).status_code == 401
