"""The link in a message: looking changes nothing, the form acknowledges, once."""

from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text

from gongfu_fleet.adapters.db.audit import SqlAuditLog
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.link_uses import SqlLinkUses
from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.adapters.db.outbox_sending import SqlSendingDesk
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.api import acknowledge_link
from gongfu_fleet.api.deps import deps_of
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.alarms.incident import Acknowledged, Workflow
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.notify.link import VALID_MS, token
from gongfu_fleet.domain.notify.notice import Bundle, Form
from gongfu_fleet.services.notify_links import AcknowledgeLinks
from gongfu_fleet.services.notify_ports import Message, Recording
from gongfu_fleet.services.watched_zones import RegistryZones
from tests.fleet.api.conftest import InProcess
from tests.fleet.notify.examples import MONDAY_9, incident_id, notice, raised

KEY = b"k" * 32
MESSAGE = incident_id(700)
LINK = f"/api/acknowledge/{token(KEY, MESSAGE, MONDAY_9)}"


class Stand:
    """Two incidents in one message, and the page behind its link."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.clock = engine, SettableClock(MONDAY_9 + 60_000)
        self.ledger = SqlIncidentStore(engine)
        notices = [notice(n, severity=Severity.CRITICAL) for n in (1, 2)]
        for one in notices:
            body = raised(one.facts.asset, Severity.CRITICAL)
            self.ledger.append([Draft(one.incident_id, body)], at_ms=MONDAY_9)
        SqlOutbox(engine).save(Recording(None, 2, notices))
        message = Message(MESSAGE, "bot", Bundle(Form.PARENT, tuple(notices)), MONDAY_9, 0)
        SqlSendingDesk(engine).begin(message, MONDAY_9, MONDAY_9)
        self.links = AcknowledgeLinks(
            uses=SqlLinkUses(engine),
            ledger=self.ledger,
            names=RegistryZones(SqlRegistry(engine)),
            key=lambda: KEY,
            clock=self.clock,
            real_ms=self.clock.now_ms,
        )
        app = FastAPI()
        app.include_router(acknowledge_link.router)
        app.dependency_overrides[deps_of] = lambda: self
        self.browser = httpx.Client(transport=InProcess(app), base_url="http://testserver")

    def post(self, link: str = LINK, **fields: str) -> httpx.Response:
        return self.browser.post(link, content=urlencode(fields))

    def workflows(self) -> list[Workflow]:
        return [self.ledger.find(incident_id(n)).workflow for n in (1, 2)]

    def deeds(self) -> list[str]:
        return [entry.action for entry in SqlAuditLog(self.engine).page(100)]


@pytest.fixture
def stand(fleet_db: Engine) -> Iterator[Stand]:
    opened = Stand(fleet_db)
    yield opened
    opened.browser.close()


def test_a_chat_program_that_opens_the_link_acknowledges_nothing(stand: Stand) -> None:
    for _ in range(3):
        page = stand.browser.get(LINK)
        assert page.status_code == 200
        assert "确认告警" in page.text
        assert "cab-0001" in page.text
    assert stand.workflows() == [Workflow.UNACK, Workflow.UNACK]
    assert stand.deeds() == []


def test_the_form_acknowledges_all_incidents_of_the_message_and_leaves_a_deed(
    stand: Stand,
) -> None:
    page = stand.post(name="王师傅", note="马上到")
    assert page.status_code == 200
    assert "已确认" in page.text
    first = stand.ledger.find(incident_id(1))
    assert (first.acked_by, first.note) == ("link of bot", "王师傅：马上到")
    assert stand.workflows() == [Workflow.ACKED, Workflow.ACKED]
    (entry,) = SqlAuditLog(stand.engine).page(10)
    assert (entry.actor, entry.object) == ("link of bot", f"message:{MESSAGE}")
    assert "王师傅" in entry.data


def test_a_link_acts_once(stand: Stand) -> None:
    assert stand.post(name="wang").status_code == 200
    again = stand.post(name="li")
    assert (again.status_code, "used before" in again.text) == (409, True)
    assert stand.deeds() == ["incident.acknowledge"]
    assert 'method="post"' not in stand.browser.get(LINK).text


def test_what_somebody_acknowledged_elsewhere_stays_theirs(stand: Stand) -> None:
    stand.ledger.append([Draft(incident_id(1), Acknowledged("mine"))], at_ms=MONDAY_9, by="li")
    stand.post(name="wang")
    assert stand.ledger.find(incident_id(1)).acked_by == "li"
    assert stand.ledger.find(incident_id(2)).acked_by == "link of bot"


def test_without_a_name_nothing_is_acknowledged(stand: Stand) -> None:
    for fields in ({}, {"name": " "}, {"name": "x" * 41}, {"name": "a\nb"}):
        assert stand.post(**fields).status_code == 422
    assert stand.workflows() == [Workflow.UNACK, Workflow.UNACK]


def test_an_expired_or_forged_link_opens_nothing(stand: Stand) -> None:
    forged = f"/api/acknowledge/{token(b'x' * 32, MESSAGE, MONDAY_9)}"
    assert stand.post(forged, name="wang").status_code == 404
    unknown = f"/api/acknowledge/{token(KEY, incident_id(9), MONDAY_9)}"
    assert stand.browser.get(unknown).status_code == 404
    stand.clock.now = MONDAY_9 + VALID_MS
    assert stand.post(name="wang").status_code == 409
    assert stand.workflows() == [Workflow.UNACK, Workflow.UNACK]


def test_a_form_that_is_none_is_refused(stand: Stand) -> None:
    for content in (b"\xff\xfe", b"&".join(b"a=1" for _ in range(20))):
        assert stand.browser.post(LINK, content=content).status_code == 422


def test_what_a_name_holds_is_shown_as_text(fleet_db: Engine) -> None:
    with fleet_db.begin() as connection:
        name = "<script>alert(1)</script>"
        connection.execute(text("UPDATE asset SET name = :name").bindparams(name=name))
    with Stand(fleet_db).browser as browser:
        shown = browser.get(LINK).text
    assert "&lt;script&gt;" in shown
    assert "<script" not in shown
