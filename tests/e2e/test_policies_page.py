"""A policy is tried, saved and taken back in a real browser; no devices."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.http_server import http_server
from gongfu.settings import ApiSettings, Settings
from gongfu_fleet.adapters.db.ledger_figures import SqlLedgerFigures
from gongfu_fleet.adapters.memory import (
    MemoryConnections,
    MemoryIngestStatus,
    MemoryReadings,
    SettableClock,
)
from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps, packaged_static
from gongfu_fleet.domain.policies import parse_target
from gongfu_fleet.domain.scope import EVERYTHING
from gongfu_fleet.services.alarm_quality import AlarmQuality
from tests.e2e.test_page import FLAGS

NOW = 1_790_000_000_000
MINUTE = 60_000
TARGET = "zone:cab-0001:1"
ODD = "<b>HACCP</b> 3"


@dataclass
class Office:
    """A running API, with a day of readings of one cabinet."""

    url: str
    fleet: FleetSide
    password: str


def a_day() -> MemoryReadings:
    """At 3 degrees, with 100 minutes at 7.5: too long for a defrost.

    Beside it one whose door stands open for nine minutes.
    """
    readings = MemoryReadings()
    for n in range(24 * 60):
        celsius = 7.5 if 600 <= n < 700 else 3 + n % 7 / 10
        ts_ms = NOW - (24 * 60 - n) * MINUTE
        readings.add("cab-0001", "zone_1_celsius", ts_ms=ts_ms, value=celsius)
        door = 1.0 if 600 <= n < 609 else 0.0
        for metric, value in (("zone_1_celsius", 4.0), ("door_open", door), ("mains_on", 1.0)):
            readings.add("cab-0002", metric, ts_ms=ts_ms, value=value)
    return readings


def deps_over(fleet: FleetSide) -> ApiDeps:
    clock = SettableClock(NOW)
    return ApiDeps(
        clock=clock,
        registry=fleet.registry,
        readings=a_day(),
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


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    if not (packaged_static() / "index.html").exists():
        pytest.skip("the pages are not built: 'make web' builds them")
    fleet = open_fleet(Settings(state=tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = http_server(create_app(deps_over(fleet)), ApiSettings())
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield Office(url, fleet, fleet.first_password or "")
        finally:
            server.should_exit = True
            thread.join()
            fleet.close()


@contextmanager
def policies_page(office: Office, chromium: Path) -> Iterator[Page]:
    """Signed in as admin, on the list of policies."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN")
        page.set_default_timeout(20_000)
        page.goto(f"{office.url}/#/policies")
        page.get_by_test_id("login-user").fill("admin")
        page.get_by_test_id("login-password").fill(office.password)
        page.get_by_test_id("login-submit").click()
        expect(page.get_by_test_id("policy")).to_have_count(14, timeout=20_000)
        yield page
        browser.close()


def test_a_manager_tries_a_limit_saves_it_and_takes_it_back(office: Office, chromium: Path) -> None:
    with policies_page(office, chromium) as page:
        page.get_by_test_id("policy-asset").fill("cab-0001")
        page.get_by_test_id("policy-zone").fill("1")
        page.get_by_test_id("policy-open").click()
        high = page.get_by_test_id("policy-air_high_celsius")
        expect(high).to_have_attribute("placeholder", "8")
        high.fill("7")
        page.get_by_test_id("policy-try").click()
        expect(page.get_by_test_id("policy-trial")).to_have_attribute("data-gained", "1")
        page.get_by_test_id("policy-save").click()
        expect(page.get_by_test_id("policy-saved")).to_have_count(0)  # the source is required
        page.get_by_test_id("policy-source").fill(ODD)
        page.get_by_test_id("policy-save").click()
        expect(page.get_by_test_id("policy-saved")).to_be_visible()
        newest = page.get_by_test_id("policy-version").first
        expect(newest).to_contain_text("空气上限: 未设 → 7 °C")
        expect(newest).to_contain_text(ODD)

        page.get_by_test_id("policy-clear").click()
        expect(page.get_by_test_id("policy-version")).to_have_count(2)
        expect(page.get_by_test_id("policy-version").first).to_contain_text("撤销全部设定")
        expect(page.get_by_test_id("policy-air_high_celsius")).to_have_value("")
        page.go_back()
        expect(page.get_by_test_id("policy")).to_have_count(14)
    versions = office.fleet.policies.history(parse_target(TARGET), EVERYTHING)
    assert [dict(one.fields) for one in versions] == [{"air_high_celsius": 7}, {}]
    assert [one.by for one in versions] == ["admin", "admin"]


def test_the_rules_of_a_whole_cabinet_are_seen_tried_and_versioned(
    office: Office, chromium: Path
) -> None:
    with policies_page(office, chromium) as page:
        listed = page.get_by_test_id("policy").and_(page.locator('[data-target="class:truck"]'))
        expect(listed).to_contain_text("车辆整机")
        expect(listed).to_contain_text("39 台")
        page.get_by_test_id("policy-asset").fill("cab-0002")
        page.get_by_test_id("policy-zone").fill("0")
        page.get_by_test_id("policy-open").click()
        session = page.get_by_test_id("policy-session_min")
        expect(session).to_have_attribute("placeholder", "15")
        expect(page.get_by_test_id("policy-air_high_celsius")).to_have_count(0)
        expect(page.get_by_test_id("policy-backlog_min")).to_have_count(0)
        session.fill("5")
        page.get_by_test_id("policy-try").click()
        trial = page.get_by_test_id("policy-trial")
        expect(trial).to_have_attribute("data-gained", "1")
        expect(trial).to_contain_text("cab-0002 · 整机")
        page.get_by_test_id("policy-source").fill(ODD)
        page.get_by_test_id("policy-save").click()
        expect(page.get_by_test_id("policy-saved")).to_be_visible()
        newest = page.get_by_test_id("policy-version").first
        expect(newest).to_contain_text("开门过久: 未设 → 5 min")
        page.get_by_test_id("policy-clear").click()
        expect(page.get_by_test_id("policy-version")).to_have_count(2)
        expect(page.get_by_test_id("policy-session_min")).to_have_value("")
    target = parse_target("zone:cab-0002:0")
    versions = office.fleet.policies.history(target, EVERYTHING)
    assert [dict(one.fields) for one in versions] == [{"session_min": 5}, {}]
