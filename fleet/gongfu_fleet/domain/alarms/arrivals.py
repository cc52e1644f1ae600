"""Sorting what arrived for a zone: what can be followed on, and what reaches back in time."""

from collections.abc import Iterable, Sequence
from itertools import dropwhile, groupby
from typing import NamedTuple

from gongfu_fleet.domain.alarms.rulebook import Row, judged_row


class Arrival(NamedTuple):
    """One row as the log brought it."""

    seq: int
    row: Row

    @property
    def ts_ms(self) -> int:
        """Event time."""
        return self.row[0]


class Covered(NamedTuple):
    """Records up to ``seq`` with rows at ``from_ms`` or later are in the state already."""

    seq: int
    from_ms: int


class Sorted(NamedTuple):
    """Rows to be judged, in order of time; ``late_ms`` is the oldest that cannot be followed on.

    Such a row belongs to a bucket that was judged before it came and by another row, or to one
    that is older, or another row bears its time stamp: then the store's resolved rows decide, from
    ``late_ms`` on.
    """

    rows: tuple[Row, ...]
    late_ms: int | None


def sort_arrivals(
    last: Row | None, covered: Covered | None, arrivals: Iterable[Arrival], *, sample_ms: int
) -> Sorted:
    """Drop what the state has already or need not know; ``last`` is its newest judged row."""
    fresh = {a.row for a in arrivals if not _has(covered, a)}
    rows = sorted(fresh, key=_ts_ms)
    if last is None:
        rows = list(dropwhile(lambda row: row[1][0] is None, rows))
    else:
        rows = [row for row in rows if _matters(row, last, sample_ms)]
        if rows and rows[0][0] // sample_ms <= last[0] // sample_ms:
            return Sorted(tuple(rows), rows[0][0])
    return _judged(rows, sample_ms)


def _judged(rows: Iterable[Row], sample_ms: int) -> Sorted:
    found, late_ms = [], None
    for _, own in groupby(rows, key=lambda row: row[0] // sample_ms):
        bucket = list(own)
        row = judged_row(bucket)
        if late_ms is None and _rivals(row, bucket):
            late_ms = row[0]
        found.append(row)
    return Sorted(tuple(found), late_ms)


def _rivals(row: Row, bucket: Sequence[Row]) -> bool:
    return sum(other[0] == row[0] for other in bucket) > 1


def _has(covered: Covered | None, arrival: Arrival) -> bool:
    return covered is not None and arrival.seq <= covered.seq and arrival.ts_ms >= covered.from_ms


def _matters(row: Row, last: Row, sample_ms: int) -> bool:
    """Whether a row can change what is judged, given the newest row that was."""
    ts_ms = row[0]
    if ts_ms // sample_ms != last[0] // sample_ms:
        return True
    if ts_ms == last[0]:
        return row != last
    known, was_known = row[1][0] is not None, last[1][0] is not None
    return ts_ms < last[0] if known is was_known else known


def _ts_ms(row: Row) -> int:
    return row[0]
