"""What every answer carries and no request may exceed, over real HTTP."""

import json
from collections.abc import Iterator

import httpx
import pytest

from gongfu.security.credentials import Shown, by_session
from gongfu.security.matrix import DOCUMENT
from gongfu.security.stand import Answer, Stand
from gongfu_fleet.api.edge import MAX_BODY_BYTES, SECURITY_HEADERS
from gongfu_fleet.domain.people import Role


@pytest.fixture(scope="module")
def admin(stand: Stand) -> Shown:
    account = stand.person("edge", Role.ADMIN)
    return by_session(account, stand.session(account))


def assert_guarded(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.text
    missing = [n for n, v in SECURITY_HEADERS.items() if answer.headers.get(n.lower()) != v]
    assert missing == [], status
    assert "server" not in answer.headers


def test_every_kind_of_answer_carries_every_security_header(stand: Stand, admin: Shown) -> None:
    key = admin.headers
    wrong = {"user": "x", "password": "y"}
    assert_guarded(stand.send("GET", "/health"), 200)
    assert_guarded(stand.send("GET", "/"), 200)
    assert_guarded(stand.send("GET", DOCUMENT), 200)
    assert_guarded(stand.send("GET", "/api/live", headers=key), 200)
    assert_guarded(stand.send("GET", "/api/map"), 401)
    assert_guarded(stand.send("POST", "/api/session", body=wrong), 401)
    cookie = {"Cookie": key["Cookie"]}
    assert_guarded(stand.send("DELETE", "/api/session", headers=cookie), 403)
    assert_guarded(stand.send("GET", "/api/nothing"), 404)
    assert_guarded(stand.send("GET", "/assets/none.js"), 404)
    assert_guarded(stand.send("PUT", "/api/map"), 405)
    assert_guarded(stand.send("POST", "/api/session", body={}), 422)
    etag = stand.send("GET", "/api/geo/counties", headers=key).headers["etag"]
    assert_guarded(
        stand.send("GET", "/api/geo/counties", headers={**key, "If-None-Match": etag}), 304
    )


def test_no_answer_of_the_api_may_be_kept_by_a_cache(stand: Stand, admin: Shown) -> None:
    paths = [
        path
        for path, item in json.loads(stand.send("GET", DOCUMENT).body)["paths"].items()
        if "get" in item and "{" not in path
    ]
    assert len(paths) > 10
    for path in paths:
        told = stand.send("GET", path, headers=admin.headers).headers.get("cache-control", "")
        # Places are asked for anew each time; their ETag says that they are the same.
        assert told in ("no-store", "private, no-cache"), path


def in_parts(size: int) -> Iterator[bytes]:
    """A body whose length nobody tells beforehand."""
    yield b'{"user": "'
    for _ in range(size // 10_000):
        yield b"x" * 10_000
    yield b'", "password": ""}'


@pytest.mark.parametrize("told", [True, False])
def test_a_body_beyond_256_kb_is_refused_whether_its_length_is_told_or_not(
    stand: Stand, *, told: bool
) -> None:
    parts = b"".join(in_parts(MAX_BODY_BYTES + 10_000))
    content = parts if told else in_parts(MAX_BODY_BYTES + 10_000)
    kind = {"Content-Type": "application/json"}
    sent = httpx.Request("POST", f"{stand.url}/api/session", headers=kind, content=content)
    assert ("content-length" in sent.headers) is told
    assert_guarded(stand.forward(sent), 413)


def test_a_body_of_almost_256_kb_is_read(stand: Stand) -> None:
    content = b"".join(in_parts(MAX_BODY_BYTES - 20_000))
    kind = {"Content-Type": "application/json"}
    sent = httpx.Request("POST", f"{stand.url}/api/session", headers=kind, content=content)
    assert_guarded(stand.forward(sent), 422)
