"""An hour of one device as bytes, and what is known of it without unpacking. Pure.

Layout: four bytes of CRC-32, then msgpack [layout, rows, ts, boot, mseq, idx, masks, columns]; the
columns by metric id, each [mask or -1, *packed floats of the rows that have a value].
"""

import zlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from gongfu_ingest.errors import BlockError
from gongfu_ingest.stores import roll
from gongfu_ingest.stores.codec import (
    Floats,
    Ints,
    Mask,
    Packed,
    pack_floats,
    pack_ints,
    pack_mask,
    scale,
    unpack_floats,
    unpack_ints,
    unpack_mask,
)
from gongfu_ingest.stores.table import Column, Table

_LAYOUT = 1
_CRC_BYTES = 4
_EVERY_ROW = -1


def encode(table: Table, ids: Mapping[str, int]) -> tuple[bytes, bytes]:
    """(the bytes of a table of at least one row, its statistics); ``ids`` of its metrics."""
    masks: dict[bytes, int] = {}
    columns: dict[int, Packed] = {}
    stats: list[float] = []
    for name, column in table.columns.items():
        which = _EVERY_ROW
        if not column.mask.all():
            which = masks.setdefault(pack_mask(column.mask), len(masks))
        present = column.present()
        scaled = scale(present)
        columns[ids[name]] = [which, *pack_floats(present, scaled)]
        stats += roll.flat(ids[name], present, scaled)
    keys = (pack_ints(each) for each in table[:4])
    body = msgspec.msgpack.encode([_LAYOUT, len(table.ts), *keys, list(masks), columns])
    head = zlib.crc32(body).to_bytes(_CRC_BYTES, "big")
    return head + body, msgspec.msgpack.encode(stats)


class Block:
    """A block that is unpacked as far as it is asked. ``names`` of the metric ids."""

    def __init__(self, data: bytes, names: Mapping[int, str]) -> None:
        """Raises BlockError when the bytes are not what was written."""
        body = data[_CRC_BYTES:]
        if zlib.crc32(body).to_bytes(_CRC_BYTES, "big") != data[:_CRC_BYTES]:
            raise BlockError("its bytes are not those that were written")
        told: list[Any] = msgspec.msgpack.decode(body)  # Any: packed columns
        if told[0] != _LAYOUT:
            raise BlockError(f"it has layout {told[0]}: a newer Gongfu wrote it")
        _, self.rows, *self._keys, self._masks, self._columns = told
        self._series: dict[str, tuple[Ints, Floats]] = {}
        self._ids = {names.get(number, f"metric {number}"): number for number in self._columns}

    @cached_property
    def ts(self) -> Ints:
        """Times of the rows, rising."""
        return unpack_ints(self._keys[0], self.rows)

    def place(self, ts_ms: int) -> int | None:
        """The number of the row of this time."""
        at = int(np.searchsorted(self.ts, ts_ms))
        return at if at < self.rows and self.ts[at] == ts_ms else None

    def series(self, metric: str) -> tuple[Ints, Floats]:
        """(times, values) of one metric; empty when the hour has none."""
        if metric not in self._series:
            self._series[metric] = self._unpacked(metric)
        return self._series[metric]

    def _unpacked(self, metric: str) -> tuple[Ints, Floats]:
        number = self._ids.get(metric)
        if number is None:
            return self.ts[:0], np.zeros(0, np.float64)
        which, *packed = self._columns[number]
        if which == _EVERY_ROW:
            return self.ts, unpack_floats(packed, self.rows)
        mask = self._mask(which)
        return self.ts[mask], unpack_floats(packed, int(mask.sum()))

    @cached_property
    def table(self) -> Table:
        """Everything."""
        boot, mseq, idx = (unpack_ints(packed, self.rows) for packed in self._keys[1:])
        columns = {name: self._column(number) for name, number in self._ids.items()}
        return Table(self.ts, boot, mseq, idx, columns)

    def _column(self, number: int) -> Column:
        which, *packed = self._columns[number]
        mask = np.ones(self.rows, np.bool_) if which == _EVERY_ROW else self._mask(which)
        values = np.zeros(self.rows, np.float64)
        values[mask] = unpack_floats(packed, int(mask.sum()))
        return Column(mask, values)

    def _mask(self, which: int) -> Mask:
        return unpack_mask(self._masks[which], self.rows)
