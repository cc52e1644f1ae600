"""The append-only log of accepted messages: the one truth everything else is derived from."""

from collections.abc import Sequence
from itertools import chain, islice

from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_ingest.database import Database
from gongfu_ingest.entry import Entry, committed
from gongfu_ingest.recent import Recent
from gongfu_ingest.stages.dedupe import payload_hash

# Kept behind the slowest consumer, to compare a repeated number with its first payload.
KEEP_RECORDS = 20_000
TRIM_SLICE = 5_000
# Of these so many are in memory, too; fewer than are kept, so that none was ever trimmed.
IN_MEMORY, IN_MEMORY_BYTES = 10_000, 16 * 2**20
_COLUMNS = "received_ms, offset_ms, site, dev, kind, leaf, boot, mseq, payload, hash"
# The hash is computed from the payload when somebody asks; older versions filled the column.
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, x'')"
_INSERT = f"INSERT INTO log ({_COLUMNS}) VALUES {_ROW}"  # noqa: S608 - fixed names
# One statement for many rows costs a quarter less than one each.
_ROWS = 50
_INSERT_ROWS = f"INSERT INTO log ({_COLUMNS}) VALUES {', '.join([_ROW] * _ROWS)}"  # noqa: S608 - fixed names


class TelemetryLog:
    """Appends in ingest's transaction, reads from any thread, trims below the slowest consumer."""

    def __init__(self, database: Database, recent: Recent | None = None) -> None:
        self._database = database
        self._released = self._saved()
        self._read: dict[str, int] = {}
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._numbers_upto = 0
        self._recent = recent or Recent(IN_MEMORY, IN_MEMORY_BYTES)

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
        if entries:
            (last,) = writer.execute("SELECT last_insert_rowid()").fetchone()
            first, kept = last - len(entries) + 1, tuple(entries)
            self._database.when_durable(lambda: self._recent.add(first, kept))

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
        recent = self._recent.after(after, limit)
        if recent is not None:
            return recent
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
        return [committed(seq, Entry._make(told)) for seq, *told in rows]

    def read_leaf(self, leaf: Leaf, after: int, upto: int) -> Sequence[CommittedRecord]:
        """Records of one leaf with after < seq <= upto, oldest first; trimmed ones are left out."""
        rows = self._database.reader.execute(
            "SELECT seq, received_ms, offset_ms, site, dev, kind, leaf, boot, mseq, payload"
            " FROM log WHERE seq > ? AND seq <= ? AND leaf = ? ORDER BY seq",
            (after, upto, leaf.value),
        ).fetchall()
        return [committed(seq, Entry._make(told)) for seq, *told in rows]

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
        self._read_numbers()
        writer, seq = self._database.writer, self._numbers.get((dev, boot, mseq))
        row = writer.execute("SELECT payload FROM log WHERE seq = ?", (seq,)).fetchone()
        if row:
            return payload_hash(row[0])
        row = writer.execute(
            "SELECT hash FROM dead_letter WHERE dev = ? AND boot = ? AND mseq = ?",
            (dev, boot, mseq),
        ).fetchone()
        return row[0] if row else None

    def _read_numbers(self) -> None:
        """Where the newest records stand; an index in the file would cost every message more."""
        writer = self._database.writer
        (newest,) = writer.execute("SELECT max(seq) FROM log").fetchone()
        after = max(self._numbers_upto, (newest or 0) - KEEP_RECORDS)
        rows = writer.execute(
            "SELECT dev, boot, mseq, seq FROM log WHERE seq > ? AND boot IS NOT NULL", (after,)
        )
        numbers = self._numbers
        for dev, boot, mseq, seq in rows:
            numbers[dev, boot, mseq] = seq
        self._numbers_upto = max(self._numbers_upto, newest or 0)
        for key in list(islice(numbers, max(0, len(numbers) - KEEP_RECORDS))):
            del numbers[key]

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
