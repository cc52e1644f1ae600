"""Files of an older version are brought up to date in place; newer ones are refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gongfu_broker.columns import metrics
from gongfu_ingest.database import Database
from gongfu_ingest.errors import SchemaError
from gongfu_ingest.points import Latest, Point, Rank
from gongfu_ingest.stores.embedded import EmbeddedStore

HOUR = 3_600_000
T0 = 1_763_424_000_000 - 1_763_424_000_000 % HOUR
END = T0 + 24 * HOUR
METRIC = "zone_1_celsius"
COLUMNS = ", ".join(f"{metric} REAL" for metric in metrics())
# As version 1 made it.
VERSION_1 = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    received_ms INTEGER NOT NULL, offset_ms INTEGER NOT NULL,
    site TEXT NOT NULL, dev TEXT NOT NULL, kind TEXT NOT NULL, leaf TEXT NOT NULL,
    boot INTEGER, mseq INTEGER, hash BLOB NOT NULL, payload BLOB NOT NULL
);
CREATE UNIQUE INDEX log_identity ON log (dev, boot, mseq) WHERE boot IS NOT NULL;
CREATE TABLE hot (
    ts INTEGER NOT NULL, dev TEXT NOT NULL,
    boot INTEGER NOT NULL, mseq INTEGER NOT NULL, idx INTEGER NOT NULL,
    {COLUMNS}, PRIMARY KEY (ts, dev)
) WITHOUT ROWID;
CREATE TABLE hot_conflict (
    ts INTEGER NOT NULL, dev TEXT NOT NULL,
    boot INTEGER NOT NULL, mseq INTEGER NOT NULL, idx INTEGER NOT NULL,
    {COLUMNS}, PRIMARY KEY (ts, dev, boot, mseq, idx)
) WITHOUT ROWID;
CREATE TABLE last (
    dev TEXT NOT NULL, metric TEXT NOT NULL, ts INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (dev, metric)
) WITHOUT ROWID;
CREATE TABLE roll (
    metric TEXT NOT NULL, dev TEXT NOT NULL, t0 INTEGER NOT NULL,
    n INTEGER NOT NULL, min REAL NOT NULL, max REAL NOT NULL, sum REAL NOT NULL,
    PRIMARY KEY (metric, dev, t0)
) WITHOUT ROWID;
CREATE TABLE roll_due (t0 INTEGER NOT NULL, dev TEXT NOT NULL, PRIMARY KEY (t0, dev)) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema', '1'), ('log_id', 'the-log'), ('trimmed', '0'),
    ('kept_since', '{T0}');
INSERT INTO hot (ts, dev, boot, mseq, idx, {METRIC}) VALUES
    ({T0}, 'cab-0001', 1, 9, 0, 4.0), ({T0 + 60_000}, 'cab-0001', 1, 10, 0, 5.0);
INSERT INTO hot_conflict (ts, dev, boot, mseq, idx, {METRIC}) VALUES
    ({T0}, 'cab-0001', 1, 2, 0, 3.0), ({T0}, 'cab-0001', 1, 9, 0, 4.0);
INSERT INTO last VALUES ('cab-0001', '{METRIC}', {T0 + 60_000}, 5.0);
INSERT INTO roll VALUES ('{METRIC}', 'cab-0001', {T0 - HOUR}, 4, 1.0, 3.0, 8.0),
    ('{METRIC}', 'cab-0001', {T0}, 1, 4.0, 4.0, 4.0);
INSERT INTO roll_due VALUES ({T0}, 'cab-0001');
"""  # noqa: S608 - the test's own


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "telemetry.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.executescript(VERSION_1)
    return path


