"""Hourly rollup: every hour that changed is computed anew, so late rows need no special case."""

import sqlite3
from collections.abc import Iterable

from gongfu_broker.columns import metrics
from gongfu_broker.ports import Window
from gongfu_ingest.points import Point

HOUR_MS = 3_600_000
_STATS = ", ".join(f"count({m}), min({m}), max({m}), total({m})" for m in metrics())
_HOUR = f"SELECT {_STATS} FROM hot WHERE ts >= ? AND ts < ? AND dev = ?"  # noqa: S608 - fixed names


def mark_due(connection: sqlite3.Connection, points: Iterable[Point]) -> None:
    """Note which hours of which devices must be computed anew."""
    due = {(point.ts_ms - point.ts_ms % HOUR_MS, point.dev) for point in points}
    connection.executemany("INSERT OR IGNORE INTO roll_due VALUES (?, ?)", due)


def refresh(connection: sqlite3.Connection, limit: int) -> int:
    """Compute the oldest due hours, leaving the newest hour for later; returns how many."""
    due = connection.execute(
        "SELECT t0, dev FROM roll_due WHERE t0 < (SELECT max(ts) FROM hot) - ?"
        " ORDER BY t0, dev LIMIT ?",
        (HOUR_MS, limit),
    ).fetchall()
    _compute(connection, due)
    return len(due)


def refresh_before(connection: sqlite3.Connection, before_ms: int) -> None:
    """Compute every due hour that begins before a time, ahead of its rows' removal."""
    due = connection.execute("SELECT t0, dev FROM roll_due WHERE t0 < ?", (before_ms,)).fetchall()
    _compute(connection, due)


def read(
    connection: sqlite3.Connection, which: tuple[str, str], start_ms: int, end_ms: int
) -> list[Window]:
    """Hours of ``which`` = (device, metric) in [start_ms, end_ms)."""
    rows = connection.execute(
        "SELECT t0, n, min, max, sum / n FROM roll"
        " WHERE dev = ? AND metric = ? AND t0 >= ? AND t0 < ? ORDER BY t0",
        (*which, start_ms, end_ms),
    )
    return [Window(*row) for row in rows]


def _compute(connection: sqlite3.Connection, due: list[tuple[int, str]]) -> None:
    for t0, dev in due:
        stats = connection.execute(_HOUR, (t0, t0 + HOUR_MS, dev)).fetchone()
        groups = zip(metrics(), range(0, len(stats), 4), strict=True)
        rows = [(m, dev, t0, *stats[i : i + 4]) for m, i in groups if stats[i]]
        connection.executemany("INSERT OR REPLACE INTO roll VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute("DELETE FROM roll_due WHERE t0 = ? AND dev = ?", (t0, dev))
