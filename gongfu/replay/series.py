"""Reading a recorded series from CSV: column mapping, units, faults by line."""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class Unit(StrEnum):
    """The unit of the recorded values; the bus carries degrees Celsius."""

    CELSIUS = "degC"
    FAHRENHEIT = "degF"
    KELVIN = "K"


@dataclass(frozen=True)
class Mapping:
    """Which columns hold time and value, in which unit and zone; empty names: first and second."""

    time_column: str = ""
    value_column: str = ""
    unit: Unit = Unit.CELSIUS
    zone: str = "UTC"


@dataclass(frozen=True)
class Row:
    """One sample: UTC milliseconds and degrees Celsius."""

    ts_ms: int
    celsius: float


@dataclass(frozen=True)
class Fault:
    """A line that is no sample, and why."""

    line: int
    why: str


@dataclass(frozen=True)
class Series:
    """What a file holds: samples in order of time, each time once, and the lines left out."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


class SeriesError(ValueError):
    """The file as a whole cannot be read as a series; the message says what to do."""


def read_series(lines: Iterable[str], mapping: Mapping) -> Series:
    """Read a CSV with a header line. Raises SeriesError when no sample is in it."""
    rows: dict[int, Row] = {}
    faults: list[Fault] = []
    for line, cells in _cells(lines, mapping):
        try:
            row = _row(cells, mapping)
        except ValueError as error:
            faults.append(Fault(line, str(error)))
            continue
        if row.ts_ms in rows and rows[row.ts_ms] != row:
            faults.append(Fault(line, "the same time again with another value"))
        rows.setdefault(row.ts_ms, row)
    if not rows:
        hint = f"; line {faults[0].line}: {faults[0].why}" if faults else ""
        raise SeriesError(f"no sample in the file{hint}: check the columns and the unit")
    return Series(tuple(rows[ts] for ts in sorted(rows)), tuple(faults))


def to_celsius(value: float, unit: Unit) -> float:
    """Convert to degrees Celsius, rounded to a thousandth."""
    if unit is Unit.FAHRENHEIT:
        value = (value - 32) / 1.8
    elif unit is Unit.KELVIN:
        value -= 273.15
    return round(value, 3)


def _cells(lines: Iterable[str], mapping: Mapping) -> Iterator[tuple[int, tuple[str, str]]]:
    reader = csv.reader(lines)
    header = [name.strip().lstrip("\ufeff") for name in next(reader, [])]
    if len(header) < 2:  # noqa: PLR2004 - a time and a value
        raise SeriesError("the first line must name at least a time and a value column")
    at = _place(header, mapping.time_column, 0), _place(header, mapping.value_column, 1)
    for cells in reader:
        if cells:
            padded = [*cells, *[""] * len(header)]
            yield reader.line_num, (padded[at[0]].strip(), padded[at[1]].strip())


def _place(header: list[str], name: str, default: int) -> int:
    if not name:
        return default
    if name not in header:
        raise SeriesError(f"no column {name!r}; the file has {', '.join(header)}")
    return header.index(name)


def _row(cells: tuple[str, str], mapping: Mapping) -> Row:
    text, number = cells
    try:
        value = float(number)
    except ValueError:
        raise ValueError(f"value {number!r} is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"value {number!r} is not finite")
    return Row(_time_ms(text, mapping.zone), to_celsius(value, mapping.unit))


def _time_ms(text: str, zone: str) -> int:
    if text.isdigit():
        stamp = int(text)
        return stamp if stamp > 10**11 else stamp * 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"time {text!r} is neither ISO 8601 nor a Unix time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp() * 1000)
