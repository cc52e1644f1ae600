"""telemetry.db: one writer (ingest), any number of readers on the same host.

The writer's connection belongs to one thread at a time; readers get a read-only connection per
thread. ``synchronous=FULL``: a commit that returned survives a power cut.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gongfu_ingest.errors import SchemaError, StoreError
from gongfu_ingest.stores import schema

SCHEMA_VERSION = str(schema.VERSION)
# A writer brings the older ones up to date.
READABLE_SCHEMAS = frozenset(str(version) for version in range(1, schema.VERSION + 1))
# Statements differ by the columns that rows bear, so a writer meets more than the usual 128.
_CACHED_STATEMENTS = 512
_HAS_META = "SELECT 1 FROM sqlite_master WHERE name = 'meta'"


def _open_writer(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        path, timeout=10, check_same_thread=False, cached_statements=_CACHED_STATEMENTS
    )
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
        self.folding = threading.Lock()
        self._readers = threading.local()
        self._when_durable: list[Callable[[], None]] = []
        self._writer = None if read_only else _open_writer(path)
        if read_only and not path.exists():
            raise StoreError(f"{path} does not exist: start 'gongfu run' or 'gongfu worker' first")
        if self._writer is not None:
            self._prepare(self._writer)
        self.log_id, self.metric_ids = self._check()

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
        self._when_durable.clear()
        self.writer.execute("BEGIN IMMEDIATE")
        try:
            yield self.writer
        except BaseException:
            self.writer.execute("ROLLBACK")
            raise
        self.writer.execute("COMMIT")
        for tell in self._when_durable:
            tell()

    def when_durable(self, tell: Callable[[], None]) -> None:
        """Call this once the running transaction is durable; never, when it fails."""
        self._when_durable.append(tell)

    @property
    def reader(self) -> sqlite3.Connection:
        """The calling thread's read-only connection."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = self.open_reader()
        return connection

    def open_reader(self) -> sqlite3.Connection:
        """A read-only connection of the caller's own, for reads that last; the caller closes it."""
        uri = f"{self.path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=10)
        connection.isolation_level = None
        return connection

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """The calling thread's reader, seeing one moment for the whole block; blocks nest."""
        connection = self.reader
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("COMMIT")

    def close(self) -> None:
        """Close the writer and this thread's reader."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is not None:
            connection.close()
            del self._readers.connection
        if self._writer is not None:
            self._writer.close()

    def _prepare(self, writer: sqlite3.Connection) -> None:
        with self.transaction():
            if not writer.execute(_HAS_META).fetchone():
                schema.create(writer)
                return
            version = self._version(writer)
            if version <= schema.VERSION:
                schema.bring_up_to_date(writer, version)

    def _check(self) -> tuple[str, dict[str, int]]:
        connection = self._writer or self.reader
        version = self._version(connection)
        if version > schema.VERSION:
            raise SchemaError(
                f"{self.path} has schema {version}, this Gongfu knows up to {SCHEMA_VERSION}: "
                "run the version that made it, or move the file away to start empty"
            )
        if version < schema.VERSION:
            raise SchemaError(
                f"{self.path} has the older schema {version}: start 'gongfu run' or "
                "'gongfu worker' once, which brings it up to date"
            )
        (log_id,) = connection.execute("SELECT value FROM meta WHERE key = 'log_id'").fetchone()
        return log_id, dict(connection.execute("SELECT name, id FROM metric").fetchall())

    def _version(self, connection: sqlite3.Connection) -> int:
        row = connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        try:
            return int(row[0])
        except (TypeError, ValueError):
            raise SchemaError(f"{self.path} is no telemetry.db: move it away") from None
