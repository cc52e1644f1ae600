"""The API with its pages over a fleet's real database, without devices, and a phone signed in."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from gongfu.fleet_side import FleetSide
from gongfu.http_server import http_server
from gongfu.settings import ApiSettings
from gongfu_fleet.adapters.db.ledger_figures import SqlLedgerFigures
from gongfu_fleet.adapters.memory import (
    MemoryConnections,
    MemoryIngestStatus,
    MemoryReadings,
    SettableClock,
)
from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps, packaged_static
from gongfu_fleet.services.alarm_quality import AlarmQuality
from tests.e2e.test_page import FLAGS

NOW = 1_790_000_000_000
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 20_000


@dataclass
class Office:
    """A running API; the password is that of its first account, ``admin``."""

    url: str
    fleet: FleetSide
    password: str


@contextmanager
def office_of(fleet: FleetSide, readings: MemoryReadings) -> Iterator[Office]:
    """Runs inside the block and closes the fleet behind it."""
    with closing(fleet), socket.create_server(("127.0.0.1", 0)) as listener:
        if not (packaged_static() / "index.html").exists():
            pytest.skip("the pages are not built: 'make web' builds them")
        server = http_server(create_app(_deps_of(fleet, readings)), ApiSettings())
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield Office(url, fleet, fleet.first_password or "")
        finally:
            server.should_exit = True
            thread.join()


def _deps_of(fleet: FleetSide, readings: MemoryReadings) -> ApiDeps:
    clock = SettableClock(NOW)
    return ApiDeps(
        clock=clock,
        registry=fleet.registry,
        readings=readings,
        connections=MemoryConnections(),
        ingest=MemoryIngestStatus(),
        incidents=fleet.incidents,
        commands=fleet.commands,
        devices=fleet.devices,
        desk=fleet.desk,
        quality=AlarmQuality(SqlLedgerFigures(fleet.engine), fleet.registry, clock.now_ms),
        sign_in=fleet.sign_in,
        tokens=fleet.tokens,
        people=fleet.people,
        policies=fleet.policies,
        audit=fleet.audit,
        stopping=asyncio.Event(),
    )


@contextmanager
def phone(office: Office, chromium: Path, place: str) -> Iterator[Page]:
    """Signed in as ``admin``, at ``place`` of the page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport=PHONE, locale="zh-CN")  # type: ignore[arg-type] # a dict is what it takes
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{office.url}/#/{place}")
        page.get_by_test_id("login-user").fill("admin")
        page.get_by_test_id("login-password").fill(office.password)
        page.get_by_test_id("login-submit").click()
        yield page
        browser.close()
