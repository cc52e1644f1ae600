"""The live stream on a real server: whole fleet first, then changes, and a prompt end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from gongfu_fleet.adapters.memory import MemoryConnections, MemoryIncidents
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.api.live import LiveFeed
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.ports import Connection, IncidentView

Event = tuple[str, Any]
NOW = 1_790_000_000_000


@pytest.fixture
async def origin(app: FastAPI, deps: ApiDeps) -> AsyncIterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    deps.stopping.set()
    server.should_exit = True
    await asyncio.wait_for(serving, 5)
    listener.close()


@pytest.fixture
async def page(origin: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=origin, timeout=10, trust_env=False) as client:
        body = {"user": "manager", "password": "password of manager"}
        answer = await client.post("/api/session", json=body)
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        yield client


async def events(answer: httpx.Response) -> AsyncIterator[Event]:
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


async def test_the_first_event_is_the_whole_fleet_and_the_next_only_what_changed(
    page: httpx.AsyncClient, connections: MemoryConnections
) -> None:
    async with page.stream("GET", "/api/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = events(answer)
        name, first = await anext(stream)
        assert (name, len(first["assets"]), first["now_ms"]) == ("fleet", 119, NOW)
        assert (await anext(stream))[0] == "incidents"
        connections.known["cab-0002"] = Connection(online=True, heard_ms=NOW)
        name, second = await anext(stream)
        assert (name, [a["id"] for a in second["assets"]]) == ("fleet", ["cab-0002"])
        assert second["assets"][0]["state"] == "ok"
    map_assets = (await page.get("/api/map")).json()["assets"]
    assert second["assets"][0] in map_assets


async def test_an_acknowledgement_reaches_every_listener(
    page: httpx.AsyncClient, raised: Callable[..., IncidentView], incidents: MemoryIncidents
) -> None:
    incident = raised()
    async with page.stream("GET", "/api/live") as one, page.stream("GET", "/api/live") as other:
        streams = [events(one), events(other)]
        for stream in streams:
            assert (await anext(stream))[0] == "fleet"
            assert await anext(stream) == ("incidents", {"version": 1})
        await page.post(f"/api/incidents/{incident.id}/acknowledge", json={})
        for stream in streams:
            assert await anext(stream) == ("incidents", {"version": incidents.version()})


async def test_listeners_end_promptly_when_the_app_stops(
    page: httpx.AsyncClient, deps: ApiDeps
) -> None:
    async with page.stream("GET", "/api/live") as answer:
        stream = events(answer)
        await anext(stream)
        deps.stopping.set()
        async with asyncio.timeout(1):
            rest = [event async for event in stream]
    assert len(rest) <= 1


async def test_listeners_share_one_snapshot(deps: ApiDeps) -> None:
    looked: list[int] = []
    viewer = deps.viewer()

    class CountingViewer(type(viewer)):  # type: ignore[misc] # only counts how often it looks
        def views(self, scope: Scope = EVERYTHING) -> dict[str, Any]:
            del scope
            looked.append(1)
            return {}

    counting = CountingViewer(deps.registry, deps.readings, deps.connections, deps.incidents)
    feed = LiveFeed(deps, counting, step_s=0.05)
    running = asyncio.create_task(feed.run())
    await asyncio.sleep(0.2)
    assert looked == []
    streams = [feed.listen(lambda: EVERYTHING) for _ in range(20)]
    await asyncio.gather(*(anext(stream) for stream in streams))
    assert len(looked) <= 3
    deps.stopping.set()
    await asyncio.wait_for(running, 1)
    for stream in streams:
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_feed_that_cannot_look_tries_again_and_says_so_once(
    deps: ApiDeps, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([True, True, False])
    viewer = deps.viewer()

    class FailingViewer(type(viewer)):  # type: ignore[misc] # fails twice, then works
        def views(self, scope: Scope = EVERYTHING) -> dict[str, Any]:
            del scope
            if next(failures, False):
                raise OSError("disk gone")
            return {}

    failing = FailingViewer(deps.registry, deps.readings, deps.connections, deps.incidents)
    feed = LiveFeed(deps, failing, step_s=0.02)
    running = asyncio.create_task(feed.run())
    assert b"event: fleet" in await anext(feed.listen(lambda: EVERYTHING))
    deps.stopping.set()
    await running
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


async def test_a_page_that_signed_out_is_sent_away(deps: ApiDeps) -> None:
    feed = LiveFeed(deps, deps.viewer(), step_s=0.02, ask_s=0.05)
    running = asyncio.create_task(feed.run())
    welcome = iter([EVERYTHING])
    received = [part async for part in feed.listen(lambda: next(welcome, None))]
    assert received
    deps.stopping.set()
    await running
