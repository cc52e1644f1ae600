"""Folding: rows older than a cut leave the hot table for hour blocks.

First it is noted that rows before the cut are being folded: whatever comes for that time from now
on is put down as late. Then a snapshot is read device by device and packed outside of any write
transaction; the thread that writes takes the blocks some at a time. Now rows stand in both places,
which no reader can tell, for a hot row stands over the folded one. Last the hot rows go, neighbours
in the file together, but for those that are late or were resolved anew since the snapshot: they
stay for the next fold. A crash at any point leaves each row in a block, hot, or both alike.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from gongfu_broker.columns import metrics
from gongfu_ingest.database import Database
from gongfu_ingest.stores import blocks, hot, newest
from gongfu_ingest.stores.block import encode
from gongfu_ingest.stores.blocks import BlockRow, Blocks
from gongfu_ingest.stores.newest import Run
from gongfu_ingest.stores.retention import kept_since
from gongfu_ingest.stores.schema import HOUR_MS
from gongfu_ingest.stores.table import Table, over, table_of

# What is written in one transaction: a commit of ingest waits for no more than that.
MOST_BLOCKS = 64
MOST_ROWS = 5_000
_NO_BLOCK = 0
_GONE = (
    "DELETE FROM hot WHERE ts >= :start AND ts < :end"
    " AND NOT EXISTS (SELECT 1 FROM late WHERE late.ts = hot.ts AND late.dev = hot.dev)"
    " AND NOT EXISTS (SELECT 1 FROM hot_conflict AS c"
    " WHERE c.ts = hot.ts AND c.dev = hot.dev AND c.id > :seen)"
)


class Folded(NamedTuple):
    """What a fold has done; rows are those that left the hot table."""

    rows: int
    blocks: int


class _Piece(NamedTuple):
    """A block to write; its id is that of the one it replaces."""

    row: BlockRow
    data: bytes
    newest: list[newest.Value]


class _Part(NamedTuple):
    """What is written at once; ``seen`` is the newest conflict that its reader knew of."""

    seen: int
    pieces: list[_Piece]


def fold(database: Database, store: Blocks, cut_ms: int, run: Run) -> Folded:
    """Fold every hot row older than ``cut_ms``; ``run`` executes where writing is allowed."""
    rows = written = from_ms = 0
    # What is late is late for one fold: a second one at the same time would forget it.
    with database.folding, closing(database.open_reader()) as reader:
        run(partial(_begin, database, cut_ms))
        while (hour := _next_hour(reader, from_ms, cut_ms)) is not None:
            from_ms = (hour + 1) * HOUR_MS
            span = (hour * HOUR_MS, min(from_ms, cut_ms))
            parts = _parts(reader, store, hour, span)
            done = [(part, run(partial(_write, database, store, part))) for part in parts]
            written += sum(count for _, count in done)
            if all(count == len(part.pieces) for part, count in done):
                seen = min(part.seen for part, _ in done)
                rows += _clear(database, reader, span, seen=seen, run=run)
    return Folded(rows, written)


def _begin(database: Database, cut_ms: int) -> None:
    with database.transaction() as connection:
        if connection.execute("SELECT 1 FROM hot WHERE ts < ? LIMIT 1", (cut_ms,)).fetchone():
            blocks.note_folded_until(connection, cut_ms)
        connection.execute("DELETE FROM late")


def _next_hour(reader: sqlite3.Connection, from_ms: int, cut_ms: int) -> int | None:
    query = "SELECT min(ts) FROM hot WHERE ts >= ? AND ts < ?"
    (oldest,) = reader.execute(query, (from_ms, cut_ms)).fetchone()
    return None if oldest is None else int(oldest // HOUR_MS)


def _parts(
    reader: sqlite3.Connection, store: Blocks, hour: int, span: tuple[int, int]
) -> Iterator[_Part]:
    """The packed rows of an hour, all as one snapshot has them."""
    reader.execute("BEGIN")
    try:
        (seen,) = reader.execute("SELECT coalesce(max(id), 0) FROM hot_conflict").fetchone()
        pieces: list[_Piece] = []
        for dev, own in groupby(reader.execute(hot.BY_DEV, span), key=itemgetter(1)):
            pieces.append(_packed(reader, store, (dev, hour), list(own)))
            if len(pieces) == MOST_BLOCKS:
                yield _Part(seen, pieces)
                pieces = []
        if pieces:
            yield _Part(seen, pieces)
    finally:
        reader.execute("COMMIT")


def _packed(
    reader: sqlite3.Connection, store: Blocks, place: tuple[str, int], rows: list[hot.Row]
) -> _Piece:
    dev, hour = place
    new = table_of(rows, metrics())
    older = store.find(reader, dev, hour)
    table = over(store.read(reader, older.id).table, new) if older and older.rows else new
    data, stats = encode(table, store.ids)
    if older and hour * HOUR_MS < kept_since(reader):
        stats = older.roll  # counted when all its rows were here; what has expired cannot be again
    row = BlockRow(older.id if older else _NO_BLOCK, dev, hour, len(table.ts), stats)
    return _Piece(row, data, list(_newest(dev, new)))


def _newest(dev: str, table: Table) -> Iterator[newest.Value]:
    for metric, (mask, values) in table.columns.items():
        place = int(mask.nonzero()[0][-1])
        yield dev, metric, int(table.ts[place]), float(values[place])


def _write(database: Database, store: Blocks, part: _Part) -> int:
    """How many blocks were written: not those that an expiry has changed since they were read."""
    with database.transaction() as connection:
        query = "SELECT ts, dev FROM hot_conflict WHERE id > ?"
        changed = set(connection.execute(query, (part.seen,)))
        current = [piece for piece in part.pieces if _is_current(connection, piece.row)]
        for piece in current:
            store.put(connection, piece.row, piece.data)
            newest.offer(connection, [v for v in piece.newest if (v[2], v[0]) not in changed])
    return len(current)


def _clear(
    database: Database, reader: sqlite3.Connection, span: tuple[int, int], *, seen: int, run: Run
) -> int:
    """Delete the folded hot rows of a span, some at a time; returns how many."""
    (start_ms, end_ms), gone = span, 0
    query = f"SELECT ts FROM hot WHERE ts >= ? AND ts < ? ORDER BY ts LIMIT 1 OFFSET {MOST_ROWS}"  # noqa: S608 - a number
    while start_ms < end_ms:
        (upto_ms,) = reader.execute(query, (start_ms, end_ms)).fetchone() or (end_ms,)
        upto_ms = max(upto_ms, start_ms + 1)
        bounds = {"start": start_ms, "end": upto_ms, "seen": seen}
        gone += run(partial(_delete, database, bounds))
        start_ms = upto_ms
    return gone


def _delete(database: Database, bounds: dict[str, int]) -> int:
    with database.transaction() as connection:
        return connection.execute(_GONE, bounds).rowcount


def _is_current(connection: sqlite3.Connection, row: BlockRow) -> bool:
    query = "SELECT id FROM block WHERE dev = ? AND hour = ?"
    (number,) = connection.execute(query, (row.dev, row.hour)).fetchone() or (_NO_BLOCK,)
    return bool(number == row.id)
