"""Health for everybody, headers on everything, problems instead of stack traces, the bundle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.memory import MemoryConnections, MemoryIngestStatus, MemoryReadings
from gongfu_fleet.adapters.passwords import Argon2Passwords
from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.due import Grid
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from gongfu_fleet.ports import Connection, ConsumerLag
from gongfu_fleet.services.flow import Flow, Forwarding, Room
from gongfu_fleet.services.jobs import Schedule
from gongfu_fleet.services.people import By, add_account

Visit = Callable[..., httpx.Client]
Browser = Callable[[str], httpx.Client]
HASHER = Argon2Passwords(memory_kib=64, passes=1)


def connect_all(client: httpx.Client, connections: MemoryConnections) -> None:
    for item in client.get("/api/assets").json()["items"]:
        connections.known[item["id"]] = Connection(online=True, heard_ms=1)


def signed_in(client: httpx.Client, user: str) -> httpx.Client:
    body = {"user": user, "password": f"password of {user}"}
    client.post("/api/session", json=body).raise_for_status()
    return client


def test_a_county_that_reports_is_ok(
    browser: Browser, connections: MemoryConnections, ingest: MemoryIngestStatus
) -> None:
    connect_all(browser("viewer"), connections)
    connections.known["stranger"] = Connection(online=True, heard_ms=1)
    ingest.counts["committed"] = 7
    ingest.lags.append(ConsumerLag("cold-chain", 5, 2))
    answer = browser("viewer").get("/health").json()
    assert answer == {
        "status": "ok",
        "now_ms": 1_790_000_000_000,
        "speed": 30.0,
        "devices": {"registered": 119, "connected": 119, "seen": 119},
        "ingest": {"committed": 7},
        "consumers": [{"name": "cold-chain", "seq": 5, "lag": 2}],
        "broker": {"connected": True},
        "jobs": [],
        "flow": None,
        "room": None,
        "problems": [],
    }


def test_every_job_tells_when_it_ran_and_runs_next(deps: ApiDeps, visit: Visit) -> None:
    schedule = Schedule(now_ms=lambda: 125_000)
    grid = Grid(60_000)
    schedule.begin("backup", grid)
    schedule.end("backup", 120_000, "OSError: disk full")
    told = (lambda: ["The job 'backup' fails."], schedule.troubles, schedule.troubles)
    app = create_app(replace(deps, jobs=schedule.states, troubles=told))
    answer = signed_in(visit(app), "viewer").get("/health")
    assert answer.json()["jobs"] == [
        {
            "name": "backup",
            "last_due_ms": 120_000,
            "last_end_ms": 125_000,
            "last_error": "OSError: disk full",
            "next_due_ms": 180_000,
        }
    ]
    about_backup = [text for text in answer.json()["problems"] if "backup" in text]
    assert len(about_backup) == 2
    assert "disk full" in about_backup[1]


def test_what_waits_where_and_how_much_room_there_is_are_told(deps: ApiDeps, visit: Visit) -> None:
    flow = Flow(3, 0.25, 10, 0.5, 0.04, 1, Forwarding("away", 4_000, 612.5))
    told = replace(deps, flow=lambda: flow, room=lambda: Room(2_000_000_000, 5_000_000))
    answer = signed_in(visit(create_app(told)), "viewer").get("/health").json()
    assert answer["flow"]["waiting"] == 3
    assert answer["flow"]["forwarder"] == {
        "state": "away",
        "backlog": 4_000,
        "oldest_unsent_s": 612.5,
    }
    assert answer["room"] == {"free_bytes": 2_000_000_000, "store_bytes": 5_000_000}


def test_wrong_clocks_are_named_on_the_health_page_and_on_the_map(
    browser: Browser, connections: MemoryConnections
) -> None:
    viewer = browser("viewer")
    connect_all(viewer, connections)
    for n, offset_ms in ((1, 3_600_000), (2, -86_400_000)):
        connections.known[f"cab-000{n}"] = Connection(
            online=True, heard_ms=1, clock_offset_ms=offset_ms
        )
    answer = viewer.get("/health").json()
    (problem,) = answer["problems"]
    assert "(cab-0001 is 60 min slow, cab-0002 is 24 h fast)" in problem
    assets = {item["id"]: item for item in viewer.get("/api/map").json()["assets"]}
    assert assets["cab-0001"]["clock_offset_ms"] == 3_600_000
    assert assets["cab-0003"]["clock_offset_ms"] == 0


def test_every_trouble_is_a_sentence_with_its_remedy(
    deps: ApiDeps, ingest: MemoryIngestStatus, visit: Visit
) -> None:
    ingest.connected = False
    ingest.lags.append(ConsumerLag("cold-chain", 5, 20_000))
    troubled = replace(deps, troubles=(lambda: ["The disk is full; free some space."],))
    answer = signed_in(visit(create_app(troubled)), "viewer").get("/health").json()
    assert answer["status"] == "degraded"
    text = " ".join(answer["problems"])
    for word in ("broker", "119 of 119", "cold-chain is 20000", "disk"):
        assert word in text


def test_who_is_not_signed_in_is_told_numbers_and_no_names(
    deps: ApiDeps, connections: MemoryConnections, visit: Visit
) -> None:
    connections.known["cab-0001"] = Connection(online=True, heard_ms=1, clock_offset_ms=9_000_000)
    troubled = replace(deps, troubles=(lambda: ["veh-0001 says too much."],))
    answer = visit(create_app(troubled)).get("/health")
    assert "cab-" not in answer.text
    assert "veh-" not in answer.text
    told = answer.json()
    assert told["status"] == "degraded"
    assert told["devices"] == {"registered": 119, "connected": 1, "seen": 1}
    assert told["problems"] == ["3 problems; sign in to read them."]
    assert told["jobs"] == []
    assert told["room"] is None


def test_who_sees_a_part_is_told_of_the_devices_of_that_part(
    county: Engine, deps: ApiDeps, connections: MemoryConnections, visit: Visit
) -> None:
    for dev in ("cab-0001", "veh-0001"):
        connections.known[dev] = Connection(online=True, heard_ms=1, clock_offset_ms=9_000_000)
    account = ("lin", Role.MANAGER, "password of lin")
    scope = scope_of([Grant(ScopeKind.OPERATOR, "hangzhou")])
    add_account(SqlPeople(county), HASHER, account, by=By("test", 1), scope=scope)
    troubled = replace(deps, troubles=(lambda: ["veh-0002 says too much."],))
    answer = signed_in(visit(create_app(troubled)), "lin").get("/health")
    assert answer.json()["devices"] == {"registered": 68, "connected": 1, "seen": 1}
    assert "cab-0001 is 2 h slow" in answer.text
    assert "veh-" not in answer.text


@dataclass
class BrokenReadings(MemoryReadings):
    """Readings whose disk is gone."""

    def last(self, devs: Sequence[str] | None = None) -> dict[str, dict[str, tuple[int, float]]]:
        raise OSError("secret path /x", devs)


def test_a_surprise_is_a_problem_that_tells_no_secrets(deps: ApiDeps, visit: Visit) -> None:
    client = visit(create_app(replace(deps, readings=BrokenReadings())))
    body = {"user": "viewer", "password": "password of viewer"}
    client.post("/api/session", json=body)
    answer = client.get("/api/map")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("path", ["/", "/health", "/api/map", "/api/nothing", "/api/openapi.json"])
def test_every_answer_carries_the_security_headers(browser: Browser, path: str) -> None:
    headers = browser("nobody").get(path).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_answers_of_the_api_are_not_kept_by_caches(browser: Browser) -> None:
    assert browser("viewer").get("/api/map").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("POST", 404)])
def test_an_unknown_path_is_a_problem(browser: Browser, method: str, status: int) -> None:
    answer = browser("viewer").request(method, "/api/nothing")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_wrong_method_is_a_problem(browser: Browser) -> None:
    answer = browser("viewer").put("/api/map")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_contract_is_public_and_names_every_route(app: FastAPI, visit: Visit) -> None:
    paths = visit(app).get("/api/openapi.json").json()["paths"]
    assert "/api/incidents/{incident_id}/acknowledge" in paths
    assert "/health" in paths
    assert "/" not in paths


def test_without_a_bundle_the_front_page_says_how_to_build_it(browser: Browser) -> None:
    answer = browser("nobody").get("/")
    assert answer.status_code == 200
    assert "make web" in answer.text


@pytest.fixture
def built(deps: ApiDeps, visit: Visit) -> httpx.Client:
    (deps.static / "assets").mkdir(parents=True)
    (deps.static / "index.html").write_text("<!doctype html><title>供富</title>")
    (deps.static / "sw.js").write_text("self")
    (deps.static / "assets" / "main-1a2b.js").write_text("1")
    Path(deps.static, "..", "outside.txt").write_text("secret")
    return visit(create_app(deps))


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        ("/", "no-cache"),
        ("/index.html", "no-cache"),
        ("/sw.js", "no-cache"),
        ("/assets/main-1a2b.js", "public, max-age=31536000, immutable"),
    ],
)
def test_the_bundle_is_public_and_cached_by_its_names(
    built: httpx.Client, path: str, caching: str
) -> None:
    answer = built.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == caching


@pytest.mark.parametrize("path", ["/../outside.txt", "/%2e%2e/outside.txt", "/assets/none.js"])
def test_nothing_outside_the_bundle_is_served(built: httpx.Client, path: str) -> None:
    answer = built.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_bundle_does_not_hide_the_api(built: httpx.Client) -> None:
    assert built.get("/api/map").status_code == 401
    assert built.get("/health").status_code == 200
    assert built.get("/api/nothing").status_code == 404
