"""Batches in which nothing is to be blanked or refused, which is nearly all of them.

msgspec checks every value's range while it reads, so such a batch costs a fraction of
``codec.decode_telemetry``, which decides about all others: whatever is not plain is None here.
"""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from gongfu_broker.codec import KNOWN_VERSION, MAX_DT_MS
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.payloads import MAX_PAYLOAD_BYTES, MAX_ROWS, Boot, Lo, Seq, TimeMs

Values = tuple[float | None, ...]
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_astuple = msgspec.structs.astuple
_new = tuple.__new__


class PlainRow(NamedTuple):
    """One sample: the device's time stamp, and values of the first few columns of its kind."""

    ts_ms: int
    values: Values


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
    if len(payload) > MAX_PAYLOAD_BYTES:
        return None
    try:
        told = _DECODE[kind](payload)
    except _UNREADABLE:
        return None
    t0_ms = told.t0
    rows = [_row(t0_ms, _astuple(row)) for row in told.s]
    return _new(PlainBatch, (told.boot, told.seq, told.lo, rows))


def _row(t0_ms: int, told: tuple[Any, ...]) -> PlainRow:
    end = len(told)
    if None in told:
        end = told.index(None)
        if told.count(None) != len(told) - end:
            end = max(place for place, value in enumerate(told) if value is not None) + 1
    return _new(PlainRow, (t0_ms + int(told[0]), told[1:end]))


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


_DECODE = {kind: _decoder(kind) for kind in DeviceKind}
