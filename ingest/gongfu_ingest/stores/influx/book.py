"""What the forwarder remembers, in a database of its own: how far it is, and what was refused.

Saved after the server's 204; a crash in between sends the same lines once more, which InfluxDB
takes as the same points. Deleting the file sends everything the store holds again.
"""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gongfu_ingest.errors import SchemaError
from gongfu_ingest.stores.influx.halving import RefusedLine

SCHEMA_VERSION = 1
KEEP_REFUSED = 1_000
KEEP_LINE_BYTES = 4_096

_SCHEMA = """
CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    log_id TEXT NOT NULL, seq INTEGER NOT NULL,
    filling INTEGER NOT NULL, fill_ts INTEGER NOT NULL, fill_dev TEXT NOT NULL,
    rolled_ms INTEGER NOT NULL
);
CREATE TABLE refused (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, line BLOB NOT NULL, why TEXT NOT NULL,
    count INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL
);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class Progress(NamedTuple):
    """The log is sent up to ``seq``, hours are sent that begin before ``rolled_ms``.

    While ``filling``, the store's rows up to (``fill_ts``, ``fill_dev``) have been sent; they are
    all that happened up to ``seq``.
    """

    log_id: str
    seq: int
    filling: bool = False
    fill_ts: int = -1
    fill_dev: str = ""
    rolled_ms: int = 0


class RefusedRow(NamedTuple):
    """A dead letter of InfluxDB; times are platform UTC milliseconds."""

    line: bytes
    why: str
    times: int
    first_ms: int
    last_ms: int


class ForwarderBook:
    """One file, used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make it. Raises SchemaError for another version's file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
            )
        elif version != SCHEMA_VERSION:
            self._connection.close()
            raise SchemaError(
                f"{path} has schema {version}, this Gongfu needs {SCHEMA_VERSION}: "
                "delete the file; everything the store holds is then sent to InfluxDB again"
            )

    def progress(self) -> Progress | None:
        """How far the forwarder is; None before its first start."""
        row = self._connection.execute(
            "SELECT log_id, seq, filling, fill_ts, fill_dev, rolled_ms FROM progress"
        ).fetchone()
        return Progress(row[0], row[1], bool(row[2]), *row[3:]) if row else None

    def save(
        self,
        progress: Progress,
        *,
        refused: Sequence[RefusedLine] = (),
        counts: Mapping[str, int] | None = None,
        now_ms: int = 0,
    ) -> None:
        """Everything a shipment changes, in one transaction."""
        totals = {**(counts or {}), "refused": len(refused)}
        with self._connection as connection:
            connection.execute("REPLACE INTO progress VALUES (1, ?, ?, ?, ?, ?, ?)", progress)
            connection.executemany(
                "INSERT INTO refused (hash, line, why, count, first_ms, last_ms)"
                " VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (hash)"
                " DO UPDATE SET count = count + 1, last_ms = excluded.last_ms",
                [(_hash(r), r.line[:KEEP_LINE_BYTES], r.why, now_ms, now_ms) for r in refused],
            )
            if refused:
                # Capped: the newest are kept, all are counted; the rows stay in the store.
                connection.execute(
                    "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?",
                    (KEEP_REFUSED,),
                )
            connection.executemany(
                "INSERT INTO counter VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
                [item for item in totals.items() if item[1]],
            )

    def counters(self) -> dict[str, int]:
        """Totals since the file was made: points, hours, refused, expired, unplaced."""
        return dict(self._connection.execute("SELECT name, value FROM counter").fetchall())

    def refused(self, limit: int = 100) -> list[RefusedRow]:
        """The newest dead letters."""
        rows = self._connection.execute(
            "SELECT line, why, count, first_ms, last_ms FROM refused ORDER BY id DESC LIMIT ?",
            (limit,),
        )
        return [RefusedRow(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _hash(refused: RefusedLine) -> bytes:
    text = refused.line + b"\0" + refused.why.encode()
    return hashlib.blake2b(text, digest_size=16).digest()
