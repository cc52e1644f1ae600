"""The telemetry store inside telemetry.db: hot rows, hour blocks with statistics, newest values.

All of it is a projection: ``project`` runs in the transaction that appends to the log. Rows are hot
until ``fold`` packs them into blocks; what is read is the same before and after.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from operator import itemgetter

from gongfu_broker.columns import metrics
from gongfu_broker.ports import Window
from gongfu_ingest.database import Database
from gongfu_ingest.errors import StoreError
from gongfu_ingest.points import Episode, Latest, Point, StoreHealth, WriteResult
from gongfu_ingest.stores import hot, newest, retention
from gongfu_ingest.stores.blocks import Blocks, folded_until
from gongfu_ingest.stores.fold import Folded, fold
from gongfu_ingest.stores.hot import Row, Shape
from gongfu_ingest.stores.newest import Run, here
from gongfu_ingest.stores.overlay import Overlay, Rows, Span
from gongfu_ingest.stores.rows import MAX_TS_MS
from gongfu_ingest.stores.schema import HOUR_MS
from gongfu_ingest.stores.sift import sift
from gongfu_ingest.stores.size import Figures, figures, health
from gongfu_ingest.stores.verify import faults


class EmbeddedStore:
    """Writes with the database's writer connection, reads with a connection per thread.

    ``project`` and ``write`` belong to the thread that writes. ``refresh_last``, ``fold`` and
    ``expire`` may be called from any other one, with a ``run`` that executes in that thread.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blocks = Blocks(database.metric_ids)

    def write(self, points: Sequence[Point]) -> WriteResult:
        """Store rows in a transaction of their own; durable when it returns."""
        with self._database.transaction():
            return self.project(points)

    def project(self, points: Sequence[Point]) -> WriteResult:
        """Store rows inside the caller's transaction."""
        good, rejected = sift(points)
        fresh, written = self._meet_folded(good)
        new, conflicts = hot.insert(self._database.writer, hot.by_shape(fresh))
        newest.mark(self._database.writer, [point.ts_ms for point in good])
        return WriteResult(written + new, written + conflicts, rejected)

    def project_rows(self, rows: Mapping[Shape, list[Row]]) -> int:
        """Store rows that ingest has judged already, inside the caller's transaction.

        Returns how many met another row at their place.
        """
        writer = self._database.writer
        times_ms = [row[0] for alike in rows.values() for row in alike]
        if times_ms and min(times_ms) < folded_until(writer):
            return self.project(hot.points_of(rows)).conflicts
        for alike in rows.values():
            alike.sort(key=itemgetter(0))  # neighbours in time are neighbours in the file
        newest.mark(writer, times_ms)
        return hot.insert(writer, rows)[1]

    def refresh_last(self, run: Run = here) -> int:
        """Bring the table of newest values up to date; returns how many values were offered."""
        return newest.refresh(self._database, run)

    def fold(self, cut_ms: int, run: Run = here) -> Folded:
        """Pack hot rows older than ``cut_ms`` into hour blocks."""
        return fold(self._database, self._blocks, cut_ms, run)

    def last(self, devs: Collection[str] | None = None) -> Mapping[str, Mapping[str, Latest]]:
        """The newest value per device and metric; it outlives its row."""
        with self._database.snapshot() as connection:
            return newest.read(connection, devs)

    def series(self, dev: str, metric: str, start_ms: int, end_ms: int) -> list[tuple[int, float]]:
        """(ts, value) in order of time."""
        _require(metric)
        with self._database.snapshot() as connection:
            overlay = Overlay(connection, self._blocks)
            return overlay.series(dev, metric, _clamp(start_ms, end_ms))

    def side_by_side(self, dev: str, metrics: Sequence[str], start_ms: int, end_ms: int) -> Rows:
        """(ts, values in the order of ``metrics``) in order of time, where there is one of them."""
        for metric in metrics:
            _require(metric)
        with self._database.snapshot() as connection:
            overlay = Overlay(connection, self._blocks)
            return overlay.side_by_side(dev, metrics, _clamp(start_ms, end_ms))

    def windows(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int, every_ms: int
    ) -> list[Window]:
        """Statistics per aligned window; windows of whole hours know expired rows as well."""
        _require(metric)
        if every_ms <= 0:
            raise StoreError(f"every_ms is {every_ms}, must be positive")
        with self._database.snapshot() as connection:
            overlay = Overlay(connection, self._blocks)
            return overlay.windows(dev, metric, _clamp(start_ms, end_ms), every_ms)

    def exceedances(
        self, metric: str, above: float, *, start_ms: int, end_ms: int, max_gap_ms: int
    ) -> list[Episode]:
        """Runs above the limit of any device."""
        _require(metric)
        with self._database.snapshot() as connection:
            overlay = Overlay(connection, self._blocks)
            return overlay.exceedances(metric, above, _clamp(start_ms, end_ms), max_gap_ms)

    def expire(self, before_ms: int, run: Run = here) -> int:
        """Forget rows older than before_ms; statistics of their hours stay."""
        self.fold(before_ms, run)
        return retention.expire(self._database, self._blocks, before_ms, run)

    def kept_since_ms(self) -> int:
        """Rows older than this may have expired; 0 while none ever did."""
        return retention.kept_since(self._database.reader)

    def export(
        self, start_ms: int, end_ms: int, devs: Collection[str] | None = None
    ) -> Iterator[Point]:
        """Rows in order of (ts, dev), all of one moment: that of the first row."""
        with closing(self._database.open_reader()) as connection:
            connection.execute("BEGIN")
            yield from Overlay(connection, self._blocks).rows(_clamp(start_ms, end_ms), devs)

    def rollup(self, dev: str, metric: str, start_ms: int, end_ms: int) -> list[Window]:
        """Statistics of the hours that begin in [start_ms, end_ms)."""
        start, end = (-(-ms // HOUR_MS) * HOUR_MS for ms in (start_ms, end_ms))
        return self.windows(dev, metric, start_ms=start, end_ms=end, every_ms=HOUR_MS)

    def health(self) -> StoreHealth:
        """Size and reach of the store; it looks at every hot row, so ask seldom."""
        with self._database.snapshot() as connection:
            return health(connection, self._blocks)

    def figures(self) -> Figures:
        """What lies where; it adds up every hour, so ask seldom."""
        with self._database.snapshot() as connection:
            return figures(connection, self._blocks)

    def faults(self) -> Iterator[str]:
        """A sentence for everything that is wrong with blocks, statistics and newest values."""
        return faults(self._database)

    def _meet_folded(self, points: Sequence[Point]) -> tuple[Sequence[Point], int]:
        """(rows without a folded one at their place, how many others were resolved with it)."""
        writer = self._database.writer
        until_ms = folded_until(writer)
        if not points or min(point.ts_ms for point in points) >= until_ms:
            return points, 0
        fresh: list[Point] = []
        resolved = 0
        for point in points:
            ts_ms, dev = point.ts_ms, point.dev
            folded = self._blocks.at(writer, ts_ms, dev) if ts_ms < until_ms else None
            if folded is None or hot.at(writer, ts_ms, dev):
                fresh.append(point)  # a hot row is the whole truth of its place already
            elif folded.rank != point.rank:
                resolved += hot.merge(writer, point, folded)
        late = [(point.ts_ms, point.dev) for point in fresh if point.ts_ms < until_ms]
        writer.executemany("INSERT OR IGNORE INTO late VALUES (?, ?)", late)
        return fresh, resolved


def _require(metric: str) -> None:
    if metric not in metrics():
        raise StoreError(f"unknown metric {metric!r}; known are {', '.join(metrics())}")


def _clamp(start_ms: int, end_ms: int) -> Span:
    return Span(max(start_ms, 0), min(end_ms, MAX_TS_MS))
