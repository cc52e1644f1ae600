"""Hot rows: one resolved row per (time, device), and every ranked row where several met.

Rows travel grouped by shape, the names of the metrics that they bear: a statement then binds only
what is there, and a whole batch of one kind of device is one call of SQLite.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from gongfu_broker.columns import metrics
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores.rows import resolve

KEY = "ts, dev, boot, mseq, idx"
COLUMNS = f"{KEY}, " + ", ".join(metrics())
# (ts, dev, boot, mseq, idx, *values) in the order of a shape.
Row = tuple[Any, ...]  # Any: SQLite's parameter types
Shape = tuple[str, ...]
BY_DEV = f"SELECT {COLUMNS} FROM hot WHERE ts >= ? AND ts < ? ORDER BY dev, ts"  # noqa: S608 - fixed names
_PLACES = ", ".join("?" * (5 + len(metrics())))
_REPLACE = f"INSERT OR REPLACE INTO hot ({COLUMNS}) VALUES ({_PLACES})"  # noqa: S608 - fixed names
_KEEP = f"INSERT OR IGNORE INTO hot_conflict ({COLUMNS}) VALUES ({_PLACES})"  # noqa: S608 - fixed names
_AT = f"SELECT {COLUMNS} FROM {{}} WHERE ts = ? AND dev = ?"  # noqa: S608 - fixed names
_RANK_AT = "SELECT boot, mseq, idx FROM hot WHERE ts = ? AND dev = ?"


def by_shape(points: Iterable[Point]) -> Mapping[Shape, list[Row]]:
    """Rows as ``insert`` takes them."""
    rows: dict[Shape, list[Row]] = defaultdict(list)
    for ts, dev, rank, values in points:
        rows[tuple(values)].append((ts, dev, *rank, *values.values()))
    for alike in rows.values():
        alike.sort(key=itemgetter(0))  # neighbours in time are neighbours in the file
    return rows


def points_of(rows: Mapping[Shape, Iterable[Row]]) -> list[Point]:
    """The points of rows grouped by shape; None stands for no value."""
    return [_point(shape, row) for shape, alike in rows.items() for row in alike]


def insert(connection: sqlite3.Connection, rows: Mapping[Shape, Sequence[Row]]) -> tuple[int, int]:
    """Write rows; returns (new rows, how many of them met another at their place)."""
    written, conflicts = 0, 0
    for shape, alike in rows.items():
        fresh = connection.executemany(_insert(shape), alike).rowcount
        written += fresh
        if fresh < len(alike):
            met = sum(_meet(connection, shape, row) for row in alike)
            written += met
            conflicts += met
    return written, conflicts


def at(connection: sqlite3.Connection, ts_ms: int, dev: str) -> Point | None:
    """The row at a place, or None."""
    row = connection.execute(_AT.format("hot"), (ts_ms, dev)).fetchone()
    return point_of(row) if row else None


def merge(connection: sqlite3.Connection, point: Point, standing: Point) -> bool:
    """Resolve a row with the one at its place; False when this very row is in it already."""
    key = (point.ts_ms, point.dev)
    ranked = [point_of(row) for row in connection.execute(_AT.format("hot_conflict"), key)]
    everything = ranked or [standing]
    if point.rank in {row.rank for row in everything}:
        return False
    everything.append(point)
    connection.executemany(_KEEP, [row_of(row) for row in everything])
    connection.execute(_REPLACE, row_of(resolve(everything)))
    return True


def row_of(point: Point) -> Row:
    """The row in the order of COLUMNS."""
    get = point.values.get
    return (point.ts_ms, point.dev, *point.rank, *[get(metric) for metric in metrics()])


def point_of(row: Row) -> Point:
    """The point a row in the order of COLUMNS stands for."""
    values = zip(metrics(), row[5:], strict=True)
    return Point(row[0], row[1], Rank(*row[2:5]), {m: v for m, v in values if v is not None})


def between(connection: sqlite3.Connection, start_ms: int, end_ms: int) -> Iterator[Point]:
    """Rows in order of (ts, dev)."""
    query = f"SELECT {COLUMNS} FROM hot WHERE ts >= ? AND ts < ? ORDER BY ts, dev"  # noqa: S608 - fixed names
    return map(point_of, connection.execute(query, (start_ms, end_ms)))


@cache
def _insert(shape: Shape) -> str:
    names = ", ".join((KEY, *shape))
    places = ", ".join("?" * (5 + len(shape)))
    return f"INSERT INTO hot ({names}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608 - checked names


def _meet(connection: sqlite3.Connection, shape: Shape, row: Row) -> bool:
    """Whether the row met another one; not when it stands there itself."""
    if connection.execute(_RANK_AT, row[:2]).fetchone() == row[2:5]:
        return False
    standing = at(connection, row[0], row[1])
    if standing is None:
        raise ValueError("a row that was not inserted met nothing")
    return merge(connection, _point(shape, row), standing)


def _point(shape: Shape, row: Row) -> Point:
    values = {name: v for name, v in zip(shape, row[5:], strict=True) if v is not None}
    return Point(row[0], row[1], Rank(*row[2:5]), values)
