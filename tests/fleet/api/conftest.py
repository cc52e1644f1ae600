"""An app over the shipped county with ports in memory, and browsers signed in by role."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.commands import SqlCommands
from gongfu_fleet.adapters.db.devices import SqlDevices
from gongfu_fleet.adapters.db.incident_desk import SqlIncidentDesk
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.ledger_figures import SqlLedgerFigures
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.db.tokens import SqlTokens
from gongfu_fleet.adapters.memory import (
    MemoryConnections,
    MemoryIncidents,
    MemoryIngestStatus,
    MemoryReadings,
    SettableClock,
)
from gongfu_fleet.adapters.passwords import Argon2Passwords
from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.devices import Hashes
from gongfu_fleet.domain.people import Role
from gongfu_fleet.ports import IncidentView
from gongfu_fleet.services.alarm_quality import AlarmQuality
from gongfu_fleet.services.cold_policies import record_shipped
from gongfu_fleet.services.commands import CommandBook
from gongfu_fleet.services.devices import DeviceDesk
from gongfu_fleet.services.incident_desk import IncidentDesk
from gongfu_fleet.services.people import By, PeopleDesk, add_account
from gongfu_fleet.services.policies import PolicyDesk
from gongfu_fleet.services.sign_in import SignIn
from gongfu_fleet.services.tokens import Tokens
from gongfu_fleet.services.watched_zones import RegistryZones
from tests.fleet.conftest import opened
from tests.servers.postgres import Postgres

NOW = 1_790_000_000_000
Visit = Callable[..., httpx.Client]
HASHER = Argon2Passwords(memory_kib=64, passes=1)
Browser = Callable[[str], httpx.Client]


class PlainHashes:
    """Fits SecretHasher; no broker checks these."""

    def hashes(self, secret: str) -> Hashes:
        return Hashes(f"nats of {len(secret)}", f"mosquitto of {len(secret)}")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(NOW, speed=30.0)


@pytest.fixture
def readings() -> MemoryReadings:
    return MemoryReadings()


@pytest.fixture
def connections() -> MemoryConnections:
    return MemoryConnections()


@pytest.fixture
def ingest() -> MemoryIngestStatus:
    return MemoryIngestStatus()


@pytest.fixture
def incidents() -> MemoryIncidents:
    return MemoryIncidents()


def staff(county: Engine) -> None:
    """Somebody of every role, and the policies that are shipped."""
    for role in set(Role) - {Role.DEVICE}:
        person = (role.value, role, f"password of {role}")
        add_account(SqlPeople(county), HASHER, person, by=By("test", NOW))
    record_shipped(SqlPolicies(county), now_ms=NOW)


@pytest.fixture(scope="session")
def seeded_file(seeded_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("staffed") / "fleet.db"
    path.write_bytes(seeded_file.read_bytes())
    with opened(f"sqlite:///{path}") as county:
        staff(county)
    return path


@pytest.fixture(scope="session")
def seeded_template(postgres: Postgres, seeded_template: str) -> str:
    name = postgres.create(seeded_template)
    with opened(postgres.url(name)) as county:
        staff(county)
    return name


@pytest.fixture
def sign_in(county: Engine) -> SignIn:
    return SignIn(SqlPeople(county), HASHER)


@pytest.fixture
def registry(county: Engine) -> SqlRegistry:
    return SqlRegistry(county)


def desk_on(county: Engine, registry: SqlRegistry) -> IncidentDesk:
    zones = RegistryZones(registry)
    return IncidentDesk(
        SqlIncidentStore(county), SqlIncidentDesk(county), zones, SqlPeople(county), registry
    )


@pytest.fixture
def deps(
    request: pytest.FixtureRequest,
    county: Engine,
    registry: SqlRegistry,
    sign_in: SignIn,
    tmp_path: Path,
) -> ApiDeps:
    return ApiDeps(
        clock=request.getfixturevalue("clock"),
        registry=registry,
        readings=request.getfixturevalue("readings"),
        connections=request.getfixturevalue("connections"),
        ingest=request.getfixturevalue("ingest"),
        incidents=request.getfixturevalue("incidents"),
        commands=CommandBook(SqlCommands(county), registry),
        desk=desk_on(county, registry),
        quality=AlarmQuality(
            SqlLedgerFigures(county), registry, request.getfixturevalue("clock").now_ms
        ),
        devices=DeviceDesk(SqlDevices(county), registry, PlainHashes()),
        sign_in=sign_in,
        tokens=Tokens(SqlTokens(county)),
        people=PeopleDesk(SqlPeople(county), HASHER, registry),
        policies=PolicyDesk(SqlPolicies(county), registry),
        audit=SqlAuditLog(county),
        stopping=asyncio.Event(),
        static=tmp_path / "static",
    )


@pytest.fixture
def app(deps: ApiDeps) -> FastAPI:
    return create_app(deps)


class InProcess(httpx.BaseTransport):
    """Hands requests to an app without a network; errors of the app come as its answers."""

    def __init__(self, app: FastAPI) -> None:
        self.inner = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.runner = asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.runner.run(self._answer(request))

    def close(self) -> None:
        self.runner.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        assert isinstance(answer.stream, httpx.AsyncByteStream)
        raw = b"".join([part async for part in answer.stream])
        stream = httpx.ByteStream(raw)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)


@pytest.fixture
def visit() -> Iterator[Visit]:
    """Open a client on an app."""
    opened: list[httpx.Client] = []

    def open_on(app: FastAPI, origin: str = "http://testserver") -> httpx.Client:
        opened.append(httpx.Client(transport=InProcess(app), base_url=origin))
        return opened[-1]

    yield open_on
    for client in opened:
        client.close()


@pytest.fixture
def browser(app: FastAPI, visit: Visit) -> Browser:
    """A browser per role; ``nobody`` is not signed in. The CSRF token is sent by default."""

    def open_as(role: str) -> httpx.Client:
        client = visit(app)
        if role != "nobody":
            body = {"user": role, "password": f"password of {role}"}
            answer = client.post("/api/session", json=body)
            assert answer.status_code == 200, answer.text
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return client

    return open_as


@pytest.fixture
def raised(incidents: MemoryIncidents) -> Callable[..., IncidentView]:
    """Raise an incident; any field may be given."""

    def raise_one(number: int = 1, **changes: object) -> IncidentView:
        values: dict[str, object] = {
            "id": f"01900000-0000-7000-8000-{number:012d}",
            "asset": "cab-0001",
            "asset_name": "邻礼柜",
            "site": "hangzhou",
            "zone": 1,
            "hazard": "temperature_high",
            "condition": "active",
            "workflow": "unack",
            "severity": "high",
            "begin_ms": NOW - 60_000,
            "raised_ms": NOW,
            "end_ms": None,
            "peak_celsius": 11.5,
            "limit_celsius": 0.0,
            "unknown_s": 0,
            "late": False,
            "acked_by": None,
            "acked_ms": None,
            "note": None,
            "merged_into": None,
            **changes,
        }
        view = IncidentView(**values)  # type: ignore[arg-type] # the dict above has every field
        incidents.add(view)
        return view

    return raise_one
