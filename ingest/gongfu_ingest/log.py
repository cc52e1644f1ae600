"""The append-only log of accepted messages: the one truth everything else is derived from."""

from collections.abc import Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_ingest.database import Database
from gongfu_ingest.stages.dedupe import payload_hash

# Kept behind the slowest consumer, to compare a repeated number with its first payload.
KEEP_RECORDS = 20_000
TRIM_SLICE = 5_000
_COLUMNS = "received_ms, offset_ms, site, dev, kind, leaf, boot, mseq, payload, hash"
# The hash is computed from the payload when somebody asks; older versions filled the column.
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, x'')"
_INSERT = f"INSERT INTO log ({_COLUMNS}) VALUES {_ROW}"  # noqa: S608 - fixed names
# One statement for many rows costs a quarter less than one each.
_ROWS = 50
_INSERT_ROWS = f"INSERT INTO log ({_COLUMNS}) VALUES {', '.join([_ROW] * _ROWS)}"  # noqa: S608 - fixed names
_KINDS = {kind.value: kind for kind in DeviceKind}
_LEAVES = {leaf.value: leaf for leaf in Leaf}


class Entry(NamedTuple):
    """A record before it has its place in the log; ``kind`` and ``leaf`` as plain text."""

    received_ms: int
    offset_ms: int
    site: str
    dev: str
    kind: str
    leaf: str
    boot: int | None
    mseq: int | None
    payload: bytes


class TelemetryLog:
    """Appends in ingest's transaction, reads from any thread, trims below the slowest consumer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._released = self._saved()
        self._read: dict[str, int] = {}
        self._recent: dict[tuple[str, int, int], int] = {}
        self._recent_upto = 0

    @property
    def log_id(self) -> str:
        """Identity of this log."""
        return self._database.log_id

    def append(self, entries: Sequence[Entry]) -> None:
        """Add records; must run inside ``Database.transaction``."""
        writer = self._database.writer
        whole = len(entries) - len(entries) % _ROWS
        for start in range(0, whole, _ROWS):
            values = chain.from_iterable(entries[start : start + _ROWS])
            writer.execute(_INSERT_ROWS, tuple(values))
        writer.executemany(_INSERT, entries[whole:])

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
        return [_record(row) for row in rows]

    def read_leaf(self, leaf: Leaf, after: int, upto: int) -> Sequence[CommittedRecord]:
        """Records of one leaf with after < seq <= upto, oldest first; trimmed ones are left out."""
        rows = self._database.reader.execute(
            "SELECT seq, received_ms, offset_ms, site, dev, kind, leaf, boot, mseq, payload"
            " FROM log WHERE seq > ? AND seq <= ? AND leaf = ? ORDER BY seq",
            (after, upto, leaf.value),
        ).fetchall()
        return [_record(row) for row in rows]

    def release(self, consumer: str, upto: int, *, read: int | None = None) -> None:
        """Note a consumer's position; saved when the log is trimmed."""
        self._released[consumer] = upto
        self._read[consumer] = upto if read is None else read

    def consumers(self) -> dict[str, int]:
        """Every consumer's released position; in a process that only reads, as last saved."""
        return self._saved() if self._database.read_only else dict(self._released)

    def progress(self) -> dict[str, int]:
        """How far every consumer has read, as far as this process knows: at least its position."""
        return {name: self._read.get(name, seq) for name, seq in self.consumers().items()}

    def _saved(self) -> dict[str, int]:
        return dict(self._database.reader.execute("SELECT name, seq FROM consumer").fetchall())

    def forget(self, consumer: str) -> bool:
        """Drop a consumer for good, so that trimming waits for it no more; False: unknown."""
        self._released.pop(consumer, None)
        with self._database.transaction() as connection:
            gone = connection.execute("DELETE FROM consumer WHERE name = ?", (consumer,))
            return gone.rowcount > 0

    def hash_of(self, dev: str, boot: int, mseq: int) -> bytes | None:
        """Hash of the payload that first bore this number, while it is still known.

        Known are at least the newest ``KEEP_RECORDS``. Runs in ingest's writer thread.
        """
        self._read_recent()
        writer, seq = self._database.writer, self._recent.get((dev, boot, mseq))
        row = writer.execute("SELECT payload FROM log WHERE seq = ?", (seq,)).fetchone()
        if row:
            return payload_hash(row[0])
        row = writer.execute(
            "SELECT hash FROM dead_letter WHERE dev = ? AND boot = ? AND mseq = ?",
            (dev, boot, mseq),
        ).fetchone()
        return row[0] if row else None

    def _read_recent(self) -> None:
        """Where the newest records stand; an index in the file would cost every message more."""
        writer = self._database.writer
        (newest,) = writer.execute("SELECT max(seq) FROM log").fetchone()
        after = max(self._recent_upto, (newest or 0) - KEEP_RECORDS)
        rows = writer.execute(
            "SELECT dev, boot, mseq, seq FROM log WHERE seq > ? AND boot IS NOT NULL", (after,)
        )
        recent = self._recent
        for dev, boot, mseq, seq in rows:
            recent[dev, boot, mseq] = seq
        self._recent_upto = max(self._recent_upto, newest or 0)
        for key in list(islice(recent, max(0, len(recent) - KEEP_RECORDS))):
            del recent[key]

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


def _record(row: tuple[Any, ...]) -> CommittedRecord:  # Any: columns of several types
    # The same as CommittedRecord(…) in half the time: every consumer reads every record.
    *address, kind, leaf, boot, mseq, payload = row
    told = (*address, _KINDS[kind], _LEAVES[leaf], boot, mseq, payload)
    return tuple.__new__(CommittedRecord, told)
