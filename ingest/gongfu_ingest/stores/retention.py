"""Retention: rows older than a moment are forgotten, hour by hour; statistics of hours stay."""

import sqlite3
from functools import partial

from gongfu_ingest.database import Database
from gongfu_ingest.stores.block import encode
from gongfu_ingest.stores.blocks import Blocks
from gongfu_ingest.stores.newest import Run
from gongfu_ingest.stores.schema import HOUR_MS
from gongfu_ingest.stores.table import part

_HOURS = "SELECT DISTINCT hour FROM block WHERE hour < ? AND rows > 0 ORDER BY hour"
_KEPT_SINCE = "kept_since"


def kept_since(connection: sqlite3.Connection) -> int:
    """Rows older than this may have expired; 0 while none ever did."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEPT_SINCE,)).fetchone()
    return int(row[0]) if row else 0


def expire(database: Database, store: Blocks, before_ms: int, run: Run) -> int:
    """Forget folded rows older than ``before_ms``, an hour in each transaction; returns how many.

    Whoever calls has folded the hot rows of that time, so that they are counted in their hours.
    """
    with database.snapshot() as reader:
        hours = [hour for (hour,) in reader.execute(_HOURS, (-(-before_ms // HOUR_MS),))]
    gone = sum(run(partial(_expire_hour, database, store, hour, before_ms)) for hour in hours)
    if gone:
        run(partial(_forget_conflicts, database, before_ms))
    return gone


def _expire_hour(database: Database, store: Blocks, hour: int, before_ms: int) -> int:
    gone = 0
    with database.transaction() as connection:
        rows = store.hours(connection, hour * HOUR_MS, hour * HOUR_MS + 1)
        for row in [row for row in rows if row.rows]:
            data = b""
            left = 0
            if before_ms < (hour + 1) * HOUR_MS:
                table = store.read(connection, row.id).table
                stays = part(table, table.ts >= before_ms)
                left = len(stays.ts)
                data = encode(stays, store.ids)[0] if left else b""
            if left < row.rows:
                store.put(connection, row._replace(rows=left), data)
                gone += row.rows - left
        if gone:
            since = str(max(before_ms, kept_since(connection)))
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEPT_SINCE, since))
    return gone


def _forget_conflicts(database: Database, before_ms: int) -> None:
    with database.transaction() as connection:
        connection.execute("DELETE FROM hot_conflict WHERE ts < ?", (before_ms,))
