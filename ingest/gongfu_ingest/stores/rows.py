"""What every store must agree on: which rows are refused, how conflicts resolve, what a run is."""

import math
from collections.abc import Iterable, Sequence

from gongfu_broker.columns import metrics
from gongfu_ingest.points import Episode, Point

MAX_TS_MS = 4_102_444_800_000  # the year 2100


def fault_of(point: Point) -> str | None:
    """Why a row cannot be stored, or None."""
    if not 0 <= point.ts_ms < MAX_TS_MS:
        return f"time {point.ts_ms} ms lies outside 1970..2100"
    if not point.values:
        return "no value in the row"
    for metric, value in point.values.items():
        if metric not in metrics():
            return f"unknown metric {metric!r}"
        if not math.isfinite(value):
            return f"{metric} is {value}"
    return None


def resolve(rows: Sequence[Point]) -> Point:
    """One row of several for the same device and time: value by value the highest rank wins."""
    ordered = sorted(rows, key=lambda row: row.rank)
    values = {metric: value for row in ordered for metric, value in row.values.items()}
    return Point(ordered[-1].ts_ms, ordered[-1].dev, ordered[-1].rank, values)


def episodes(
    dev: str, series: Iterable[tuple[int, float]], above: float, max_gap_ms: int
) -> list[Episode]:
    """Runs of samples above the limit; a sample at or below it, or a gap, ends a run."""
    found: list[Episode] = []
    n, begin, end, peak = 0, 0, 0, above
    for ts, value in series:
        if n and (value <= above or ts - end > max_gap_ms):
            found.append(Episode(dev, begin, end, peak, n))
            n, peak = 0, above
        if value > above:
            if not n:
                begin = ts
            n, end = n + 1, ts
            peak = max(peak, value)
    if n:
        found.append(Episode(dev, begin, end, peak, n))
    return found
