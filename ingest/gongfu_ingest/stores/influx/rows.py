"""What the forwarder reads of telemetry.db: rows as they are resolved now, and hours of them."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gongfu_broker.columns import metrics
from gongfu_ingest.database import Database
from gongfu_ingest.line_protocol import HourStats
from gongfu_ingest.points import Point
from gongfu_ingest.stores import hot
from gongfu_ingest.stores.rollup import HOUR_MS

_AT = f"SELECT {hot.COLUMNS} FROM hot WHERE ts = ? AND dev = ?"  # noqa: S608 - fixed names
_AFTER = f"SELECT {hot.COLUMNS} FROM hot WHERE (ts, dev) > (?, ?) ORDER BY ts, dev LIMIT ?"  # noqa: S608 - fixed names
_STATS = ", ".join(f"count({m}), min({m}), max({m}), avg({m})" for m in metrics())
_HOUR = f"SELECT dev, {_STATS} FROM hot WHERE ts >= ? AND ts < ? GROUP BY dev ORDER BY dev"  # noqa: S608 - fixed names
_PER_METRIC = 4


class DeviceHour(NamedTuple):
    """One device over one hour; metrics without a value are left out."""

    dev: str
    stats: Mapping[str, HourStats]


class ResolvedRows:
    """Reads with the calling thread's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def at(self, keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], Point]:
        """The rows at (ts_ms, dev), conflicts resolved; keys without a row are left out."""
        execute = self._database.reader.execute
        found = (execute(_AT, key).fetchone() for key in keys)
        return {(row[0], row[1]): hot.point_of(row) for row in found if row}

    def after(self, ts_ms: int, dev: str, limit: int) -> list[Point]:
        """Rows beyond (ts_ms, dev) in order of both."""
        rows = self._database.reader.execute(_AFTER, (ts_ms, dev, limit))
        return [hot.point_of(row) for row in rows]

    def next_hour(self, from_ms: int) -> int | None:
        """When the first hour begins, from ``from_ms`` on, that has a row."""
        row = self._database.reader.execute("SELECT min(ts) FROM hot WHERE ts >= ?", (from_ms,))
        oldest = row.fetchone()[0]
        return None if oldest is None else int(oldest - oldest % HOUR_MS)

    def hour(self, t0_ms: int) -> list[DeviceHour]:
        """Statistics of every device over the hour that begins at ``t0_ms``."""
        rows = self._database.reader.execute(_HOUR, (t0_ms, t0_ms + HOUR_MS)).fetchall()
        return [DeviceHour(row[0], _stats(row[1:])) for row in rows]


def _stats(flat: tuple[float, ...]) -> dict[str, HourStats]:
    groups = zip(metrics(), range(0, len(flat), _PER_METRIC), strict=True)
    return {
        metric: HourStats(int(flat[i]), *flat[i + 1 : i + _PER_METRIC])
        for metric, i in groups
        if flat[i]
    }
