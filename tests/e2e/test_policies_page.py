"""A policy is tried, saved and taken back in a real browser; no devices."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings
from gongfu_fleet.adapters.memory import MemoryReadings
from gongfu_fleet.domain.policies import parse_target
from gongfu_fleet.domain.scope import EVERYTHING
from tests.e2e.office import NOW, PATIENCE_MS, Office, office_of, phone

MINUTE = 60_000
TARGET = "zone:cab-0001:1"
ODD = "<b>HACCP</b> 3"


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


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with office_of(open_fleet(Settings(state=tmp_path)), a_day()) as office:
        yield office


@contextmanager
def policies_page(office: Office, chromium: Path) -> Iterator[Page]:
    """On the list of policies."""
    with phone(office, chromium, "policies") as page:
        expect(page.get_by_test_id("policy")).to_have_count(14, timeout=PATIENCE_MS)
        yield page


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
