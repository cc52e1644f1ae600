"""InfluxDB line protocol, written as bytes without point objects in between.

Measurement: the device kind. Tags: ``dev`` and ``site``, nothing else. Everything measured is a
float field named as its column; flags are integers 0/1, because ``sum`` refuses booleans; ``boot``,
``mseq`` and ``idx`` are integer fields that name the log record a row comes from. Times are UTC
milliseconds. Source: the line protocol reference of InfluxDB 1.x to 3.x.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import msgspec

from gongfu_broker.columns import DeviceKind
from gongfu_ingest.errors import LineError
from gongfu_ingest.points import Point

FLAGS = frozenset({"door_open", "mains_on", "lock_latched"})
RANK_FIELDS = ("boot", "mseq", "idx")
_FIT = (0, 1)
_FLAGS_TOLD = {b"0.0": b"0", b"-0.0": b"0", b"0": b"0", b"1.0": b"1", b"1": b"1"}
HOURLY = "_1h"
# None, NaN and the infinities become ``null``.
_numbers, _NULL = msgspec.json.Encoder().encode, b"null"
Value = float | int | str | None


class Place(NamedTuple):
    """What a point's tags say of its device."""

    kind: DeviceKind
    site: str


class Line(NamedTuple):
    """A point of any measurement; fields without a value are left out."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Value]
    ts_ms: int


class HourStats(NamedTuple):
    """One metric over one hour."""

    n: int
    min: float
    max: float
    mean: float


def render(line: Line) -> bytes:
    """Any line. Raises LineError for what cannot be written: no field, NaN, a line break."""
    fields = {name: value for name, value in line.fields.items() if value is not None}
    if both := fields.keys() & line.tags.keys():
        raise LineError(f"{sorted(both)} of {line.measurement} are tag and field: rename one")
    if not fields:
        raise LineError(f"{line.measurement} at {line.ts_ms} has no field: give at least one")
    told = ",".join(f"{_key(name)}={_value(value)}" for name, value in fields.items())
    return (
        f"{_prefix(line.measurement, tuple(sorted(line.tags.items())))}{told} {line.ts_ms}".encode()
    )


def point_line(place: Place, point: Point) -> bytes:
    """A measured row. A flag that is neither 0 nor 1 is left out; ``unfit`` names it."""
    ts_ms, dev, rank, values = point
    form = row_form(tuple(values))
    return form.line(line_head(place, dev), tuple(values.values()), (*rank, ts_ms))


@lru_cache(maxsize=10_000)
def line_head(place: Place, dev: str) -> bytes:
    """Measurement and tags of a device's rows, escaped, with the space behind them."""
    return _prefix(place.kind.value, (("dev", dev), ("site", place.site))).encode()


@dataclass(frozen=True, slots=True)
class RowForm:
    """How rows that bear the same metrics are written; ``flags`` tells where flags stand."""

    metrics: tuple[str, ...]
    text: bytes
    flags: tuple[int, ...]

    def line(
        self, head: bytes, values: tuple[float | None, ...], stamp: tuple[int, int, int, int]
    ) -> bytes:
        """A row of the device with this ``line_head``; ``stamp`` is (boot, mseq, idx, ts_ms).

        Values that are None or not finite, and flags that are neither 0 nor 1, are left out.
        """
        # A JSON encoder writes numbers in half the time that Python's own formatting takes.
        numbers = _numbers((*values, *stamp))
        if _NULL in numbers:
            return self._partial(head, values, stamp)
        told = numbers[1:-1].split(b",")
        for flag in self.flags:
            fit = _FLAGS_TOLD.get(told[flag])
            if fit is None:
                return self._partial(head, values, stamp)
            told[flag] = fit
        return head + self.text % tuple(told)

    def _partial(
        self, head: bytes, values: tuple[float | None, ...], stamp: tuple[int, int, int, int]
    ) -> bytes:
        fit = {
            metric: value
            for metric, value in zip(self.metrics, values, strict=True)
            if value is not None and math.isfinite(value) and (metric not in FLAGS or value in _FIT)
        }
        return row_form(tuple(fit)).line(head, tuple(fit.values()), stamp)


@lru_cache(maxsize=1_000)
def row_form(metrics: tuple[str, ...]) -> RowForm:
    """The form of rows that bear these metrics, in this order."""
    told = [f"{metric}=%bi" if metric in FLAGS else f"{metric}=%b" for metric in metrics]
    told += [f"{name}=%bi" for name in RANK_FIELDS]
    flags = tuple(place for place, metric in enumerate(metrics) if metric in FLAGS)
    return RowForm(metrics, (",".join(told) + " %b").encode(), flags)


def unfit(point: Point) -> list[str]:
    """Why some of the point's values cannot be written; empty for nearly every point."""
    return [
        f"{flag}={point.values[flag]:g} is neither 0 nor 1: the value was left out"
        for flag in FLAGS & point.values.keys()
        if point.values[flag] not in (0, 1)
    ]


def hour_line(place: Place, dev: str, t0_ms: int, stats: Mapping[str, HourStats]) -> bytes:
    """A device's hour: per metric its count, extremes and mean, at the beginning of the hour."""
    fields: dict[str, Value] = {}
    for metric, (n, low, high, mean) in stats.items():
        fields |= {
            f"{metric}_n": n,
            f"{metric}_min": float(low),
            f"{metric}_max": float(high),
            f"{metric}_mean": float(mean),
        }
    tags = {"dev": dev, "site": place.site}
    return render(Line(place.kind.value + HOURLY, tags, fields, t0_ms))


@lru_cache(maxsize=10_000)
def _prefix(measurement: str, tags: tuple[tuple[str, str], ...]) -> str:
    name = _clean(measurement).replace(",", r"\,").replace(" ", r"\ ")
    if name.startswith("#"):
        raise LineError(f"{name!r} would make the line a comment: choose another measurement")
    # An empty tag value is no tag, and not allowed in the text.
    told = "".join(f",{_key(tag)}={_key(value)}" for tag, value in tags if value)
    return f"{name}{told} "


def _key(text: str) -> str:
    clean = _clean(text)
    return clean.replace(",", r"\,").replace("=", r"\=").replace(" ", r"\ ")


def _clean(text: str) -> str:
    # Servers do not agree what a backslash before another or before a comma means; a line break
    # would end the line.
    if not text.isprintable() or "\\" in text or not text:
        raise LineError(f"{text!r} cannot be a name or tag in line protocol: use plain characters")
    return text


def _value(value: float | str) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", r"\\").replace('"', r"\"")
        return f'"{" ".join(escaped.splitlines())}"'
    if isinstance(value, int):
        return f"{int(value)}i"
    if not math.isfinite(value):
        raise LineError(f"{value} cannot be written: leave the field out")
    return repr(value)
