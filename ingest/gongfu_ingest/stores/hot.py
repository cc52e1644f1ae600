"""Hot rows: one resolved row per (time, device), and every ranked row where several met."""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from gongfu_broker.columns import metrics
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores.rows import resolve

COLUMNS = "ts, dev, boot, mseq, idx, " + ", ".join(metrics())
_PLACES = ", ".join("?" * (5 + len(metrics())))
_INSERT = f"INSERT INTO hot ({COLUMNS}) VALUES ({_PLACES}) ON CONFLICT DO NOTHING"  # noqa: S608 - fixed names
_REPLACE = f"INSERT OR REPLACE INTO hot ({COLUMNS}) VALUES ({_PLACES})"  # noqa: S608 - fixed names
_KEEP = f"INSERT OR IGNORE INTO hot_conflict ({COLUMNS}) VALUES ({_PLACES})"  # noqa: S608 - fixed names
_AT = f"SELECT {COLUMNS} FROM {{}} WHERE ts = ? AND dev = ?"  # noqa: S608 - fixed names


def insert(connection: sqlite3.Connection, points: Iterable[Point]) -> tuple[int, int, list[Point]]:
    """Write rows; returns (new rows, conflicts, the rows as they now stand in ``hot``)."""
    written, conflicts = 0, 0
    settled: list[Point] = []
    for point in points:
        if connection.execute(_INSERT, row_of(point)).rowcount:
            written += 1
            settled.append(point)
        elif (merged := _merge(connection, point)) is not None:
            written += 1
            conflicts += 1
            settled.append(merged)
    return written, conflicts, settled


def _merge(connection: sqlite3.Connection, point: Point) -> Point | None:
    """Resolve a row with what stands at its place; None when the very same row is there already."""
    key = (point.ts_ms, point.dev)
    standing = point_of(connection.execute(_AT.format("hot"), key).fetchone())
    ranked = [point_of(row) for row in connection.execute(_AT.format("hot_conflict"), key)]
    if point.rank in {row.rank for row in [*ranked, *([] if ranked else [standing])]}:
        return None
    everything = [*(ranked or [standing]), point]
    connection.executemany(_KEEP, [row_of(row) for row in everything])
    merged = resolve(everything)
    connection.execute(_REPLACE, row_of(merged))
    return merged


def row_of(point: Point) -> tuple[Any, ...]:  # Any: SQLite's parameter types
    """The row in the order of COLUMNS."""
    get = point.values.get
    return (point.ts_ms, point.dev, *point.rank, *[get(metric) for metric in metrics()])


def point_of(row: Sequence[Any]) -> Point:  # Any: SQLite's column types
    """The point a row in the order of COLUMNS stands for."""
    values = zip(metrics(), row[5:], strict=True)
    return Point(row[0], row[1], Rank(*row[2:5]), {m: v for m, v in values if v is not None})
