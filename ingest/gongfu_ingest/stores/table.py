"""Rows of one device as columns, in order of time. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores.codec import Floats, Ints, Mask
from gongfu_ingest.stores.hot import Row


class Column(NamedTuple):
    """``values`` has a place for every row; it counts where ``mask`` is true."""

    mask: Mask
    values: Floats

    def present(self) -> Floats:
        """The values of the rows that have one."""
        return self.values if self.mask.all() else self.values[self.mask]


class Table(NamedTuple):
    """``ts`` rises strictly. Metrics without any value are left out."""

    ts: Ints
    boot: Ints
    mseq: Ints
    idx: Ints
    columns: Mapping[str, Column]


def table_of(rows: Sequence[Row], names: Sequence[str]) -> Table:
    """Of rows (ts, dev, boot, mseq, idx, *values by ``names``) in order of time; at least one."""
    ts, _, boot, mseq, idx, *values = zip(*rows, strict=True)
    count = len(rows)
    columns = {
        name: _column(column)
        for name, column in zip(names, values, strict=True)
        if column.count(None) < count
    }
    return Table(_ints(ts), _ints(boot), _ints(mseq), _ints(idx), columns)


def over(old: Table, new: Table) -> Table:
    """Both, a row of ``new`` taking the place of the old one of the same time."""
    keep = ~np.isin(old.ts, new.ts)
    ts = np.concatenate([old.ts[keep], new.ts])
    order = np.argsort(ts, kind="stable")

    def joined(one: Ints, other: Ints) -> Ints:
        return np.concatenate([one[keep], other])[order]

    columns = {}
    for name in (*old.columns, *(name for name in new.columns if name not in old.columns)):
        one, other = _filled(old, name), _filled(new, name)
        columns[name] = Column(
            np.concatenate([one.mask[keep], other.mask])[order],
            np.concatenate([one.values[keep], other.values])[order],
        )
    return Table(
        ts[order],
        joined(old.boot, new.boot),
        joined(old.mseq, new.mseq),
        joined(old.idx, new.idx),
        {name: column for name, column in columns.items() if column.mask.any()},
    )


def part(table: Table, rows: Mask) -> Table:
    """The rows of a mask."""
    columns = {
        name: Column(column.mask[rows], column.values[rows])
        for name, column in table.columns.items()
        if column.mask[rows].any()
    }
    return Table(table.ts[rows], table.boot[rows], table.mseq[rows], table.idx[rows], columns)


def points(table: Table, dev: str) -> Iterator[Point]:
    """Row by row."""
    columns = [
        (name, column.mask.tolist(), column.values.tolist())
        for name, column in table.columns.items()
    ]
    ranks = zip(table.boot.tolist(), table.mseq.tolist(), table.idx.tolist(), strict=True)
    for row, (ts, rank) in enumerate(zip(table.ts.tolist(), ranks, strict=True)):
        values = {name: column[row] for name, mask, column in columns if mask[row]}
        yield Point(ts, dev, Rank(*rank), values)


def _column(values: Sequence[float | None]) -> Column:
    mask = np.array([value is not None for value in values], np.bool_)
    return Column(mask, np.array([0.0 if v is None else v for v in values], np.float64))


def _filled(table: Table, name: str) -> Column:
    count = len(table.ts)
    none = Column(np.zeros(count, np.bool_), np.zeros(count, np.float64))
    return table.columns.get(name, none)


def _ints(values: Iterable[Any]) -> Ints:  # Any: SQLite's column types
    return np.array(list(values), np.int64)
