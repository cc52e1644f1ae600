"""Batches in which nothing is to be blanked or refused, which is nearly all of them.

msgspec checks every value's range while it reads, so such a batch costs a fraction of
``codec.decode_telemetry``, which decides about all others: whatever is not plain is None here.
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from gongfu_broker.codec import KNOWN_VERSION, MAX_DT_MS
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.payloads import MAX_PAYLOAD_BYTES, MAX_ROWS, Boot, Lo, Seq, TimeMs

Values = tuple[float | None, ...]
# One sample: the device's time stamp, and values of the first few columns of its kind.
PlainRow = tuple[int, Values]
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_astuple = msgspec.structs.astuple
_new = tuple.__new__


class PlainBatch(NamedTuple):
    """A ``tel`` or ``bf`` message in the batch form."""

    boot: int
    seq: int
    lo: int
    rows: list[PlainRow]


def plain_batch(kind: DeviceKind, payload: bytes) -> PlainBatch | None:
    """Read a batch of a device of this kind; None for ``codec.decode_telemetry`` to judge.

    A row's values end with the last column that bears one.
    """
    return plain_reader(kind)(payload)


@cache
def plain_reader(kind: DeviceKind) -> Callable[[bytes], PlainBatch | None]:
    """``plain_batch`` of one kind, for whoever reads many."""
    decode = _decoder(kind)

    def read(payload: bytes) -> PlainBatch | None:
        if len(payload) > MAX_PAYLOAD_BYTES:
            return None
        try:
            told = decode(payload)
        except _UNREADABLE:
            return None
        t0_ms, rows = told.t0, []
        for row in told.s:
            cells = _astuple(row)
            values = cells[1 : len(cells) - cells.count(None)]
            if None in values:
                values = _to_the_last(cells)
            rows.append((t0_ms + int(cells[0]), values))
        return _new(PlainBatch, (told.boot, told.seq, told.lo, rows))

    return read


def _to_the_last(cells: tuple[Any, ...]) -> Values:
    last = max(place for place, cell in enumerate(cells) if cell is not None)
    return cells[1 : last + 1]


def _decoder(kind: DeviceKind) -> Callable[[bytes], Any]:  # Any: a struct made here
    dt = ("dt_ms", Annotated[float, Meta(ge=0, le=MAX_DT_MS)])
    values = [
        (column.name, Annotated[float, Meta(ge=column.low, le=column.high)] | None, None)
        for column in COLUMNS[KNOWN_VERSION, kind]
    ]
    # A column more than the known ones may be anything: that is for the codec to look at.
    row = msgspec.defstruct(
        "Row", [dt, *values], array_like=True, gc=False, forbid_unknown_fields=True
    )
    fields: list[Any] = [
        ("v", Annotated[int, Meta(ge=KNOWN_VERSION, le=KNOWN_VERSION)]),
        ("boot", Boot),
        ("seq", Seq),
        ("t0", TimeMs),
        ("s", Annotated[list[row], Meta(min_length=1, max_length=MAX_ROWS)]),  # type: ignore[valid-type] # made above
        ("lo", Lo, 1),
    ]
    return msgspec.json.Decoder(msgspec.defstruct("Batch", fields, gc=False)).decode
