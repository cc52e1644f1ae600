"""Which rows may be stored: cheap for a batch without a fault, which is nearly every one."""

from collections.abc import Sequence
from math import isfinite

from gongfu_broker.columns import metrics
from gongfu_ingest.points import Point, RejectedPoint
from gongfu_ingest.stores.rows import MAX_TS_MS, fault_of

_KNOWN = frozenset(metrics())


def sift(points: Sequence[Point]) -> tuple[Sequence[Point], tuple[RejectedPoint, ...]]:
    """(what can be stored, what cannot and why)."""
    if all(map(_sound, points)):
        return points, ()
    faults = [(point, fault_of(point)) for point in points]
    rejected = tuple(RejectedPoint(point, why) for point, why in faults if why)
    return [point for point, why in faults if not why], rejected


def _sound(point: Point) -> bool:
    # A sum is finite only if all of it is; the few finite values that overflow it are looked at.
    values = point.values
    return (
        0 <= point.ts_ms < MAX_TS_MS
        and bool(values)
        and _KNOWN.issuperset(values)
        and isfinite(sum(values.values()))
    )
