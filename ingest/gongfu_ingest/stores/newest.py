"""The newest value of every metric: the table ``last``, and hot rows it does not know yet.

Writing only marks which buckets of event time have new rows, in its own transaction. A job brings
``last`` up to date from them now and then; a reader puts the rows of marked buckets on top, so it
is right at any moment, after any crash, and in any process.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol, TypeVar

from gongfu_broker.columns import metrics
from gongfu_ingest.database import Database
from gongfu_ingest.points import Latest

BUCKET_MS = 5_000
Newest = dict[str, dict[str, Latest]]
Value = tuple[str, str, int, float]
Mark = tuple[int, int]  # (bucket, revision)
_T = TypeVar("_T")
# What is changed in one transaction, so that a commit of ingest never waits long.
_SLICE = 5_000
_MARK = "INSERT INTO fresh VALUES (?, 1) ON CONFLICT (bucket) DO UPDATE SET rev = rev + 1"
_UPSERT = (
    "INSERT INTO last VALUES (?, ?, ?, ?) ON CONFLICT (dev, metric) DO UPDATE"
    " SET ts = excluded.ts, value = excluded.value WHERE excluded.ts >= last.ts"
)
_COUNTS = ", ".join(f"count({metric})" for metric in metrics())
_COUNTED = f"SELECT count(*), {_COUNTS} FROM hot WHERE ts >= ? AND ts < ?"  # noqa: S608 - fixed names


class Run(Protocol):
    """Runs a piece of work where writing is allowed, and waits for its end."""

    def __call__(self, work: Callable[[], _T], /) -> _T:
        """What the work returns."""
        ...


def here(work: Callable[[], _T]) -> _T:
    """A ``Run`` for whoever is where writing is allowed already."""
    return work()


def mark(connection: sqlite3.Connection, times_ms: Iterable[int]) -> None:
    """Note that rows of these times are new; inside the caller's transaction."""
    buckets = {ts // BUCKET_MS for ts in times_ms}
    connection.executemany(_MARK, [(bucket,) for bucket in buckets])


def read(connection: sqlite3.Connection, devs: Collection[str] | None) -> Newest:
    """The newest values, of every device when ``devs`` is None; inside the caller's snapshot."""
    found: Newest = {}
    for dev, metric, ts, value in connection.execute("SELECT dev, metric, ts, value FROM last"):
        if devs is None or dev in devs:
            found.setdefault(dev, {})[metric] = Latest(ts, value)
    for bucket, _ in _marks(connection):
        _take(found, connection, bucket, devs)
    return found


def refresh(database: Database, run: Run) -> int:
    """Bring ``last`` up to date; returns how many values were offered.

    A bucket that gets another row meanwhile stays marked and is left as it is: it is not quiet yet.
    """
    with database.snapshot() as connection:
        parts = list(_parts(connection))
    for marks, values in parts:
        run(partial(_settle, database, marks, values))
    return sum(len(values) for _, values in parts)


def offer(connection: sqlite3.Connection, values: Iterable[Value]) -> None:
    """Upsert (dev, metric, ts_ms, value) where nothing newer stands."""
    connection.executemany(_UPSERT, values)


def _parts(connection: sqlite3.Connection) -> Iterator[tuple[list[Mark], list[Value]]]:
    """Marks with the newest values of their rows, as many as are settled at once."""
    marks: list[Mark] = []
    found: Newest = {}
    for mark in _marks(connection):
        marks.append(mark)
        _take(found, connection, mark[0], None)
        if sum(map(len, found.values())) + len(marks) >= _SLICE:
            yield marks, list(_flat(found))
            marks, found = [], {}
    if marks:
        yield marks, list(_flat(found))


def _settle(database: Database, marks: list[Mark], values: list[Value]) -> None:
    with database.transaction() as connection:
        query = "DELETE FROM fresh WHERE bucket = ? AND rev = ?"
        quiet = {mark[0] for mark in marks if connection.execute(query, mark).rowcount}
        offer(connection, [value for value in values if value[2] // BUCKET_MS in quiet])


def _marks(connection: sqlite3.Connection) -> list[Mark]:
    return connection.execute("SELECT bucket, rev FROM fresh ORDER BY bucket").fetchall()


def _take(
    found: Newest, connection: sqlite3.Connection, bucket: int, devs: Collection[str] | None
) -> None:
    """Put the rows of a bucket over what is known."""
    span = (bucket * BUCKET_MS, (bucket + 1) * BUCKET_MS)
    rows, *counts = connection.execute(_COUNTED, span).fetchone()
    used = [metric for metric, count in zip(metrics(), counts, strict=True) if count]
    if not used:
        return
    names = ", ".join(used)
    query = f"SELECT dev, ts, {names} FROM hot WHERE ts >= ? AND ts < ? ORDER BY ts"  # noqa: S608 - fixed names
    if all(count in {0, rows} for count in counts):
        # Every row has every value, so the last of each device says it all.
        query = f"SELECT dev, max(ts), {names} FROM hot WHERE ts >= ? AND ts < ? GROUP BY dev"  # noqa: S608 - fixed names
    for dev, ts, *values in connection.execute(query, span):
        if devs is not None and dev not in devs:
            continue
        known = found.setdefault(dev, {})
        for metric, value in zip(used, values, strict=True):
            if value is not None and (metric not in known or ts >= known[metric].ts_ms):
                known[metric] = Latest(ts, value)


def _flat(found: Mapping[str, Mapping[str, Latest]]) -> Iterator[Value]:
    for dev, values in found.items():
        for metric, latest in values.items():
            yield dev, metric, *latest
