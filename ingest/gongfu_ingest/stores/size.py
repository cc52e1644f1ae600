"""How much the store holds, and where its bytes lie."""

import sqlite3

from gongfu_ingest.points import StoreHealth
from gongfu_ingest.stores.blocks import Blocks, folded_until
from gongfu_ingest.stores.schema import HOUR_MS


def health(connection: sqlite3.Connection, blocks: Blocks) -> StoreHealth:
    """Size and reach, inside the caller's snapshot."""
    hot_rows, oldest, newest = connection.execute(
        "SELECT (SELECT count(*) FROM hot), (SELECT min(ts) FROM hot), (SELECT max(ts) FROM hot)"
    ).fetchone()
    query = "SELECT coalesce(sum(rows), 0), min(hour), max(hour) FROM block WHERE rows > 0"
    folded_rows, first, last = connection.execute(query).fetchone()
    both = connection.execute(
        "SELECT ts, dev FROM hot WHERE ts < ?", (folded_until(connection),)
    ).fetchall()
    twice = sum(blocks.at(connection, ts, dev) is not None for ts, dev in both)
    edges = [ts for ts in (oldest, newest) if ts is not None]
    for hour in {first, last} - {None}:
        edges += _edges(connection, blocks, hour)
    return StoreHealth(
        rows=hot_rows + folded_rows - twice,
        oldest_ms=min(edges, default=None),
        newest_ms=max(edges, default=None),
        bytes_on_disk=bytes_on_disk(connection),
        conflicts=_conflicts(connection),
    )


def bytes_on_disk(connection: sqlite3.Connection) -> int:
    """Of the whole file, the log and free pages included."""
    pages, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
    )
    return int(pages * size)


def _edges(connection: sqlite3.Connection, blocks: Blocks, hour: int) -> list[int]:
    rows = blocks.hours(connection, hour * HOUR_MS, hour * HOUR_MS + 1)
    times = [blocks.load(connection, row.id).ts for row in rows if row.rows]
    return [int(ts[place]) for ts in times for place in (0, -1)]


def _conflicts(connection: sqlite3.Connection) -> int:
    query = "SELECT count(*), count(DISTINCT ts || dev) FROM hot_conflict"
    ranked, distinct = connection.execute(query).fetchone()
    return int(ranked - distinct)
