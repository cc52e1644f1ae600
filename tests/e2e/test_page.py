"""The page in a real browser: sign in, see the county, acknowledge."""

import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from gongfu.bench.house import House

FLAGS = (
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
)
INCIDENT_MS = 120_000


def sign_in(page: Page, house: House) -> None:
    page.goto(house.url)
    page.get_by_test_id("login-user").fill("admin")
    page.get_by_test_id("login-password").fill(house.admin_password())
    page.get_by_test_id("login-submit").click()
    expect(page.locator("[data-testid=map][data-ready=true]")).to_be_visible()


def unacknowledged(house: House) -> str:
    # What exposed goods stays open after it was acknowledged, whether it is over or not.
    deadline = time.monotonic() + INCIDENT_MS / 1_000
    while time.monotonic() < deadline:
        with house.sign_in() as client:
            items = client.get("/api/incidents?state=open").json()["items"]
        for item in items:
            if item["consequence"] == "product" and item["workflow"] == "unack":
                return str(item["id"])
        time.sleep(1)
    raise AssertionError("no exposed goods within the time")


def test_a_manager_signs_in_sees_the_incident_and_acknowledges_it(
    house: House, chromium: Path
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="zh-CN")
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        sign_in(page, house)
        expect(page.get_by_test_id("incident-row").first).to_be_visible(timeout=INCIDENT_MS)
        incident = unacknowledged(house)
        mine = page.locator(f"[data-testid=incident-row][data-incident-id='{incident}']")
        mine.get_by_test_id("ack-open").click()
        mine.get_by_test_id("ack-note").fill("压缩机停机，已派人 <b>检查</b>")
        mine.get_by_test_id("ack-submit").click()
        expect(mine.get_by_test_id("incident-workflow")).to_have_attribute("data-state", "acked")
        page.reload()
        expect(mine.get_by_test_id("incident-workflow")).to_have_attribute("data-state", "acked")
        browser.close()
    assert complaints == []
    with house.sign_in() as client:
        told = client.get(f"/api/incidents/{incident}").json()
    assert told["workflow"] == "acked"
    assert told["acked_by"] == "admin"
    assert told["note"] == "压缩机停机，已派人 <b>检查</b>"
    assert [event["kind"] for event in told["events"]].count("acknowledged") == 1


def test_the_page_asks_nothing_of_the_outside_world(house: House, chromium: Path) -> None:
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        sign_in(page, house)
        browser.close()
    outside = [url for url in asked if not url.startswith((house.url, "blob:", "data:"))]
    assert outside == []
    assert len(asked) > 5
