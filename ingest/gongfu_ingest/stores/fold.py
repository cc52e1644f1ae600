"""Folding: rows older than a cut leave the hot table for hour blocks.

The rows of an hour are read in one snapshot and packed outside of any write transaction; a slice at
a time is then written by the thread that writes. A slice is one transaction: blocks, statistics and
newest values come, and exactly the hot rows go that are in them. A row that changed meanwhile stays
hot: it stands over the one in the block until the next fold. So a reader sees the same before,
during and after, and a crash at any point leaves each row in one place.
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

# Rows deleted in one transaction: a commit of ingest waits for no more than that.
SLICE_ROWS = 2_000
_NO_BLOCK = 0


class Folded(NamedTuple):
    """What a fold has done; rows are those that left the hot table."""

    rows: int
    blocks: int


class _Piece(NamedTuple):
    """A block to write; its id is that of the one it replaces. ``keys``: (ts, dev) of new rows."""

    row: BlockRow
    data: bytes
    keys: list[tuple[int, str]]
    newest: list[newest.Value]


class _Part(NamedTuple):
    """What is written at once; ``seen`` is the newest conflict that its reader knew of."""

    seen: int
    until_ms: int
    pieces: list[_Piece]


def fold(database: Database, store: Blocks, cut_ms: int, run: Run) -> Folded:
    """Fold every hot row older than ``cut_ms``; ``run`` executes where writing is allowed."""
    done: list[Folded] = []
    from_ms = 0
    with closing(database.open_reader()) as reader:
        while (hour := _next_hour(reader, from_ms, cut_ms)) is not None:
            from_ms = (hour + 1) * HOUR_MS
            parts = _parts(reader, store, hour, min(from_ms, cut_ms))
            done += [run(partial(_write, database, part)) for part in parts]
    return Folded(sum(part.rows for part in done), sum(part.blocks for part in done))


def _next_hour(reader: sqlite3.Connection, from_ms: int, cut_ms: int) -> int | None:
    query = "SELECT min(ts) FROM hot WHERE ts >= ? AND ts < ?"
    (oldest,) = reader.execute(query, (from_ms, cut_ms)).fetchone()
    return None if oldest is None else int(oldest // HOUR_MS)


def _parts(reader: sqlite3.Connection, store: Blocks, hour: int, end_ms: int) -> Iterator[_Part]:
    """The packed rows of an hour before ``end_ms``, as one snapshot has them."""
    reader.execute("BEGIN")
    try:
        (seen,) = reader.execute("SELECT coalesce(max(id), 0) FROM hot_conflict").fetchone()
        pieces: list[_Piece] = []
        rows = reader.execute(hot.BY_DEV, (hour * HOUR_MS, end_ms))
        for dev, own in groupby(rows, key=itemgetter(1)):
            pieces.append(_packed(reader, store, (dev, hour), list(own)))
            if sum(len(piece.keys) for piece in pieces) >= SLICE_ROWS:
                yield _Part(seen, end_ms, pieces)
                pieces = []
        if pieces:
            yield _Part(seen, end_ms, pieces)
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
    keys = [(key[0], key[1]) for key in rows]
    return _Piece(row, data, keys, list(_newest(dev, new)))


def _newest(dev: str, table: Table) -> Iterator[newest.Value]:
    for metric, (mask, values) in table.columns.items():
        place = int(mask.nonzero()[0][-1])
        yield dev, metric, int(table.ts[place]), float(values[place])


def _write(database: Database, part: _Part) -> Folded:
    rows = written = 0
    with database.transaction() as connection:
        query = "SELECT ts, dev FROM hot_conflict WHERE id > ?"
        changed = set(connection.execute(query, (part.seen,)))
        for piece in part.pieces:
            if not _is_current(connection, piece.row):
                continue
            blocks.put(connection, piece.row, piece.data)
            newest.offer(connection, [v for v in piece.newest if (v[2], v[0]) not in changed])
            keys = [key for key in piece.keys if key not in changed]
            gone = connection.executemany("DELETE FROM hot WHERE ts = ? AND dev = ?", keys)
            rows += gone.rowcount
            written += 1
        blocks.note_folded_until(connection, part.until_ms)
    return Folded(rows, written)


def _is_current(connection: sqlite3.Connection, row: BlockRow) -> bool:
    query = "SELECT id FROM block WHERE dev = ? AND hour = ?"
    (number,) = connection.execute(query, (row.dev, row.hour)).fetchone() or (_NO_BLOCK,)
    return bool(number == row.id)
