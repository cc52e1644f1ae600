"""How much work the watch does: counted, so that it cannot grow unseen; the seconds are printed."""

import time

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS
from gongfu_fleet.services.watch_ports import WatchedZone
from tests.fleet.alarms.plain_rule import PlainBook
from tests.fleet.alarms.stand import DEV, HOUR, METRIC, POLICY, START_MS, OneZone, Stand

SECOND = 1_000
ROWS = 2_880


class Fleet(OneZone):
    """One zone on each of 500 cabinets."""

    def zones(self) -> dict[str, tuple[WatchedZone, ...]]:
        """The same rule for all."""
        zone = (WatchedZone(1, PlainBook(METRIC, POLICY)),)
        return {f"cab-{n:04}": zone for n in range(500)}


@pytest.fixture
def sql_store(database: Engine) -> SqlIncidentStore:
    return SqlIncidentStore(database)


def test_a_steady_fleet_costs_no_rebuild_after_the_first_sight(sql_store: SqlIncidentStore) -> None:
    stand = Stand(store=sql_store)
    stand.watch.policies = fleet = Fleet()
    samples = 20

    def report(second: int) -> None:
        for n, dev in enumerate(fleet.zones()):
            celsius = 9.0 if n % 50 == 0 else 4.0
            stand.commit((START_MS + second * 120 * SECOND, celsius), dev=dev)

    report(0)
    stand.drain()
    for second in range(1, samples):
        report(second)
    started = time.perf_counter()
    stand.drain()
    spent_s = time.perf_counter() - started
    kind = sql_store.engine.dialect.name
    print(f"\nsteady: {500 * samples / spent_s:.0f} one-row records/s, {kind}")
    assert len(stand.history.reads) == 500
    assert len(sql_store.running()) == 10


@pytest.mark.parametrize("order", ["newest first", "oldest first"])
def test_a_backlog_of_eight_hours_is_read_a_few_times_only(
    sql_store: SqlIncidentStore, order: str
) -> None:
    stand = Stand(store=sql_store)
    stand.commit((START_MS, 4.0))
    stand.drain()
    stand.commit((START_MS + 8 * HOUR, 4.0))
    stand.drain()
    stand.history.reads.clear()
    rows = [(START_MS + n * 10 * SECOND, 9.0 if 900 < n < 1_800 else 4.0) for n in range(1, ROWS)]
    started = time.perf_counter()
    for n, row in enumerate(reversed(rows) if order == "newest first" else rows, start=1):
        stand.commit(row)
        if n % 100 == 0:
            stand.drain()
    stand.drain()
    spent_s = time.perf_counter() - started
    read = sum(count for _, count in stand.history.reads)
    print(f"\nbacklog, {order}: {ROWS} rows in {spent_s:.2f} s, {read} rows read again")
    assert len(stand.history.reads) <= ROWS / 100 + 2
    assert read <= len(stand.history.reads) * (ROWS + 2)
    (incident,) = sql_store.page(10, None, asset=DEV, only_open=False)
    assert incident.subject.hazard is Hazard.TEMPERATURE_HIGH
    assert incident.finding.episode.begin_ms == START_MS + 9_010 * SECOND
    assert incident.finding.episode.end_ms == START_MS + 18_000 * SECOND


def test_a_very_late_sample_costs_one_rebuild_whatever_the_age(sql_store: SqlIncidentStore) -> None:
    stand = Stand(store=sql_store)
    for n in range(4_000):
        stand.commit((START_MS + n * 300 * SECOND, 4.0))
    stand.drain()
    stand.history.reads.clear()
    stand.commit((START_MS + 150 * SECOND, 4.0))
    started = time.perf_counter()
    stand.drain()
    spent_s = time.perf_counter() - started
    ((start_ms, rows),) = stand.history.reads
    print(f"\nvery late: {rows} rows judged anew in {spent_s:.3f} s")
    assert start_ms == START_MS - START_MS % CHECKPOINT_MS
