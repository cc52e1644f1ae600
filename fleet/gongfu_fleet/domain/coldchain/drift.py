"""Slow drift: the median of three undisturbed hours, against the warmest that was learned.

Undisturbed: at most the air limit, no door. Means of five minutes stand for the samples between,
so the window is small whatever the period of the sensor.
"""

from statistics import median
from typing import NamedTuple

from gongfu_fleet.domain.coldchain.policy import MINUTE_MS

BUCKET_MS = 5 * MINUTE_MS
WINDOW = 36
EVERY = 2


class Drift(NamedTuple):
    """The bucket being filled, those before it, and the median when it was last looked at."""

    bucket: int = 0
    total: float = 0.0
    values: int = 0
    means: tuple[float, ...] = ()
    fresh: int = 0
    median_celsius: float | None = None
    warmest_celsius: float | None = None
    looks: int = 0


def drifted(before: Drift, ts_ms: int, celsius: float, *, learning: bool) -> Drift:
    """After an undisturbed value."""
    bucket = ts_ms // BUCKET_MS
    if bucket == before.bucket:
        return before._replace(total=before.total + celsius, values=before.values + 1)
    after = _looked(before, learning=learning) if before.values else before
    return after._replace(bucket=bucket, total=celsius, values=1)


def _looked(before: Drift, *, learning: bool) -> Drift:
    means = (*before.means[-WINDOW + 1 :], before.total / before.values)
    fresh = before.fresh + 1
    if len(means) < WINDOW or fresh < EVERY:
        return before._replace(means=means, fresh=fresh)
    middle, warmest = median(means), before.warmest_celsius
    if learning:
        warmest = middle if warmest is None else max(warmest, middle)
    return before._replace(
        means=means,
        fresh=0,
        median_celsius=middle,
        warmest_celsius=warmest,
        looks=before.looks + 1,
    )
