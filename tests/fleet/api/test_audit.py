"""The audit log over HTTP: found by person, deed and time, read page by page, walked as a chain."""

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine, text

from gongfu_fleet.adapters.db.engine import writing

Browser = Callable[[str], httpx.Client]


@pytest.fixture
def kind() -> str:
    """The database makes no difference here."""
    return "sqlite"


def test_an_auditor_finds_entries_and_reads_older_pages(browser: Browser) -> None:
    auditor = browser("auditor")
    browser("viewer").post("/api/session", json={"user": "viewer", "password": "wrong"})
    signed_in = auditor.get("/api/audit", params={"action": "session", "outcome": "done"}).json()
    assert [entry["actor"] for entry in signed_in["items"]] == ["viewer", "auditor"]
    refused = auditor.get("/api/audit", params={"outcome": "refused"}).json()["items"]
    assert [(entry["actor"], entry["action"]) for entry in refused] == [("viewer", "session.open")]
    at_ms = refused[0]["at_ms"]
    span = {"from_ms": at_ms, "until_ms": at_ms + 1, "actor": "viewer"}
    assert refused[0] in auditor.get("/api/audit", params=span).json()["items"]
    first = auditor.get("/api/audit", params={"action": "user.add", "limit": 2}).json()
    more = {"action": "user.add", "limit": 2, "before": first["next"]}
    second = auditor.get("/api/audit", params=more).json()
    seqs = [entry["seq"] for page in (first, second) for entry in page["items"]]
    assert seqs == sorted(seqs, reverse=True)
    assert len(set(seqs)) == 4


@pytest.mark.parametrize(
    "query", ["text=%00", "actor=%00", "action=x%00", "outcome=maybe", "from_ms=-1", "before=0"]
)
def test_a_question_that_makes_no_sense_is_refused(browser: Browser, query: str) -> None:
    assert browser("auditor").get(f"/api/audit?{query}").status_code == 422


def test_an_altered_entry_is_told_by_its_place(browser: Browser, county: Engine) -> None:
    auditor = browser("auditor")
    whole = auditor.get("/api/audit/chain").json()
    assert whole["fault"] is None
    with writing(county) as session:
        session.execute(text("UPDATE audit SET actor = 'somebody else' WHERE seq = 2"))
    assert auditor.get("/api/audit/chain").json()["fault"].startswith("entry 2: ")
