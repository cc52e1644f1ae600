"""What is known of an hour without its rows: count, extremes and sum per metric. Pure.

Bytes: msgpack [id, places, n, low, high - low, sum - n * low, …], as whole numbers where the values
are decimals, which makes the sum exact; places -1 means floats [id, -1, n, low, high, sum, …].
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from gongfu_ingest.stores.codec import MOST_PLACES, Floats, Scaled, scale
from gongfu_ingest.stores.table import Table

# What is told of an hour by ``warmest``, without a look at its statistics.
ZONES = ("zone_1_celsius", "zone_2_celsius")
_FIELDS = 6
_MOST = 2**62
_UNITS = tuple(10.0**places for places in range(MOST_PLACES + 1))
_decode = msgspec.msgpack.Decoder(list[float | int]).decode


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
    found = {}
    for name, column in table.columns.items():
        present = column.present()
        found[name] = next(_read(flat(0, present, scale(present))))[1]
    return found


def flat(number: int, values: Floats, scaled: Scaled | None) -> list[float]:
    """The statistics of a metric id and its values, at least one, as they are stored."""
    whole = _whole(scaled) if scaled else None
    if whole:
        return [number, *whole]
    told = values.tolist()
    return [number, -1, len(told), min(told), max(told), _sum(told)]


def unpack(data: bytes) -> dict[int, Stats]:
    """Statistics by metric id."""
    return dict(_read(_decode(data)))


def peak(data: bytes, number: int) -> float | None:
    """The highest value of one metric, None where it has none."""
    stored = _decode(data)
    at = 0
    if not stored or stored[0] != number:  # it is the first metric of most devices
        try:
            at = stored[::_FIELDS].index(number) * _FIELDS
        except ValueError:
            return None
    places = stored[at + 1]
    if places < 0:
        return stored[at + 4]
    return (stored[at + 3] + stored[at + 4]) / _UNITS[int(places)]


def warmest(data: bytes, ids: Mapping[str, int]) -> float | None:
    """The highest temperature of any zone; None without one."""
    peaks = [peak(data, ids[name]) for name in ZONES if name in ids]
    return max((celsius for celsius in peaks if celsius is not None), default=None)


def _read(stored: list[float]) -> Iterator[tuple[int, Stats]]:
    for at in range(0, len(stored), _FIELDS):
        number, places, n, low, more, total = stored[at : at + _FIELDS]
        if places < 0:
            yield int(number), Stats(int(n), low, more, total)
            continue
        unit = _UNITS[int(places)]
        yield int(number), Stats(int(n), low / unit, (low + more) / unit, (total + n * low) / unit)


def _sum(values: list[float]) -> float:
    try:
        return math.fsum(values)
    except OverflowError:
        return sum(values)


def _whole(scaled: Scaled) -> list[float] | None:
    places, values = scaled
    low, high, n = int(values.min()), int(values.max()), len(values)
    if n * max(high - low, abs(low), abs(high)) >= _MOST:
        return None
    return [places, n, low, high - low, int(values.sum()) - n * low]
