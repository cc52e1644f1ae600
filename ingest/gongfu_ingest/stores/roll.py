"""What is known of an hour without its rows: count, extremes and sum per metric. Pure.

Bytes: msgpack [id, places, n, low, high - low, sum - n * low, …], as whole numbers where the values
are decimals, which makes the sum exact; places -1 means floats [id, -1, n, low, high, sum, …].
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from gongfu_ingest.stores.codec import Floats, Ints, scale
from gongfu_ingest.stores.table import Table

_FIELDS = 6
_MOST = 2**62


class Stats(NamedTuple):
    """One metric over a span of time."""

    n: int
    low: float
    high: float
    total: float

    def plus(self, other: "Stats") -> "Stats":
        """Both spans together."""
        return Stats(
            self.n + other.n,
            min(self.low, other.low),
            max(self.high, other.high),
            self.total + other.total,
        )


def stats_of(table: Table) -> dict[str, Stats]:
    """Statistics of every metric of a table."""
    return {
        name: next(_read(_pack_one(0, column.present())))[1]
        for name, column in table.columns.items()
    }


def pack(table: Table, ids: Mapping[str, int]) -> bytes:
    """Statistics of every metric of a table."""
    flat: list[float] = []
    for name, column in table.columns.items():
        flat += _pack_one(ids[name], column.present())
    return msgspec.msgpack.encode(flat)


def unpack(data: bytes) -> dict[int, Stats]:
    """Statistics by metric id."""
    return dict(_read(msgspec.msgpack.decode(data)))


def peak(data: bytes, number: int) -> float | None:
    """The highest value of one metric, None where it has none."""
    flat = msgspec.msgpack.decode(data)
    try:
        at = flat[::_FIELDS].index(number) * _FIELDS
    except ValueError:
        return None
    return next(_read(flat[at : at + _FIELDS]))[1].high


def _read(flat: list[float]) -> Iterator[tuple[int, Stats]]:
    for at in range(0, len(flat), _FIELDS):
        number, places, n, low, more, total = flat[at : at + _FIELDS]
        if places < 0:
            yield int(number), Stats(int(n), low, more, total)
            continue
        unit = 10.0**places
        yield int(number), Stats(int(n), low / unit, (low + more) / unit, (total + n * low) / unit)


def _pack_one(number: int, values: Floats) -> list[float]:
    scaled = scale(values)
    if scaled and (whole := _whole(*scaled)):
        return [number, *whole]
    told = values.tolist()
    return [number, -1, len(told), min(told), max(told), _sum(told)]


def _sum(values: list[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        return sum(values)


def _whole(places: int, values: Ints) -> list[int] | None:
    low, high, n = int(values.min()), int(values.max()), len(values)
    if n * max(high - low, abs(low), abs(high)) >= _MOST:
        return None
    return [places, n, low, high - low, int((values - low).sum())]
