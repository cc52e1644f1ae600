"""The telemetry store in memory: for tests and small tools; passes the store contract suite."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from gongfu_broker.columns import metrics
from gongfu_broker.ports import Window
from gongfu_ingest.errors import StoreError
from gongfu_ingest.points import (
    Episode,
    Latest,
    Point,
    Rank,
    RejectedPoint,
    StoreHealth,
    WriteResult,
)
from gongfu_ingest.stores.rows import episodes, fault_of, resolve


class MemoryStore:
    """Keeps every row of every rank; reading resolves conflicts."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str], dict[Rank, Point]] = {}

    def write(self, points: Sequence[Point]) -> WriteResult:
        """Store rows; a row with a higher rank wins value by value."""
        written, conflicts = 0, 0
        rejected: list[RejectedPoint] = []
        for point in points:
            if why := fault_of(point):
                rejected.append(RejectedPoint(point, why))
                continue
            ranked = self._rows.setdefault((point.ts_ms, point.dev), {})
            if point.rank not in ranked:
                conflicts += bool(ranked)
                written += 1
                ranked[point.rank] = point
        return WriteResult(written, conflicts, tuple(rejected))

    def last(self, devs: Collection[str] | None = None) -> Mapping[str, Mapping[str, Latest]]:
        """The newest value per device and metric."""
        newest: dict[str, dict[str, Latest]] = {}
        for point in self._resolved():
            if devs is None or point.dev in devs:
                for metric, value in point.values.items():
                    newest.setdefault(point.dev, {})[metric] = Latest(point.ts_ms, value)
        return newest

    def series(self, dev: str, metric: str, start_ms: int, end_ms: int) -> list[tuple[int, float]]:
        """(ts, value) in order of time."""
        _require(metric)
        return [
            (point.ts_ms, point.values[metric])
            for point in self.export(start_ms, end_ms)
            if point.dev == dev and metric in point.values
        ]

    def windows(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int, every_ms: int
    ) -> list[Window]:
        """Statistics per aligned window."""
        if every_ms <= 0:
            raise StoreError(f"every_ms is {every_ms}, must be positive")
        grouped: dict[int, list[float]] = {}
        for ts, value in self.series(dev, metric, start_ms, end_ms):
            grouped.setdefault(ts - ts % every_ms, []).append(value)
        return [
            Window(t0, len(v), min(v), max(v), sum(v) / len(v)) for t0, v in sorted(grouped.items())
        ]

    def exceedances(
        self, metric: str, above: float, *, start_ms: int, end_ms: int, max_gap_ms: int
    ) -> list[Episode]:
        """Runs above the limit of any device."""
        _require(metric)
        by_dev: dict[str, list[tuple[int, float]]] = {}
        for point in self.export(start_ms, end_ms):
            if metric in point.values:
                by_dev.setdefault(point.dev, []).append((point.ts_ms, point.values[metric]))
        found = [
            episode
            for dev, series in by_dev.items()
            for episode in episodes(dev, series, above, max_gap_ms)
        ]
        return sorted(found, key=lambda episode: (episode.begin_ms, episode.dev))

    def expire(self, before_ms: int) -> int:
        """Forget rows older than before_ms."""
        old = [key for key in self._rows if key[0] < before_ms]
        for key in old:
            del self._rows[key]
        return len(old)

    def export(self, start_ms: int, end_ms: int) -> Iterator[Point]:
        """Rows in order of (ts, dev)."""
        return (point for point in self._resolved() if start_ms <= point.ts_ms < end_ms)

    def health(self) -> StoreHealth:
        """Size and reach of the store."""
        times = [ts for ts, _ in self._rows]
        return StoreHealth(
            rows=len(times),
            oldest_ms=min(times, default=None),
            newest_ms=max(times, default=None),
            bytes_on_disk=0,
            conflicts=sum(len(ranked) - 1 for ranked in self._rows.values()),
        )

    def _resolved(self) -> Iterator[Point]:
        return (resolve(list(self._rows[key].values())) for key in sorted(self._rows))


def _require(metric: str) -> None:
    if metric not in metrics():
        raise StoreError(f"unknown metric {metric!r}; known are {', '.join(metrics())}")
