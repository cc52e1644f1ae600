"""How much the store holds, and where its bytes lie."""

import sqlite3
from typing import NamedTuple

from gongfu_ingest.points import StoreHealth
from gongfu_ingest.stores.blocks import Blocks, folded_until
from gongfu_ingest.stores.retention import kept_since
from gongfu_ingest.stores.rows import MAX_TS_MS
from gongfu_ingest.stores.schema import HOUR_MS


class Figures(NamedTuple):
    """What lies where. A point is one value; ``store_bytes`` leaves out the log and free pages.

    ``points`` counts an expired row of an hour that is cut in two, and a row that is hot and folded
    twice.
    """

    hot_rows: int
    folded_rows: int
    blocks: int
    points: int
    store_bytes: int | None
    bytes_per_point: float | None
    folded_until_ms: int | None
    kept_since_ms: int | None


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


def figures(connection: sqlite3.Connection, blocks: Blocks) -> Figures:
    """What lies where, inside the caller's snapshot."""
    (hot_rows,) = connection.execute("SELECT count(*) FROM hot").fetchone()
    counted = ", ".join(f"count({metric})" for metric in blocks.ids)
    hot_points = sum(connection.execute(f"SELECT {counted} FROM hot").fetchone())  # noqa: S608 - names of the contract
    folded = [row for row in blocks.hours(connection, 0, MAX_TS_MS) if row.rows]
    points = hot_points + sum(s.n for row in folded for s in blocks.stats(row).values())
    own = _own_bytes(connection)
    return Figures(
        hot_rows=hot_rows,
        folded_rows=sum(row.rows for row in folded),
        blocks=len(folded),
        points=points,
        store_bytes=own,
        bytes_per_point=round(own / points, 3) if own and points else None,
        folded_until_ms=folded_until(connection) or None,
        kept_since_ms=kept_since(connection) or None,
    )


def _own_bytes(connection: sqlite3.Connection) -> int | None:
    """Pages of every table but the log's; None where SQLite was built without dbstat."""
    query = "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name <> 'log'"
    try:
        (size,) = connection.execute(query).fetchone()
    except sqlite3.OperationalError:
        return None
    return int(size)


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
