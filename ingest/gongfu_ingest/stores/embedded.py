"""The telemetry store inside telemetry.db: hot rows, newest values, hourly rollup.

All of it is a projection: ``project`` runs in the transaction that appends to the log.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from gongfu_broker.columns import metrics
from gongfu_broker.ports import Window
from gongfu_ingest.database import Database
from gongfu_ingest.errors import StoreError
from gongfu_ingest.points import (
    Episode,
    Latest,
    Point,
    StoreHealth,
    WriteResult,
)
from gongfu_ingest.stores import hot, newest, rollup
from gongfu_ingest.stores.rows import MAX_TS_MS, episodes
from gongfu_ingest.stores.sift import sift

_EXPIRED_TABLES = ("hot", "hot_conflict")


def _here(work: Callable[[], object]) -> object:
    return work()


class EmbeddedStore:
    """Writes with the database's writer connection, reads with a connection per thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, points: Sequence[Point]) -> WriteResult:
        """Store rows in a transaction of their own; durable when it returns."""
        with self._database.transaction():
            return self.project(points)

    def project(self, points: Sequence[Point]) -> WriteResult:
        """Store rows inside the caller's transaction."""
        good, rejected = sift(points)
        written, conflicts = hot.insert(self._database.writer, hot.by_shape(good))
        newest.mark(self._database.writer, [point.ts_ms for point in good])
        rollup.mark_due(self._database.writer, good)
        return WriteResult(written, conflicts, rejected)

    def refresh_last(self, run: newest.Run = _here) -> int:
        """Bring the table of newest values up to date; ``run`` executes in the writer's thread."""
        return newest.refresh(self._database, run)

    def roll_up(self, limit: int = 500) -> int:
        """Bring at most ``limit`` due (hour, device) pairs of the rollup up to date."""
        with self._database.transaction() as connection:
            return rollup.refresh(connection, limit)

    def last(self, devs: Collection[str] | None = None) -> Mapping[str, Mapping[str, Latest]]:
        """The newest value per device and metric."""
        with self._database.snapshot() as connection:
            return newest.read(connection, devs)

    def series(self, dev: str, metric: str, start_ms: int, end_ms: int) -> list[tuple[int, float]]:
        """(ts, value) in order of time."""
        column = _known(metric)
        return self._database.reader.execute(
            f"SELECT ts, {column} FROM hot WHERE ts >= ? AND ts < ? AND dev = ?"  # noqa: S608 - checked name
            f" AND {column} IS NOT NULL ORDER BY ts",
            (*_clamp(start_ms, end_ms), dev),
        ).fetchall()

    def windows(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int, every_ms: int
    ) -> list[Window]:
        """Statistics per aligned window."""
        column = _known(metric)
        if every_ms <= 0:
            raise StoreError(f"every_ms is {every_ms}, must be positive")
        rows = self._database.reader.execute(
            f"SELECT ts - ts % ?, count({column}), min({column}), max({column}), avg({column})"  # noqa: S608 - checked name
            f" FROM hot WHERE ts >= ? AND ts < ? AND dev = ? AND {column} IS NOT NULL"
            " GROUP BY 1 ORDER BY 1",
            (every_ms, *_clamp(start_ms, end_ms), dev),
        )
        return [Window(*row) for row in rows]

    def exceedances(
        self, metric: str, above: float, *, start_ms: int, end_ms: int, max_gap_ms: int
    ) -> list[Episode]:
        """Runs above the limit of any device."""
        column = _known(metric)
        connection = self._database.reader
        bounds = _clamp(start_ms, end_ms)
        # Only devices that ever exceed are read in full; the others cost one comparison a row.
        devs = connection.execute(
            f"SELECT DISTINCT dev FROM hot WHERE ts >= ? AND ts < ? AND {column} > ?",  # noqa: S608 - checked name
            (*bounds, above),
        ).fetchall()
        found = [
            episode
            for (dev,) in devs
            for episode in episodes(dev, self.series(dev, metric, *bounds), above, max_gap_ms)
        ]
        return sorted(found, key=lambda episode: (episode.begin_ms, episode.dev))

    def expire(self, before_ms: int) -> int:
        """Forget rows older than before_ms; the rollup keeps its hours."""
        with self._database.transaction() as connection:
            rollup.refresh_before(connection, before_ms)
            counts = [
                connection.execute(f"DELETE FROM {table} WHERE ts < ?", (before_ms,)).rowcount  # noqa: S608 - two fixed names
                for table in _EXPIRED_TABLES
            ]
            if counts[0]:
                connection.execute(
                    "INSERT OR REPLACE INTO meta VALUES ('kept_since', ?)", (str(before_ms),)
                )
        return counts[0]

    def kept_since_ms(self) -> int:
        """Rows older than this may have expired; 0 while none ever did."""
        row = self._database.reader.execute(
            "SELECT value FROM meta WHERE key = 'kept_since'"
        ).fetchone()
        return int(row[0]) if row else 0

    def export(self, start_ms: int, end_ms: int) -> Iterator[Point]:
        """Rows in order of (ts, dev)."""
        rows = self._database.reader.execute(
            f"SELECT {hot.COLUMNS} FROM hot WHERE ts >= ? AND ts < ? ORDER BY ts, dev",  # noqa: S608 - fixed names
            _clamp(start_ms, end_ms),
        )
        return (hot.point_of(row) for row in rows)

    def rollup(self, dev: str, metric: str, start_ms: int, end_ms: int) -> list[Window]:
        """Hours of the rollup, as far as they have been brought up to date."""
        return rollup.read(self._database.reader, (dev, _known(metric)), start_ms, end_ms)

    def health(self) -> StoreHealth:
        """Size and reach of the store; rows are counted, so ask seldom."""
        connection = self._database.reader
        rows, oldest, newest = connection.execute(
            "SELECT (SELECT count(*) FROM hot), (SELECT min(ts) FROM hot),"
            " (SELECT max(ts) FROM hot)"
        ).fetchone()
        pages, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "page_size")
        )
        keys = connection.execute("SELECT count(*), count(DISTINCT ts || dev) FROM hot_conflict")
        ranked, distinct = keys.fetchone()
        return StoreHealth(rows, oldest, newest, pages * size, ranked - distinct)


def _known(metric: str) -> str:
    if metric not in metrics():
        raise StoreError(f"unknown metric {metric!r}; known are {', '.join(metrics())}")
    return metric


def _clamp(start_ms: int, end_ms: int) -> tuple[int, int]:
    return max(start_ms, 0), min(end_ms, MAX_TS_MS)
