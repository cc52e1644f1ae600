"""What people see of incidents, and acknowledging."""

import json
from dataclasses import asdict

import pytest

from gongfu_fleet.domain.alarms.handling import ALL_LOTS, Closed, Decision, Disposed
from gongfu_fleet.domain.alarms.incident import Merged
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.errors import ConflictError, NotFoundError
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.incidents import IncidentBook
from tests.fleet.alarms.stand import MINUTE, START_MS, Stand


class Names:
    """Every asset is called the same."""

    def name_and_site(self, asset: str) -> tuple[str, str]:
        """A name and a site."""
        return f"邻礼柜 {asset}", "hangzhou"


@pytest.fixture
def stand() -> Stand:
    """A stand with one running incident."""
    stand = Stand()
    stand.hear(*[9.0] * 31)
    stand.hear(9.5, minute=50)
    stand.drain()
    return stand


@pytest.fixture
def book(stand: Stand) -> IncidentBook:
    """The book on its ledger."""
    return IncidentBook(stand.ledger, Names())


def test_an_incident_is_shown_with_every_field_of_the_http_contract(book: IncidentBook) -> None:
    (view,) = book.open_items(10)
    assert asdict(view) == {
        "id": "i-000001",
        "asset": "cab-0001",
        "asset_name": "邻礼柜 cab-0001",
        "site": "hangzhou",
        "zone": 1,
        "hazard": "temperature_high",
        "condition": "active",
        "workflow": "unack",
        "severity": "high",
        "begin_ms": START_MS,
        "raised_ms": START_MS + 30 * MINUTE,
        "end_ms": None,
        "peak_celsius": 9.5,
        "limit_celsius": 8.0,
        "unknown_s": 20 * 60,
        "late": False,
        "acked_by": None,
        "acked_ms": None,
        "note": None,
        "merged_into": None,
        "consequence": "product",
        "eta_ms": None,
        "assignee": None,
        "shelved_until_ms": None,
        "shelved_by": None,
        "shelved_reason": None,
        "work_order": None,
        "dispositions": (),
        "closed_by": None,
        "closed_ms": None,
        "parent": None,
        "sale_locked_ms": None,
    }


def test_acknowledging_notes_who_and_why_once(book: IncidentBook) -> None:
    version = book.version()
    view = book.acknowledge("i-000001", " 压缩机停了 ", by=Actor("mei", 7, real_ms=7))
    assert (view.workflow, view.acked_by, view.acked_ms, view.note) == (
        "acked",
        "mei",
        7,
        "压缩机停了",
    )
    assert book.version() == version + 1
    assert book.acknowledge("i-000001", "me too", by=Actor("lin", 8, real_ms=8)) == view
    assert book.version() == version + 1


def test_events_are_numbered_and_their_data_is_json(book: IncidentBook) -> None:
    book.acknowledge("i-000001", "", by=Actor("mei", 7, real_ms=7))
    events = book.events("i-000001")
    assert [(event.n, event.kind, event.by) for event in events] == [
        (1, "raised", None),
        (2, "acknowledged", "mei"),
    ]
    assert json.loads(json.dumps(events[0].data))["limit_celsius"] == 8.0


def test_an_incident_leaves_the_open_list_when_its_goods_are_disposed_of_and_it_is_closed(
    stand: Stand, book: IncidentBook
) -> None:
    stand.hear(*[4.0] * 20, minute=51)
    stand.drain()
    assert [view.condition for view in book.open_items(10)] == ["normal"]
    book.acknowledge("i-000001", "", by=Actor("mei", 7, real_ms=7))
    assert [view.workflow for view in book.open_items(10)] == ["acked"]
    withdrawn = Disposed(ALL_LOTS, Decision.WITHDRAW, "")
    drafts = [Draft("i-000001", body) for body in (withdrawn, Closed(""))]
    stand.ledger.append(drafts, at_ms=8, by="mei")
    assert book.open_items(10) == []
    assert [view.id for view in book.all_items(10)] == ["i-000001"]


def test_lists_can_be_paged_and_narrowed_to_an_asset(book: IncidentBook) -> None:
    assert book.open_items(10, "i-000001") == []
    assert book.all_items(10, asset="cab-0002") == []
    assert len(book.all_items(10, "i-000002", asset="cab-0001")) == 1


def test_what_is_not_there_is_not_found(book: IncidentBook) -> None:
    with pytest.raises(NotFoundError):
        book.get("i-9")
    with pytest.raises(NotFoundError):
        book.events("i-9")
    with pytest.raises(NotFoundError):
        book.acknowledge("i-9", "", by=Actor("mei", 7, real_ms=7))


def test_a_merged_incident_sends_people_to_the_elder(stand: Stand, book: IncidentBook) -> None:
    stand.ledger.append([Draft("i-000001", Merged("i-000000"))], at_ms=1)
    with pytest.raises(ConflictError, match="i-000000"):
        book.acknowledge("i-000001", "", by=Actor("mei", 7, real_ms=7))
    assert book.get("i-000001").merged_into == "i-000000"
