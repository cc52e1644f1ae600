"""S7 in the DOM: hostile names and notes on every page that shows them, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import BrowserContext, Dialog, Page, sync_playwright
from sqlalchemy import update

from gongfu.security.credentials import by_session
from gongfu.security.injections import (
    INJECTOR,
    STEP_TEXTS,
    Injection,
    html_sinks,
    step_sinks,
    step_text,
)
from gongfu.security.payloads import HTML
from gongfu.security.stand import Stand
from gongfu_fleet.adapters.db.engine import writing
from gongfu_fleet.adapters.db.schema import AssetRow, RegistryStateRow
from gongfu_fleet.api.permissions import SESSION_COOKIE
from gongfu_fleet.domain.people import Role

FLAGS = ("--no-sandbox", "--enable-unsafe-swiftshader", "--no-first-run")
SHOWN_MS, MAP_MS = 15_000, 40_000
# Whether any of the texts became more than text.
RAN = "() => window.hit !== undefined || document.querySelector('#hit, iframe[srcdoc]') !== null"
PAGES = {
    "person.name": "#/people",
    "token.name": "#/account",
    "session.agent": "#/account",
    "audit": "#/audit",
}


def dom_injections(stand: Stand, chromium: Path) -> list[Injection]:
    """Plant every text in every name and note, look at the pages; one result per text seen.

    One more for each time that the browser had to hold the page to its policy.
    """
    incidents = _planted(stand)
    admin = stand.person(INJECTOR, Role.ADMIN)
    session = stand.session(admin)
    token = by_session(admin, session).headers["Cookie"].removeprefix(f"{SESSION_COOKIE}=")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = browser.new_context(locale="zh-CN", service_workers="block")
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": stand.url}])
        try:
            return list(_looked_at(stand, context, incidents))
        finally:
            browser.close()


def _planted(stand: Stand) -> dict[str, str]:
    """Every text in every sink; returns the incident that bears it as note and as asset name."""
    assets = [asset for asset in stand.fleet.registry.assets() if asset.startswith("cab-")]
    with writing(stand.fleet.engine) as session:
        for asset, payload in zip(assets, HTML, strict=False):
            session.execute(update(AssetRow).where(AssetRow.id == asset).values(name=payload))
        revision = RegistryStateRow.revision + 1
        session.execute(update(RegistryStateRow).values(revision=revision))
    admin = stand.person(INJECTOR, Role.ADMIN)
    shown = by_session(admin, stand.session(admin))
    incidents = {}
    for asset, payload in zip(assets, HTML, strict=False):
        incidents[payload] = stand.incident(asset, exposed=True)
        list(step_sinks(stand, shown, payload, incidents[payload]))
    # Last, so that the audit page has them on its first sheet.
    for payload, incident in incidents.items():
        list(html_sinks(stand, shown, payload, incident))
    return incidents


def _looked_at(
    stand: Stand, context: BrowserContext, incidents: dict[str, str]
) -> Iterator[Injection]:
    page = context.new_page()
    dialogs, complaints = list[str](), list[str]()

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(stand.url)
    page.locator("[data-testid=map][data-ready=true]").wait_for(timeout=MAP_MS)
    for sink, address in PAGES.items():
        page.goto(f"{stand.url}/{address}")
        page.get_by_text(HTML[0]).first.wait_for(timeout=SHOWN_MS)
        yield from _seen(page, sink, HTML, dialogs)
    for payload, incident in incidents.items():
        page.goto(f"{stand.url}/#/incidents/{incident}")
        detail = page.locator(f"[data-testid=incident-detail][data-incident-id='{incident}']")
        detail.wait_for(timeout=SHOWN_MS)
        detail.get_by_text(payload).first.wait_for(timeout=SHOWN_MS)
        for sink in ("incident.note", "asset.name"):
            yield from _seen(page, sink, (payload,), dialogs)
        for sink in STEP_TEXTS:
            yield from _seen(page, sink, (step_text(sink, payload),), dialogs)
    # What the policy had to stop was more than text already; or our own page needs what it denies.
    for complaint in complaints:
        if "Content Security Policy" in complaint:
            yield Injection("HTML in the page", "policy", complaint, "the policy had to stop it")


def _seen(
    page: Page, sink: str, payloads: tuple[str, ...], dialogs: list[str]
) -> Iterator[Injection]:
    text, ran = page.inner_text("body"), bool(page.evaluate(RAN)) or bool(dialogs)
    for payload in payloads:
        if payload in text:
            yield Injection("HTML in the page", sink, payload, "it ran" if ran else "")
