"""The platform's own app on a free port, over databases of its own, with people of every role.

No broker and no devices: what is tried here comes in through the web. The wiring is that of
``gongfu run``, so a route that is served there is served here.
"""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from fastapi import FastAPI

from gongfu.errors import GongfuError
from gongfu.face import Face, api
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.http_server import HttpServer, http_server
from gongfu.new_id import new_id
from gongfu.notify_side import KEY_FILE
from gongfu.secrets_file import load_secrets, write_private
from gongfu.settings import ApiSettings, DemoSettings, Settings
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu_broker.clock import RealClock, real_ms
from gongfu_broker.listening import free_port
from gongfu_fleet.adapters.passwords import Argon2Passwords
from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.handling import Step
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import (
    Acknowledged,
    Finding,
    Raised,
    Subject,
)
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.people import Account, Role
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.services.people import By, add_account
from gongfu_fleet.services.sign_in import SignedIn, Visit
from gongfu_ingest.points import Point, Rank

HERE = "127.0.0.1"
READY_S = 30.0
STREAM_BYTES = 20_000
LIVE_STEP_S = 0.02
# The same for all, cheap to check: what is tried here is not argon2.
PASSWORD = "a password of nobody real"  # noqa: S105 - people of an empty folder
LINK_KEY = b"a key of nobody's links" * 2
CHEAP = Argon2Passwords(memory_kib=64, passes=1)


class StandError(GongfuError):
    """The app under attack did not start; the message says what to look at."""


@dataclass(frozen=True)
class Answer:
    """What came back; of a stream its beginning only. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


@dataclass
class Stand:
    """The running app, and what was put into it."""

    folder: Path
    fleet: FleetSide
    telemetry: Telemetry
    app: FastAPI
    url: str
    _wire: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answer:
        """One request without a cookie jar: it carries what it is given and nothing else.

        The body goes as JSON, bytes as the fields of a form.
        """
        sent, where = dict(headers or {}), self.url + path
        if not isinstance(body, bytes):
            return self.forward(httpx.Request(method, where, headers=sent, json=body))
        sent["Content-Type"] = "application/x-www-form-urlencoded"
        return self.forward(httpx.Request(method, where, headers=sent, content=body))

    def forward(self, request: httpx.Request) -> Answer:
        """Send a finished request; event streams are left after their first words."""
        request.extensions = {"timeout": httpx.Timeout(READY_S).as_dict()}
        answer = self._wire.handle_request(request)
        told = httpx.Headers(answer.headers)
        stream = "text/event-stream" in told.get("content-type", "")
        response = httpx.Response(answer.status_code, headers=told, stream=answer.stream)
        try:
            body = _beginning(response) if stream else response.read()
        finally:
            answer.close()
        return Answer(answer.status_code, told, tuple(told.get_list("set-cookie")), body)

    def person(self, name: str, role: Role, scope: Scope = EVERYTHING) -> Account:
        """The person of this name, added at the first call."""
        known = self.fleet.sign_in.people.by_name(name)
        if known is not None:
            return known
        by = By("stand", real_ms())
        return add_account(
            self.fleet.sign_in.people, CHEAP, (name, role, PASSWORD), by=by, scope=scope
        )

    def session(self, account: Account, agent: str = "stand") -> SignedIn:
        """A new session of somebody, without the work of a password."""
        return self.fleet.sign_in.enter(account, Visit(HERE, agent), now_ms=real_ms())

    def incident(
        self, asset: str, *steps: Step | Acknowledged, over: bool = False, exposed: bool = False
    ) -> str:
        """Raise an incident of an asset, ``exposed`` with goods, and take steps; returns its id."""
        now_ms, found = real_ms(), new_id()
        episode = Episode(
            condition=Condition.NORMAL if over else Condition.ACTIVE,
            begin_ms=now_ms - 60_000,
            raised_ms=now_ms - 30_000,
            end_ms=now_ms - 10_000 if over else None,
            peak_celsius=11.5,
            unknown=(),
        )
        finding = Finding(episode, 8.0, "fresh", 1)
        subject = Subject(asset, 1, Hazard.TEMPERATURE_HIGH)
        consequence = Consequence.PRODUCT if exposed else Consequence.NONE
        raised = Raised(subject, Severity.HIGH, finding, late=False, consequence=consequence)
        drafts = [Draft(found, body) for body in (raised, *steps)]
        self.fleet.ledger.append(drafts, at_ms=now_ms)
        return found

    def close(self) -> None:
        """Let go of the connections."""
        self._wire.close()


@contextmanager
def security_stand(folder: Path) -> Iterator[Stand]:
    """Open databases in the folder, serve the app in a thread, end both."""
    settings = Settings(
        state=folder / "state",
        api=ApiSettings(host=HERE, port=free_port()),
        demo=DemoSettings(simulate=False),
    )
    fleet = open_fleet(settings)
    telemetry = open_telemetry(settings.telemetry_path)
    load_secrets(settings.state)
    write_private(settings.state / KEY_FILE, LINK_KEY)
    try:
        _some_readings(telemetry)
        with _served(settings, fleet, telemetry) as app:
            url = f"http://{HERE}:{settings.api.port}"
            stand = Stand(folder, fleet, telemetry, app, url)
            yield stand
            stand.close()
    finally:
        telemetry.close()
        fleet.close()


@contextmanager
def _served(settings: Settings, fleet: FleetSide, telemetry: Telemetry) -> Iterator[FastAPI]:
    stopping = asyncio.Event()
    face = Face(
        settings=settings,
        connected=lambda: True,
        troubles=tuple,
        stopping=stopping,
        flow=lambda: None,
        room=lambda: None,
    )
    app = api(RealClock(), telemetry, fleet=fleet, face=face)
    app.state.feed.step_s = LIVE_STEP_S
    server = http_server(app, settings.api)
    thread = threading.Thread(target=server.run, name="stand", daemon=True)
    thread.start()
    try:
        _wait_started(server, thread)
        yield app
    finally:
        server.should_exit = True
        thread.join(READY_S)


def _wait_started(server: HttpServer, thread: threading.Thread) -> None:
    waited = threading.Event()
    for _ in range(int(READY_S / 0.02)):
        if server.started or not thread.is_alive():
            break
        waited.wait(0.02)
    if not server.started:
        raise StandError("the app under attack did not start: see the log above")


def _some_readings(telemetry: Telemetry) -> None:
    now_ms = real_ms()
    points = [
        Point(now_ms - n * 60_000, dev, Rank(1, 60 - n, 0), {"zone_1_celsius": 4.0 + n / 100})
        for dev in ("cab-0001", "cab-0069")
        for n in range(60)
    ]
    telemetry.in_writer(lambda: telemetry.store.write(points))


def _beginning(response: httpx.Response) -> bytes:
    got = b""
    for part in response.iter_raw():
        got += part
        if b"\n\n" in got or len(got) >= STREAM_BYTES:
            break
    return got
