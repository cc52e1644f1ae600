"""A secret is in its file, its answer or its cookie, and never in a log."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx

from gongfu.bench.house import House

SHORTEST = 16
GUESS = "a guess that is somebody's other password"


def texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
    elif isinstance(value, str):
        yield value


def kept_secrets(state: Path) -> set[str]:
    files = [path for path in state.glob("*secret*.json") if path.is_file()]
    assert files
    return {text for path in files for text in texts(json.loads(path.read_bytes()))}


def used_secrets(house: House) -> set[str]:
    """Everything that a few minutes of people and programs show and are shown."""
    password, origin = house.admin_password(), house.url
    wrong = {"user": "admin", "password": GUESS}
    refused = httpx.post(f"{origin}/api/session", json=wrong, timeout=20)
    assert refused.status_code == 401
    with house.sign_in() as client:
        made = client.post("/api/tokens", json={"name": "logs"}).raise_for_status().json()
        person = {"name": "日志", "role": "viewer"}
        added = client.post("/api/people", json=person).raise_for_status().json()
        bearer = {"Authorization": f"Bearer {made['secret']}"}
        httpx.get(f"{origin}/api/map", headers=bearer, timeout=20).raise_for_status()
        malformed = client.post("/api/tokens", json={"name": "x" * 999})
        assert malformed.status_code == 422
        shown = {*client.cookies.values(), client.headers["X-CSRF-Token"]}
    return {GUESS, made["secret"], added["password"], password, *shown}


def test_no_log_of_a_running_county_holds_a_secret(house: House) -> None:
    state = house.settings.state
    secrets = {text for text in kept_secrets(state) | used_secrets(house) if len(text) >= SHORTEST}
    assert len(secrets) > 10
    logs = {path: path.read_text(errors="replace") for path in state.rglob("*.log")}
    assert house.log_path in logs
    # The very first start tells the first password once, to whoever started it.
    greeting = f"first sign-in: user admin, password {house.admin_password()}"
    logs[house.log_path] = logs[house.log_path].replace(greeting, "", 1)
    found = [path.name for path, text in logs.items() for one in secrets if one in text]
    assert found == []
    assert len(logs[house.log_path]) > 0
