"""What the forwarder reads of telemetry.db: rows as they are resolved now, and hours of them."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

from gongfu_ingest.database import Database
from gongfu_ingest.line_protocol import HourStats
from gongfu_ingest.points import Point
from gongfu_ingest.stores import hot
from gongfu_ingest.stores.blocks import Blocks
from gongfu_ingest.stores.overlay import Overlay, Span
from gongfu_ingest.stores.roll import Stats
from gongfu_ingest.stores.rows import MAX_TS_MS
from gongfu_ingest.stores.schema import HOUR_MS


class DeviceHour(NamedTuple):
    """One device over one hour; metrics without a value are left out."""

    dev: str
    stats: Mapping[str, HourStats]


class ResolvedRows:
    """Reads with the calling thread's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._blocks = Blocks(database.metric_ids)

    def at(self, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Point]:
        """The rows at (ts_ms, dev), conflicts resolved; keys without a row are left out."""
        found = {}
        with self._database.snapshot() as connection:
            for key in keys:
                point = hot.at(connection, *key) or self._blocks.at(connection, *key)
                if point is not None:
                    found[key] = point
        return found

    def after(self, ts_ms: int, dev: str, limit: int) -> list[Point]:
        """Rows beyond (ts_ms, dev) in order of both."""
        with self._database.snapshot() as connection:
            rows = Overlay(connection, self._blocks).rows(Span(max(ts_ms, 0), MAX_TS_MS))
            beyond = (point for point in rows if (point.ts_ms, point.dev) > (ts_ms, dev))
            return list(islice(beyond, limit))

    def next_hour(self, from_ms: int) -> int | None:
        """When the first hour begins, from ``from_ms`` on, that has a row."""
        with self._database.snapshot() as connection:
            return Overlay(connection, self._blocks).next_hour(from_ms)

    def hour(self, t0_ms: int) -> list[DeviceHour]:
        """Statistics of every device over the hour that begins at ``t0_ms``."""
        with self._database.snapshot() as connection:
            found = Overlay(connection, self._blocks).hour(t0_ms // HOUR_MS)
        return [DeviceHour(dev, _told(stats)) for dev, stats in sorted(found.items())]


def _told(stats: Mapping[str, Stats]) -> dict[str, HourStats]:
    return {metric: HourStats(s.n, s.low, s.high, s.total / s.n) for metric, s in stats.items()}
