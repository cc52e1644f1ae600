"""What ingest can tell about itself: counters, dead letters, connections. Read-only."""

from typing import NamedTuple

from gongfu_ingest.clock_table import wrong_clocks
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog


class DeadLetterRow(NamedTuple):
    """One kind of refused message: how often it came, when, why, and what it said."""

    topic: str
    reason: str
    detail: str
    times: int
    first_ms: int
    last_ms: int
    payload: bytes


class LinkRow(NamedTuple):
    """A device's connection as its births and last wills tell it."""

    online: bool
    boot: int
    conn: int
    fw: str
    model: str
    heard_ms: int | None


class Reports:
    """Reads telemetry.db from any thread."""

    def __init__(self, database: Database, log: TelemetryLog) -> None:
        self._database = database
        self._log = log

    def counters(self) -> dict[str, int]:
        """Totals since telemetry.db was made."""
        return dict(self._database.reader.execute("SELECT name, value FROM counter").fetchall())

    def backlog(self) -> dict[str, int]:
        """Per consumer: how many records it has not released yet."""
        head = self._log.head()
        return {name: head - seq for name, seq in self._log.consumers().items()}

    def dead_letters(self, *, reason: str | None = None, limit: int = 100) -> list[DeadLetterRow]:
        """Newest first; all reasons when reason is None."""
        rows = self._database.reader.execute(
            "SELECT topic, reason, detail, count, first_ms, last_ms, payload FROM dead_letter"
            " WHERE ? IS NULL OR reason = ? ORDER BY last_ms DESC, id DESC LIMIT ?",
            (reason, reason, limit),
        )
        return [DeadLetterRow(*row) for row in rows]

    def dead_letter_counts(self) -> dict[str, int]:
        """How many messages each reason has caught."""
        rows = self._database.reader.execute(
            "SELECT reason, sum(count) FROM dead_letter GROUP BY reason ORDER BY reason"
        )
        return dict(rows.fetchall())

    def clock_offsets(self) -> dict[str, int]:
        """What each device's stamps are corrected by at present, ms; right clocks are left out."""
        return wrong_clocks(self._database.reader)

    def links(self) -> dict[str, LinkRow]:
        """Every device that was ever heard of."""
        rows = self._database.reader.execute(
            "SELECT dev, online, boot, conn, fw, model, heard_ms FROM link"
        )
        return {row[0]: LinkRow(bool(row[1]), *row[2:]) for row in rows}
