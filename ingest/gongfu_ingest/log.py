"""The append-only log of accepted messages: the one truth everything else is derived from."""

from collections.abc import Sequence
from typing import NamedTuple

from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_ingest.database import Database

# Kept behind the slowest consumer, to compare a repeated number with its first payload.
KEEP_RECORDS = 20_000
TRIM_SLICE = 5_000


class Entry(NamedTuple):
    """A record before it has its place in the log."""

    received_ms: int
    offset_ms: int
    site: str
    dev: str
    kind: DeviceKind
    leaf: Leaf
    boot: int | None
    mseq: int | None
    hash: bytes
    payload: bytes


class TelemetryLog:
    """Appends in ingest's transaction, reads from any thread, trims below the slowest consumer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._released = self._saved()

    @property
    def log_id(self) -> str:
        """Identity of this log."""
        return self._database.log_id

    def append(self, entries: Sequence[Entry]) -> None:
        """Add records; must run inside ``Database.transaction``."""
        self._database.writer.executemany(
            "INSERT INTO log (received_ms, offset_ms, site, dev, kind, leaf, boot, mseq, hash,"
            " payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            entries,
        )

    def head(self) -> int:
        """Seq of the newest record ever; 0 when there is none."""
        row = self._database.reader.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'log'"
        ).fetchone()
        return int(row[0]) if row else 0

    def trimmed(self) -> int:
        """Seq of the newest record that was trimmed away; 0 when none was."""
        row = self._database.reader.execute("SELECT value FROM meta WHERE key = 'trimmed'")
        return int(row.fetchone()[0])

    def read(self, after: int, limit: int) -> Sequence[CommittedRecord]:
        """Records with seq > after, oldest first. Raises CursorError when they are not here."""
        if after < self.trimmed():
            raise CursorError(
                f"records after {after} were trimmed up to {self.trimmed()}: "
                "restore the consumer's database and telemetry.db from the same backup"
            )
        rows = self._database.reader.execute(
            "SELECT seq, received_ms, offset_ms, site, dev, kind, leaf, boot, mseq, payload"
            " FROM log WHERE seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        ).fetchall()
        return [
            CommittedRecord._make((*row[:5], DeviceKind(row[5]), Leaf(row[6]), *row[7:]))
            for row in rows
        ]

    def release(self, consumer: str, upto: int) -> None:
        """Note a consumer's position; saved when the log is trimmed."""
        self._released[consumer] = upto

    def consumers(self) -> dict[str, int]:
        """Every consumer's released position; in a process that only reads, as last saved."""
        return self._saved() if self._database.read_only else dict(self._released)

    def _saved(self) -> dict[str, int]:
        return dict(self._database.reader.execute("SELECT name, seq FROM consumer").fetchall())

    def forget(self, consumer: str) -> bool:
        """Drop a consumer for good, so that trimming waits for it no more; False: unknown."""
        self._released.pop(consumer, None)
        with self._database.transaction() as connection:
            gone = connection.execute("DELETE FROM consumer WHERE name = ?", (consumer,))
            return gone.rowcount > 0

    def hash_of(self, dev: str, boot: int, mseq: int) -> bytes | None:
        """Hash of the payload that first bore this number, while it is still known."""
        for table in ("log", "dead_letter"):
            row = self._database.writer.execute(
                f"SELECT hash FROM {table} WHERE dev = ? AND boot = ? AND mseq = ?",  # noqa: S608 - two fixed names
                (dev, boot, mseq),
            ).fetchone()
            if row:
                found: bytes = row[0]
                return found
        return None

    def trim(self) -> int:
        """Forget one slice of records that every consumer has released; returns how many.

        Runs in ingest's writer thread.
        """
        released = self.consumers()
        upto = min(released.values(), default=0)
        upto = min(upto, self.head() - KEEP_RECORDS, self.trimmed() + TRIM_SLICE)
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO consumer VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
                released.items(),
            )
            if upto <= self.trimmed():
                return 0
            count = connection.execute("DELETE FROM log WHERE seq <= ?", (upto,)).rowcount
            connection.execute("UPDATE meta SET value = ? WHERE key = 'trimmed'", (str(upto),))
            return count