def test_a_file_of_version_1_keeps_every_row_conflict_and_expired_hour(old_file: Path) -> None:
    database = Database(old_file)
    store = EmbeddedStore(database)
    assert database.log_id == "the-log"
    for _ in range(2):
        assert store.series("cab-0001", METRIC, 0, END) == [(T0, 4.0), (T0 + 60_000, 5.0)]
        assert store.last() == {"cab-0001": {METRIC: Latest(T0 + 60_000, 5.0)}}
        assert store.health().conflicts == 1
        hours = store.windows("cab-0001", METRIC, start_ms=0, end_ms=END, every_ms=HOUR)
        assert [tuple(h) for h in hours] == [(T0 - HOUR, 4, 1.0, 3.0, 2.0), (T0, 2, 4.0, 5.0, 4.5)]
        assert list(store.faults()) == []
        store.fold(END)
    low = Point(T0, "cab-0001", Rank(1, 2, 0), {METRIC: 3.0})
    assert store.write([low]).written == 0
    database.close()


def test_a_file_of_version_2_learns_how_warm_its_hours_were(tmp_path: Path) -> None:
    made = Database(tmp_path / "telemetry.db")
    store = EmbeddedStore(made)
    warm = [Point(T0 + n, "cab-0001", Rank(1, n, 0), {METRIC: 9.0 + n}) for n in range(3)]
    store.write([*warm, Point(T0, "cab-0002", Rank(1, 1, 0), {"humidity_percent": 60.0})])
    store.fold(END)
    made.writer.execute("ALTER TABLE block DROP COLUMN warmest_celsius")
    made.writer.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
    made.close()
    database = Database(tmp_path / "telemetry.db")
    told = "SELECT dev, warmest_celsius FROM block ORDER BY dev"
    assert database.reader.execute(told).fetchall() == [("cab-0001", 11.0), ("cab-0002", None)]
    (run,) = EmbeddedStore(database).exceedances(METRIC, 9.0, start_ms=0, end_ms=END, max_gap_ms=10)
    assert (run.begin_ms, run.end_ms, run.peak) == (T0 + 1, T0 + 2, 11.0)
    database.close()


def test_a_reader_does_not_touch_an_older_file(old_file: Path) -> None:
    with pytest.raises(SchemaError, match="brings it up to date"):
        Database(old_file, read_only=True)
    Database(old_file).close()
    Database(old_file, read_only=True).close()


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    made = Database(tmp_path / "telemetry.db")
    made.writer.execute("UPDATE meta SET value = value + 1 WHERE key = 'schema'")
    made.writer.execute("ALTER TABLE hot DROP COLUMN signal_dbm")
    made.close()
    with pytest.raises(SchemaError, match="run the version that made it"):
        Database(tmp_path / "telemetry.db")
    with closing(sqlite3.connect(tmp_path / "telemetry.db")) as left:
        names = [row[1] for row in left.execute("PRAGMA table_info(hot)")]
    assert "signal_dbm" not in names


def test_a_file_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    made = Database(tmp_path / "telemetry.db")
    made.writer.execute("UPDATE meta SET value = 'x' WHERE key = 'schema'")
    made.close()
    with pytest.raises(SchemaError, match=r"is no telemetry\.db"):
        Database(tmp_path / "telemetry.db")


def test_a_column_that_the_contract_has_gained_is_added_to_the_file(tmp_path: Path) -> None:
    made = Database(tmp_path / "telemetry.db")
    EmbeddedStore(made).write([Point(T0, "cab-0001", Rank(1, 1, 0), {METRIC: 4.0})])
    for table in ("hot", "hot_conflict"):
        made.writer.execute(f"ALTER TABLE {table} DROP COLUMN signal_dbm")
    made.writer.execute("DELETE FROM metric WHERE name = 'signal_dbm'")
    made.close()
    database = Database(tmp_path / "telemetry.db")
    store = EmbeddedStore(database)
    more = Point(T0 + 1, "cab-0001", Rank(1, 2, 0), {METRIC: 5.0, "signal_dbm": -70.0})
    store.write([more])
    store.fold(END)
    assert list(store.export(T0 + 1, END)) == [more]
    database.close()
