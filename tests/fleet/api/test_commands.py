"""Commands over HTTP: who may ask for which, who sees them, what the stream tells of them."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.api.live import LiveFeed
from gongfu_fleet.domain.commands import Name
from gongfu_fleet.domain.scope import EVERYTHING
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.commands import Order, next_orders

Browser = Callable[[str], httpx.Client]
URL = "/api/assets/cab-0001/commands"
UNLOCK = {"name": "unlock", "reason": "补货开门"}
OTHERS = [
    {"name": "price", "tray": 1, "fen_per_kg": 1_280},
    {"name": "setpoint", "zone": 1, "celsius": 4.0},
    {"name": "voice", "text": "请关好门", "reason": "door ajar"},
    {"name": "sale_lock", "locked": True},
]


@pytest.mark.parametrize(
    ("role", "unlocks", "commands"),
    [
        ("viewer", 403, 403),
        ("auditor", 403, 403),
        ("crew", 202, 403),
        ("dispatcher", 403, 202),
        ("manager", 202, 202),
        ("admin", 202, 202),
    ],
)
def test_each_command_needs_its_own_permission(
    browser: Browser, role: str, unlocks: int, commands: int
) -> None:
    client = browser(role)
    assert client.post(URL, json=UNLOCK).status_code == unlocks
    for body in OTHERS:
        assert client.post(URL, json=body).status_code == commands, body
    seen = client.get(URL)
    if role in ("viewer", "auditor"):
        assert seen.status_code == 403
        return
    assert {item["state"] for item in seen.json()["items"]} == {"requested"}
    one = seen.json()["items"][0]
    assert client.get(f"{URL}/{one['id']}").json() == one


def test_what_was_asked_is_told_with_who_why_and_until_when(browser: Browser) -> None:
    answer = browser("manager").post(URL, json=OTHERS[2]).json()
    assert (answer["by"], answer["reason"], answer["state"]) == (
        "manager",
        "door ajar",
        "requested",
    )
    assert answer["args"] == {"text": "请关好门"}
    assert answer["exp_ms"] - answer["requested_ms"] == 30_000


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "unlock"}, 422),
        ({"name": "unlock", "reason": "no"}, 422),
        ({"name": "unlock", "reason": "        "}, 422),
        ({"name": "dance"}, 422),
        ({}, 422),
        ({"name": "voice", "text": "x", "id": "chosen"}, 422),
        ({"name": "setpoint", "zone": 1, "celsius": 9.0}, 422),
    ],
)
def test_what_makes_no_command_is_refused(
    browser: Browser, body: dict[str, object], status: int
) -> None:
    client = browser("manager")
    assert client.post(URL, json=body).status_code == status
    assert client.get(URL).json() == {"items": [], "next": None}


def test_a_second_unlock_waits_for_the_outcome_of_the_first(browser: Browser) -> None:
    client = browser("crew")
    assert client.post(URL, json=UNLOCK).status_code == 202
    assert client.post(URL, json=UNLOCK).status_code == 409


def test_an_asset_and_a_command_nobody_knows_are_not_found(browser: Browser) -> None:
    client = browser("manager")
    nowhere = "/api/assets/cab-9999/commands"
    assert client.post(nowhere, json=UNLOCK).status_code == 404
    assert client.get(nowhere).status_code == 404
    assert client.get(f"{URL}/unknown").status_code == 404
    made = client.post(URL, json=UNLOCK).json()
    assert client.get(f"/api/assets/cab-0002/commands/{made['id']}").status_code == 404


def test_somebody_elses_scope_neither_commands_nor_sees(deps: ApiDeps, browser: Browser) -> None:
    by = Actor("lin", deps.clock.now_ms(), deps.real_ms())
    made = deps.commands.request(Order("veh-0001", Name.VOICE, {"text": "你好"}), by=by)
    foreign = "/api/assets/veh-0001/commands"
    admin = browser("admin")
    wish = {"name": "narrow", "role": "manager", "scope": ["operator:hangzhou"]}
    token = admin.post("/api/tokens", json=wish).json()["secret"]
    program = browser("nobody")
    program.headers["Authorization"] = f"Bearer {token}"
    assert program.post(URL, json=UNLOCK).status_code == 202
    assert program.post(foreign, json={"name": "voice", "text": "x"}).status_code == 404
    assert program.get(foreign).status_code == 404
    assert program.get(f"{foreign}/{made.id}").status_code == 404
    assert "token" in program.get(URL).json()["items"][0]["by"]


async def test_outcomes_are_announced_to_those_who_may_command(deps: ApiDeps) -> None:
    feed = LiveFeed(deps, deps.viewer(), step_s=0.02)
    running = asyncio.create_task(feed.run())
    commander = feed.listen(lambda: EVERYTHING, hears_commands=lambda: True)
    viewer = feed.listen(lambda: EVERYTHING)
    assert b"event: commands" not in await anext(commander)
    assert b"event: fleet" in await anext(viewer)
    by = Actor("lin", deps.clock.now_ms(), deps.real_ms())
    deps.commands.request(Order("veh-0001", Name.VOICE, {"text": "你好"}), by=by)
    assert b'event: commands\ndata: {"version":1}' in await anext(commander)
    next_orders(deps.commands.store, deps.clock, linked=True)
    assert b'event: commands\ndata: {"version":2}' in await anext(commander)
    deps.stopping.set()
    await running
    assert b"commands" not in b"".join([part async for part in viewer])
