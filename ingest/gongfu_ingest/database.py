"""telemetry.db: one writer (ingest), any number of readers on the same host.

The writer's connection belongs to one thread at a time; readers get a read-only connection per
thread. ``synchronous=FULL``: a commit that returned survives a power cut.
"""

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gongfu_broker.columns import metrics
from gongfu_ingest.errors import SchemaError, StoreError

SCHEMA_VERSION = "1"
_METRIC_COLUMNS = ", ".join(f"{metric} REAL" for metric in metrics())

# Clustering by (ts, dev) writes 24 KiB per 50-message commit, against 548 KiB by (dev, ts).
_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    received_ms INTEGER NOT NULL, offset_ms INTEGER NOT NULL,
    site TEXT NOT NULL, dev TEXT NOT NULL, kind TEXT NOT NULL, leaf TEXT NOT NULL,
    boot INTEGER, mseq INTEGER, hash BLOB NOT NULL, payload BLOB NOT NULL
);
CREATE UNIQUE INDEX log_identity ON log (dev, boot, mseq) WHERE boot IS NOT NULL;
CREATE TABLE consumer (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL, hash BLOB NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    dev TEXT, boot INTEGER, mseq INTEGER, count INTEGER NOT NULL,
    first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, payload BLOB NOT NULL,
    UNIQUE (topic, hash, reason)
);
CREATE INDEX dead_letter_identity ON dead_letter (dev, boot, mseq) WHERE boot IS NOT NULL;
CREATE TABLE numbering (
    dev TEXT NOT NULL, boot INTEGER NOT NULL,
    prefix INTEGER NOT NULL, islands TEXT NOT NULL, lost INTEGER NOT NULL,
    PRIMARY KEY (dev, boot)
) WITHOUT ROWID;
CREATE TABLE link (
    dev TEXT PRIMARY KEY, online INTEGER NOT NULL, boot INTEGER NOT NULL, conn INTEGER NOT NULL,
    fw TEXT NOT NULL, model TEXT NOT NULL, heard_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE hot (
    ts INTEGER NOT NULL, dev TEXT NOT NULL,
    boot INTEGER NOT NULL, mseq INTEGER NOT NULL, idx INTEGER NOT NULL,
    {_METRIC_COLUMNS},
    PRIMARY KEY (ts, dev)
) WITHOUT ROWID;
CREATE TABLE hot_conflict (
    ts INTEGER NOT NULL, dev TEXT NOT NULL,
    boot INTEGER NOT NULL, mseq INTEGER NOT NULL, idx INTEGER NOT NULL,
    {_METRIC_COLUMNS},
    PRIMARY KEY (ts, dev, boot, mseq, idx)
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
"""
_HAS_META = "SELECT 1 FROM sqlite_master WHERE name = 'meta'"


def _open_writer(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


class Database:
    """The file, its writer connection and its readers."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, making it when it is new, unless ``read_only``.

        Raises SchemaError for a foreign version, StoreError when there is nothing to read.
        """
        self.path = path
        self._readers = threading.local()
        self._writer = None if read_only else _open_writer(path)
        if read_only and not path.exists():
            raise StoreError(f"{path} does not exist: start 'gongfu run' or 'gongfu worker' first")
        if self._writer and not self._writer.execute(_HAS_META).fetchone():
            self._create()
        self.log_id = self._check()

    @property
    def read_only(self) -> bool:
        """Whether another process is the one that writes."""
        return self._writer is None

    @property
    def writer(self) -> sqlite3.Connection:
        """The one connection that writes. Raises StoreError in a process that only reads."""
        if self._writer is None:
            raise StoreError(f"{self.path} is open for reading only: ingest is its one writer")
        return self._writer

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, durable at the end."""
        self.writer.execute("BEGIN IMMEDIATE")
        try:
            yield self.writer
        except BaseException:
            self.writer.execute("ROLLBACK")
            raise
        self.writer.execute("COMMIT")

    @property
    def reader(self) -> sqlite3.Connection:
        """The calling thread's read-only connection."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            uri = f"{self.path.resolve().as_uri()}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, timeout=10)
            connection.isolation_level = None
            self._readers.connection = connection
        return connection

    def close(self) -> None:
        """Close the writer and this thread's reader."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is not None:
            connection.close()
            del self._readers.connection
        if self._writer is not None:
            self._writer.close()

    def _create(self) -> None:
        with self.transaction() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [("schema", SCHEMA_VERSION), ("log_id", str(uuid.uuid4())), ("trimmed", "0")],
            )

    def _check(self) -> str:
        connection = self._writer or self.reader
        meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
        if meta.get("schema") != SCHEMA_VERSION:
            raise SchemaError(
                f"{self.path} has schema {meta.get('schema')}, this Gongfu needs {SCHEMA_VERSION}: "
                "run the version that made it, or move the file away to start empty"
            )
        log_id: str = meta["log_id"]
        return log_id
