"""The log: cursors, trimming, projections that follow it."""

import random
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import CursorError
from gongfu_broker.topics import Leaf
from gongfu_ingest.database import Database
from gongfu_ingest.entry import Entry
from gongfu_ingest.errors import SchemaError
from gongfu_ingest.log import KEEP_RECORDS, TelemetryLog
from gongfu_ingest.recent import Recent

DEV = "cab-0001"
HOUR = 3_600_000
T0 = 1_763_424_000_000 - 1_763_424_000_000 % HOUR


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "telemetry.db")
    yield made
    made.close()


def fill(database: Database, log: TelemetryLog, count: int) -> None:
    entries = [
        Entry(T0, 0, "s", DEV, DeviceKind.CABINET, Leaf.TEL, 1, log.head() + n, b"{}")
        for n in range(1, count + 1)
    ]
    with database.transaction():
        log.append(entries)


def test_records_come_back_in_order_with_growing_numbers(database: Database) -> None:
    log = TelemetryLog(database)
    fill(database, log, 10)
    assert [record.seq for record in log.read(0, 4)] == [1, 2, 3, 4]
    assert [record.seq for record in log.read(8, 100)] == [9, 10]
    assert log.read(10, 100) == []
    assert log.head() == 10


def test_what_is_read_from_memory_is_what_the_file_has(tmp_path: Path) -> None:
    dice = random.Random(7)
    for number in range(20):
        database = Database(tmp_path / f"{number}.db")
        log = TelemetryLog(database, Recent(most=30, most_bytes=400))
        for _ in range(dice.randrange(1, 40)):
            with suppress(LookupError):
                commit(database, log, dice)
        on_file = TelemetryLog(database)
        assert log.head() == on_file.head()
        for after in range(log.head() + 3):
            for limit in (1, 7, 1_000):
                assert log.read(after, limit) == on_file.read(after, limit)
        database.close()


def commit(database: Database, log: TelemetryLog, dice: random.Random) -> None:
    """A few records, none, or too many to keep; every fifth commit fails."""
    count = dice.choice([0, 1, 3, 8, 40])
    entries = [
        Entry(T0, 0, "s", DEV, DeviceKind.CABINET, Leaf.TEL, 1, n, b"{}" * dice.randrange(20))
        for n in range(count)
    ]
    with database.transaction():
        log.append(entries)
        if dice.random() < 0.2:
            raise LookupError


def test_records_in_memory_are_not_read_from_the_file(database: Database) -> None:
    log = TelemetryLog(database)
    fill(database, log, 10)
    read = log.read(4, 100)
    with database.transaction() as connection:
        connection.execute("DELETE FROM log")
    assert [record.seq for record in log.read(4, 100)] == [record.seq for record in read]
    assert list(TelemetryLog(database).read(4, 100)) == []


def test_without_a_consumer_nothing_is_trimmed(database: Database) -> None:
    log = TelemetryLog(database)
    fill(database, log, KEEP_RECORDS + 100)
    assert log.trim() == 0


def test_trimming_waits_for_the_slowest_consumer_and_says_so_to_latecomers(
    database: Database,
) -> None:
    log = TelemetryLog(database)
    fill(database, log, KEEP_RECORDS + 1_000)
    log.release("fast", KEEP_RECORDS + 1_000)
    log.release("slow", 300)
    assert log.trim() == 300
    assert log.read(300, 1)[0].seq == 301
    with pytest.raises(CursorError, match="trimmed"):
        log.read(299, 1)
    log.release("slow", KEEP_RECORDS + 1_000)
    assert log.trim() == 700  # the newest records stay for comparing repeated numbers
    assert log.head() == KEEP_RECORDS + 1_000


def test_a_consumer_s_position_survives_a_restart(tmp_path: Path) -> None:
    first = Database(tmp_path / "telemetry.db")
    log = TelemetryLog(first)
    fill(first, log, 5)
    log.release("watch", 3)
    log.trim()
    first.close()
    second = Database(tmp_path / "telemetry.db")
    assert TelemetryLog(second).consumers() == {"watch": 3}
    assert TelemetryLog(second).log_id == log.log_id
    second.close()


def test_a_consumer_may_have_read_further_than_what_the_log_may_forget(tmp_path: Path) -> None:
    database = Database(tmp_path / "telemetry.db")
    log = TelemetryLog(database)
    log.release("watch", 3, read=5)
    assert (log.consumers(), log.progress()) == ({"watch": 3}, {"watch": 5})
    log.release("watch", 6)
    assert (log.consumers(), log.progress()) == ({"watch": 6}, {"watch": 6})
    database.close()


def test_two_databases_never_share_an_identity(tmp_path: Path) -> None:
    one, other = Database(tmp_path / "a.db"), Database(tmp_path / "b.db")
    assert one.log_id != other.log_id
    one.close()
    other.close()


def test_a_database_of_another_version_is_refused_with_a_remedy(tmp_path: Path) -> None:
    made = Database(tmp_path / "telemetry.db")
    made.writer.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    made.close()
    with pytest.raises(SchemaError, match="move the file away"):
        Database(tmp_path / "telemetry.db")


def test_a_consumer_that_is_dropped_no_longer_holds_the_log(database: Database) -> None:
    log = TelemetryLog(database)
    fill(database, log, KEEP_RECORDS + 10)
    log.release("watch", KEEP_RECORDS + 10)
    log.release("influx", 0)
    assert log.trim() == 0
    assert log.forget("influx")
    assert not log.forget("influx")
    assert log.trim() == 10
