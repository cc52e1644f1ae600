"""An auditor signs in at the provider, in a real browser, and reads what people did."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect, sync_playwright

from gongfu.bench.house import House
from tests.e2e.test_page import FLAGS
from tests.servers.sign_in_provider import Provider

ODD = "<img src=x onerror=alert(1)>"


def search(page: Page, **fields: str) -> Locator:
    """Fill in the form and ask; gives the rows."""
    for name, value in fields.items():
        field = page.get_by_test_id(f"audit-{name}")
        if name in ("deed", "outcome"):
            field.select_option(value)
        else:
            field.fill(value)
    page.get_by_test_id("audit-search").click()
    return page.get_by_test_id("audit-entry")


def test_an_auditor_of_the_provider_reads_the_log_and_a_stranger_stays_outside(
    house: House, chromium: Path, provider: Provider
) -> None:
    with house.sign_in() as admin:
        for n in range(55):
            admin.post("/api/people", json={"name": f"{ODD} {n}", "role": "viewer"})
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_context(locale="zh-CN").new_page()
        provider.person = {"sub": "u-9", "preferred_username": "zhao", "roles": ["nothing"]}
        page.goto(house.url)
        page.get_by_test_id("sso-start").click()
        expect(page.get_by_test_id("sso-word")).to_contain_text("没有通过")
        provider.person = {"sub": "u-1", "preferred_username": "沈审计", "roles": ["audit"]}
        expect(page.get_by_test_id("sso-start")).to_have_text("供销社统一认证")
        page.get_by_test_id("sso-start").click()
        expect(page.get_by_test_id("asset-count")).to_be_visible()
        page.locator(".account > summary").click()
        page.get_by_test_id("to-audit").click()
        expect(page.get_by_test_id("audit-chain")).to_have_attribute("data-whole", "true")
        expect(page.get_by_test_id("audit-entry")).to_have_count(50)

        rows = search(page, deed="user")
        expect(rows.nth(1)).to_contain_text(ODD)
        page.get_by_test_id("audit-older").click()
        expect(rows.last).to_contain_text("user:admin")
        refused = search(page, deed="session", outcome="refused").first
        expect(refused).to_contain_text("no rule gives a role")
        expect(refused).to_contain_text("已拒绝")
        own = search(page, outcome="done", actor="沈审计")
        expect(own).to_have_count(1)
        expect(own.first).to_contain_text(provider.url)
        expect(search(page, until="2020-01-01")).to_have_count(0)
        browser.close()


def test_who_may_not_read_the_log_is_not_shown_the_way(
    house: House, chromium: Path, provider: Provider
) -> None:
    provider.person = {"sub": "u-2", "preferred_username": "李", "roles": ["staff"]}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_context(locale="zh-CN").new_page()
        page.goto(f"{house.url}/#/audit")
        page.get_by_test_id("sso-start").click()
        expect(page.get_by_test_id("asset-count")).to_be_visible()
        page.goto(f"{house.url}/#/audit")
        expect(page.get_by_test_id("asset-count")).to_be_visible()
        page.locator(".account > summary").click()
        expect(page.get_by_test_id("to-account")).to_be_visible()
        expect(page.get_by_test_id("to-audit")).to_have_count(0)
        browser.close()
