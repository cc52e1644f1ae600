"""Inbox, steps and alarm quality on a phone, in a real browser on the real ledger; no devices."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.settings import Settings
from gongfu_fleet.adapters.memory import MemoryReadings
from gongfu_fleet.domain.alarms.incident import ConditionChanged
from gongfu_fleet.domain.alarms.reconcile import Draft
from tests.e2e.office import NOW, PATIENCE_MS, PHONE, Office, office_of, phone
from tests.fleet.alarms.test_handling import ENDED, EXPOSED

RAISED = {"i-1": "cab-0001", "i-2": "cab-0002", "i-3": "veh-0001", "i-4": "cab-0003"}


def at(ms: int) -> ConditionChanged:
    """The end of the incident, ``ms`` before now."""
    episode = replace(ENDED.finding.episode, begin_ms=NOW - 7_200_000, raised_ms=NOW - 5_400_000)
    return ConditionChanged(replace(ENDED.finding, episode=replace(episode, end_ms=NOW - ms)))


def raise_all(fleet: FleetSide) -> None:
    begun = replace(EXPOSED.finding.episode, begin_ms=NOW - 7_200_000, raised_ms=NOW - 5_400_000)
    for incident, asset in RAISED.items():
        finding = replace(EXPOSED.finding, episode=begun)
        subject = replace(EXPOSED.subject, asset=asset)
        raised = replace(EXPOSED, subject=subject, finding=finding)
        fleet.ledger.append([Draft(incident, raised)], at_ms=NOW - 5_400_000)
    fleet.ledger.append([Draft("i-4", at(600_000))], at_ms=NOW)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """On a ledger with four incidents, one of them over."""
    fleet = open_fleet(Settings(state=tmp_path_factory.mktemp("office")))
    raise_all(fleet)
    with office_of(fleet, MemoryReadings()) as office:
        yield office


@pytest.fixture(scope="module")
def page(office: Office, chromium: Path) -> Iterator[Page]:
    with phone(office, chromium, "inbox") as page:
        expect(page.get_by_test_id("inbox-row").first).to_be_visible(timeout=PATIENCE_MS)
        yield page


def queue(page: Page, name: str) -> None:
    page.locator(f"[data-queue={name}]").click()
    expect(page.locator(f"[data-queue={name}]")).to_have_attribute("aria-pressed", "true")


def submit(page: Page) -> None:
    page.get_by_test_id("step-submit").click()
    expect(page.get_by_test_id("step-dialog")).to_have_count(0)


def say(page: Page, step: str, field: str, said: str) -> None:
    page.get_by_test_id("incident-detail").locator(f"[data-step={step}]").click()
    page.locator(field).fill(said)
    submit(page)


def test_many_are_shelved_at_once_and_who_cannot_be_says_why(page: Page, office: Office) -> None:
    page.goto(f"{office.url}/#/inbox")
    queue(page, "waiting")
    expect(page.get_by_test_id("inbox-row")).to_have_count(4)
    page.get_by_test_id("select-all").click()
    page.get_by_test_id("bulk-shelve").click()
    page.get_by_test_id("step-submit").click()
    expect(page.get_by_test_id("step-dialog")).to_be_visible()  # a reason is required
    page.locator("textarea[name=reason]").fill("台风停电 <b>")
    submit(page)
    expect(page.get_by_test_id("bulk-refused")).to_contain_text("over")
    expect(page.get_by_test_id("inbox-row")).to_have_count(1)
    queue(page, "shelved")
    expect(page.get_by_test_id("shelved")).to_have_count(3)
    reasons = {office.fleet.incidents.get(f"i-{n}").shelved_reason for n in (1, 2, 3)}
    assert reasons == {"台风停电 <b>"}


def test_a_site_narrows_the_list(page: Page, office: Office) -> None:
    page.goto(f"{office.url}/#/inbox")
    queue(page, "shelved")
    page.get_by_test_id("inbox-site").select_option("quzhou")
    expect(page.get_by_test_id("inbox-row")).to_have_count(1)
    expect(page.locator("[data-incident-id=i-3]")).to_be_visible()
    page.get_by_test_id("inbox-site").select_option("")


def test_an_exposure_is_acknowledged_assigned_disposed_of_and_closed_on_the_phone(
    page: Page, office: Office
) -> None:
    page.goto(f"{office.url}/#/inbox")
    queue(page, "disposition")
    row = page.locator("[data-testid=inbox-row][data-incident-id=i-4]")
    expect(row.get_by_test_id("awaits-disposition")).to_be_visible()
    row.locator("input[type=checkbox]").check()
    page.get_by_test_id("bulk-acknowledge").click()
    page.locator("input[name=eta_minutes]").fill("20")
    submit(page)
    row.locator("a").click()
    detail = page.get_by_test_id("incident-detail")
    expect(detail).to_be_visible()
    say(page, "comment", "textarea[name=text]", "已到现场")
    say(page, "outOfService", "input[name=work_order]", "WO-17")
    detail.locator("[data-step=assign]").click()
    page.locator("select[name=to]").select_option("admin")
    submit(page)
    expect(detail.get_by_test_id("assignee")).to_contain_text("admin")
    detail.locator("[data-step=close]").click()
    page.get_by_test_id("step-submit").click()
    expect(page.get_by_role("alert").filter(has_text="out of service")).to_be_visible()
    page.keyboard.press("Escape")
    detail.locator("[data-step=return]").click()
    submit(page)
    detail.locator("[data-step=dispose]").click()
    page.locator("input[value=withdraw]").check()
    page.locator("input[name=close]").check()
    submit(page)
    workflow = detail.get_by_test_id("incident-workflow")
    expect(workflow).to_have_attribute("data-state", "closed")
    expect(detail.get_by_test_id("lots")).to_contain_text("整个温区")
    expect(detail.locator(".events")).to_contain_text("停用检修")
    kinds = [event.kind for event in office.fleet.incidents.events("i-4")]
    assert kinds[2:] == [
        "acknowledged", "commented", "out_of_service", "assigned", "returned", "disposed", "closed",
    ]  # fmt: skip
    told = {entry.action for entry in office.fleet.audit.page(100)}
    assert {"incident.dispose", "incident.assign", "incident.return"} <= told


def test_alarm_quality_is_told_for_all_and_for_each_operator(page: Page, office: Office) -> None:
    page.goto(f"{office.url}/#/quality")
    raised = page.locator("[data-testid=quality] [data-figure=annunciated] dd")
    expect(raised).to_have_text("4")
    compound = page.locator("[data-operator=hangzhou] [data-figure=annunciated] dd")
    expect(compound).to_have_text("3")


def test_nothing_on_the_pages_is_wider_than_the_phone(page: Page, office: Office) -> None:
    for address in ("#/inbox", "#/quality", "#/incidents/i-1"):
        page.goto(f"{office.url}/{address}")
        page.locator("main").first.wait_for()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], address
