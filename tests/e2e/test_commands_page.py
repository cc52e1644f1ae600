"""Commands in a real browser: an unlock opens the door, a sale lock refuses it.

At ×90 a command lives a third of a second, so one that expired on a busy machine is sent again.
"""

import time
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from gongfu.bench.house import House
from tests.e2e.test_page import FLAGS

CABINET = "cab-0011"
REASON = "补货员到场 <b>开门</b>"
URL = f"/api/assets/{CABINET}/commands"
ENDED = "[data-state=ok],[data-state=rejected],[data-state=expired],[data-state=timeout]"
TRIES = 8


def card(browser: Browser, house: House, user: str, password: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    page.goto(house.url)
    page.get_by_test_id("login-user").fill(user)
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()
    find = page.get_by_label("查找设备")
    expect(page.locator("[data-testid=map][data-ready=true]")).to_be_visible()
    find.fill(CABINET)
    find.press("Enter")
    expect(page.locator(f"[data-asset-id={CABINET}]")).to_be_visible()
    return page


def send(page: Page, name: str) -> Locator:
    """Send by the dialog until the device itself has answered; gives the row of the answer."""
    rows = page.get_by_test_id("command-row")
    for _ in range(TRIES):
        before = rows.first.get_attribute("data-id") if rows.count() else ""
        page.get_by_test_id(f"command-{name}").click()
        page.get_by_test_id("command-reason").fill(REASON)
        page.get_by_test_id("command-submit").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        newest = rows.first
        expect(newest).not_to_have_attribute("data-id", before or "")
        expect(newest).to_have_attribute("data-name", name)
        expect(newest.and_(page.locator(ENDED))).to_be_visible()
        if newest.get_attribute("data-state") in ("ok", "rejected"):
            return newest
    raise AssertionError(f"no answer to {name} in {TRIES} tries")


def door_opened(client: httpx.Client, sent_ms: int) -> bool:
    # A device measures up to the turn before the command came.
    span = {"start_ms": sent_ms - 60_000, "end_ms": sent_ms + 120_000}
    query: dict[str, str | int] = {"metric": "door_open", **span}
    points = client.get(f"/api/assets/{CABINET}/readings", params=query).json()["points"]
    return 1 in [value for _, value in points]


def test_a_manager_unlocks_a_cabinet_and_a_sale_lock_refuses_it(
    house: House, chromium: Path
) -> None:
    with sync_playwright() as playwright, house.sign_in() as client:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = card(browser, house, "admin", house.admin_password())
        expect(send(page, "unlock")).to_contain_text("已执行")
        unlocked = client.get(URL).json()["items"][0]
        assert (unlocked["state"], unlocked["reason"]) == ("ok", REASON)
        deadline = time.monotonic() + 20
        while not door_opened(client, unlocked["sent_ms"]):
            assert time.monotonic() < deadline, "the door did not open"
            time.sleep(0.3)
        expect(send(page, "sale_lock")).to_contain_text("已执行")
        refused = send(page, "unlock")
        expect(refused).to_contain_text("设备拒绝")
        expect(refused).to_contain_text("停售锁")
        told = client.get("/api/audit", params={"text": "command.unlock"}).json()["items"]
        assert {(one["actor"], one["object"]) for one in told} == {("admin", f"asset:{CABINET}")}
        assert unlocked["id"] in {one["data"]["command"] for one in told}
        browser.close()
