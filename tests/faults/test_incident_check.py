"""The judge of the incident ledger finds what it is there to find."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from gongfu.faults.incident_check import IncidentVerdict, check_incidents
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import (
    Finding,
    Raised,
    Retracted,
    Subject,
)
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.rulebook import Row
from gongfu_fleet.domain.alarms.zone import advance, fresh
from gongfu_fleet.services.watch_ports import WatchedZone
from gongfu_ingest.database import Database
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores.embedded import EmbeddedStore
from tests.fleet.alarms.plain_rule import PlainBook, ZonePolicy

MINUTE = 60_000
DEV, METRIC = "cab-0001", "zone_1_celsius"
POLICY = ZonePolicy("dairy", 1, 0.0, 8.0, 0.5, 30 * MINUTE, 20 * MINUTE, 10 * MINUTE, 15 * MINUTE)
SUBJECT = Subject(DEV, 1, Hazard.TEMPERATURE_HIGH)
BOOK = PlainBook(METRIC, POLICY)
WARM = [(minute * MINUTE, 12.0 if 10 <= minute < 60 else 4.0) for minute in range(120)]


ROWS: list[Row] = [(ts_ms, (celsius,)) for ts_ms, celsius in WARM]


def finding() -> Finding:
    run = advance(BOOK, fresh(BOOK), ROWS, from_ms=0)
    return Finding(run.episodes[Hazard.TEMPERATURE_HIGH][0], 8.0, "dairy", 1)


@dataclass
class Evidence:
    """A store with one breach, and a ledger in which the test writes what it likes."""

    ledger: SqlIncidentStore
    store: EmbeddedStore
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def note(self, found: Finding) -> str:
        """Raise an incident; returns its id."""
        incident = f"i-{next(self.ids)}"
        raised = Raised(SUBJECT, Severity.HIGH, found, late=False)
        self.ledger.append([Draft(incident, raised)], at_ms=0)
        return incident

    def verdict(self) -> IncidentVerdict:
        return check_incidents(self.ledger, {DEV: [WatchedZone(1, BOOK)]}, self.store)


@pytest.fixture
def evidence(tmp_path: Path) -> Iterator[Evidence]:
    engine = open_database(f"sqlite:///{tmp_path}/fleet.db")
    upgrade(engine)
    database = Database(tmp_path / "telemetry.db")
    store = EmbeddedStore(database)
    store.write(
        [
            Point(ts, DEV, Rank(1, seq, 0), {METRIC: celsius})
            for seq, (ts, celsius) in enumerate(WARM, 1)
        ]
    )
    yield Evidence(SqlIncidentStore(engine), store)
    database.close()
    engine.dispose()


def test_a_ledger_that_says_what_the_readings_say_is_clean(evidence: Evidence) -> None:
    evidence.note(finding())
    verdict = evidence.verdict()
    assert verdict.clean
    assert verdict.incidents == 1


def test_a_breach_without_an_incident_is_lost(evidence: Evidence) -> None:
    assert (evidence.verdict().lost, evidence.verdict().doubled) == (1, 0)


def test_an_incident_that_stands_twice_is_doubled(evidence: Evidence) -> None:
    evidence.note(finding())
    evidence.note(finding())
    assert (evidence.verdict().lost, evidence.verdict().doubled) == (0, 1)


def test_an_incident_with_another_end_than_the_readings_is_no_match(evidence: Evidence) -> None:
    unfinished = advance(BOOK, fresh(BOOK), ROWS[:50], from_ms=0)
    running = unfinished.episodes[Hazard.TEMPERATURE_HIGH][0]
    evidence.note(Finding(running, 8.0, "dairy", 1))
    assert (evidence.verdict().lost, evidence.verdict().doubled) == (1, 1)


def test_what_was_retracted_does_not_count(evidence: Evidence) -> None:
    evidence.note(finding())
    mistaken = evidence.note(finding())
    evidence.ledger.append([Draft(mistaken, Retracted())], at_ms=1)
    assert evidence.verdict().clean
