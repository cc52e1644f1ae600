"""The telemetry store as ingest and the composition root see it. Times are UTC milliseconds."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from gongfu_broker.ports import Window
from gongfu_ingest.points import Episode, Latest, Point, StoreHealth, WriteResult


class TelemetryStore(Protocol):
    """Where measured values live. Ranges are half open: start_ms <= ts < end_ms."""

    def write(self, points: Sequence[Point]) -> WriteResult:
        """Store rows; returns when they are durable. Writing a row again changes nothing."""
        ...

    def last(self, devs: Collection[str] | None = None) -> Mapping[str, Mapping[str, Latest]]:
        """The newest value per device and metric; every device when devs is None."""
        ...

    def series(self, dev: str, metric: str, start_ms: int, end_ms: int) -> list[tuple[int, float]]:
        """(ts, value) in order of time. Raises StoreError for an unknown metric."""
        ...

    def windows(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int, every_ms: int
    ) -> list[Window]:
        """Statistics per window aligned to multiples of every_ms; empty windows are left out."""
        ...

    def exceedances(
        self, metric: str, above: float, *, start_ms: int, end_ms: int, max_gap_ms: int
    ) -> list[Episode]:
        """Runs above the limit of any device, split at gaps longer than max_gap_ms."""
        ...

    def expire(self, before_ms: int) -> int:
        """Forget rows older than before_ms; returns how many."""
        ...

    def export(self, start_ms: int, end_ms: int) -> Iterator[Point]:
        """Rows in order of (ts, dev), conflicts resolved."""
        ...

    def health(self) -> StoreHealth:
        """Size and reach of the store."""
        ...
