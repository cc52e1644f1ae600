"""What is stored of a sample, and what a store answers."""

from collections.abc import Mapping
from typing import NamedTuple


class Rank(NamedTuple):
    """Which of two rows for the same device and time wins: the higher, value by value."""

    boot: int
    mseq: int
    position: int


class Point(NamedTuple):
    """One row of one device; absent metrics have no value."""

    ts_ms: int
    dev: str
    rank: Rank
    values: Mapping[str, float]


class Latest(NamedTuple):
    """The newest value of a metric."""

    ts_ms: int
    value: float


class Episode(NamedTuple):
    """A run of samples above a limit: first and last such sample, the highest, how many."""

    dev: str
    begin_ms: int
    end_ms: int
    peak: float
    n: int


class RejectedPoint(NamedTuple):
    """A row the store refuses, and why."""

    point: Point
    why: str


class WriteResult(NamedTuple):
    """What became of a batch: ``conflicts`` rows met another row of the same device and time."""

    written: int
    conflicts: int
    rejected: tuple[RejectedPoint, ...]


class StoreHealth(NamedTuple):
    """How a store is doing; times are None while it is empty."""

    rows: int
    oldest_ms: int | None
    newest_ms: int | None
    bytes_on_disk: int
    conflicts: int
