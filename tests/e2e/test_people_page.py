"""Account and people pages in a real browser: a person is made, narrowed, shut out."""

from pathlib import Path

import httpx
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from gongfu.bench.house import House
from tests.e2e.test_page import FLAGS


def sign_in(context: BrowserContext, house: House, user: str, password: str) -> Page:
    page = context.new_page()
    page.goto(house.url)
    page.get_by_test_id("login-user").fill(user)
    page.get_by_test_id("login-password").fill(password)
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_test_id("asset-count")).to_be_visible()
    return page


def test_an_admin_makes_a_person_who_makes_a_token_and_is_shut_out(
    house: House, chromium: Path
) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        admin = sign_in(browser.new_context(locale="zh-CN"), house, "admin", house.admin_password())
        admin.goto(f"{house.url}/#/people")
        admin.get_by_test_id("person-name").fill("林 <b>")
        admin.locator("textarea[name=scope]").last.fill("operator:hangzhou")
        admin.get_by_test_id("person-add").click()
        password = admin.get_by_test_id("secret-once").inner_text()
        expect(admin.locator("[data-person='林 <b>']")).to_contain_text("operator:hangzhou")

        lin = sign_in(browser.new_context(locale="zh-CN"), house, "林 <b>", password)
        lin.goto(f"{house.url}/#/account")
        expect(lin.get_by_test_id("own-session")).to_contain_text("本机")
        lin.get_by_test_id("token-name").fill("报表")
        lin.get_by_test_id("token-make").click()
        secret = lin.get_by_test_id("secret-once").inner_text()
        headers = {"Authorization": f"Bearer {secret}"}
        seen = httpx.get(f"{house.url}/api/map", headers=headers, timeout=20)
        assert len(seen.json()["assets"]) == 68

        admin.locator("[data-person='林 <b>']").get_by_role("button", name="停用").click()
        expect(admin.locator("[data-person='林 <b>']")).to_contain_text("已停用")
        lin.goto(house.url)
        expect(lin.get_by_test_id("login-user")).to_be_visible()
        assert httpx.get(f"{house.url}/api/map", headers=headers, timeout=20).status_code == 401
        browser.close()
