"""Bytes to contract and back.

Every reader of the log decodes with these functions, so a value out of its physical range is
blanked in the same way everywhere. Nearly all telemetry bears nothing to blank or refuse: msgspec
checks its ranges while it reads, and what fails there is read once more, value by value.
"""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from gongfu_broker.columns import ALIASES, COLUMNS, Column, DeviceKind, positions
from gongfu_broker.errors import PayloadError
from gongfu_broker.payloads import (
    MAX_PAYLOAD_BYTES,
    MAX_ROWS,
    Batch,
    Boot,
    Event,
    Lo,
    Reason,
    Result,
    Seq,
    State,
    TimeMs,
)

KNOWN_VERSION = 1
MAX_DT_MS = 7 * 86_400_000
T = TypeVar("T")


class Sample(NamedTuple):
    """One row: the device's time stamp and its values in the order of the kind's columns."""

    ts_ms: int
    values: tuple[float | None, ...]


class Telemetry(NamedTuple):
    """A decoded ``tel`` or ``bf`` message; boot and seq are None in the single-object form.

    ``faults`` names each value that was blanked because its instrument cannot report it. No sample
    bears values beyond the first ``width`` columns.
    """

    boot: int | None
    seq: int | None
    lo: int
    samples: tuple[Sample, ...]
    faults: tuple[str, ...]
    width: int


class _Shape(NamedTuple):
    """A kind's columns, their limits, and what is missing of a row that bears the first few."""

    columns: tuple[Column, ...]
    limits: tuple[tuple[float, float], ...]
    missing: tuple[tuple[None, ...], ...]


class _PlainOfWidth(dict[int, Callable[[bytes], Any]]):  # Any: a struct made here
    """What reads plain rows of a kind, by their number of values; made when first asked for.

    They all bear as many values, each in its range; others make it raise. Rows become tuples at
    once, in half the time of rows of any width.
    """

    def __init__(self, shape: _Shape) -> None:
        super().__init__()
        self._shape = shape

    def __missing__(self, width: int) -> Callable[[bytes], Any]:
        columns = self._shape.columns
        if width > len(columns):
            return self[0]  # columns of a later version: it will refuse them
        read = self[width] = _plain_reader(columns[:width])
        return read


_DT_MS = Annotated[int, Meta(ge=0, le=MAX_DT_MS)]


def _shape(columns: tuple[Column, ...]) -> _Shape:
    width = len(columns)
    missing = tuple((None,) * (width - known) for known in range(width + 1))
    return _Shape(columns, tuple((c.low, c.high) for c in columns), missing)


def _plain_reader(columns: tuple[Column, ...]) -> Callable[[bytes], Any]:
    return _batch_reader(tuple.__class_getitem__((_DT_MS, *map(_in_range, columns))))


def _mixed_reader(columns: tuple[Column, ...]) -> Callable[[bytes], Any]:
    """Reads batches whose rows bear some of these values, each in its range; None for the rest."""
    cells = [(column.name, _in_range(column), None) for column in columns]
    # What stands behind the known columns may be anything: that is not for this reader.
    row = msgspec.defstruct(
        "Row", [("dt_ms", _DT_MS), *cells], array_like=True, gc=False, forbid_unknown_fields=True
    )
    return _batch_reader(row)


def _in_range(column: Column) -> Any:  # noqa: ANN401 - a type made from data
    return Annotated[float, Meta(ge=column.low, le=column.high)] | None


def _batch_reader(row: Any) -> Callable[[bytes], Any]:  # noqa: ANN401 - a type made from data
    fields: list[Any] = [
        ("v", Annotated[int, Meta(ge=KNOWN_VERSION, le=KNOWN_VERSION)]),
        ("boot", Boot),
        ("seq", Seq),
        ("t0", TimeMs),
        ("s", Annotated[list[row], Meta(min_length=1, max_length=MAX_ROWS)]),
        ("lo", Lo, 1),
    ]
    return msgspec.json.Decoder(msgspec.defstruct("PlainBatch", fields, gc=False)).decode


# A NamedTuple's own constructor is a Python function; for what is made per message this is twice
# as fast.
_new = tuple.__new__
_SHAPES = {kind: _shape(COLUMNS[KNOWN_VERSION, kind]) for kind in DeviceKind}
_PLAIN = {kind: _PlainOfWidth(shape) for kind, shape in _SHAPES.items()}
_MIXED = {kind: _mixed_reader(shape.columns) for kind, shape in _SHAPES.items()}
_cells = msgspec.structs.astuple
_decode_batch = msgspec.json.Decoder(Batch).decode
_event = msgspec.json.Decoder(Event)
_state = msgspec.json.Decoder(State)
_result = msgspec.json.Decoder(Result)
_object = msgspec.json.Decoder(dict[str, Any])  # the single-object form has free field names
encode = msgspec.json.Encoder().encode
# Deep nesting makes msgspec raise RecursionError, in fields it does not know as well.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_telemetry(kind: DeviceKind, payload: bytes) -> Telemetry:
    """Read a batch, or the single-object form ``{"ts": …, "tc": …}``.

    Raises PayloadError with reason too_large, malformed or unknown_version.
    """
    batch = plain_batch(kind, payload)
    if batch is None:
        return _mixed(kind, payload)
    t0_ms, rows = batch.t0, batch.s
    width = len(rows[0]) - 1
    missing = _SHAPES[kind].missing[width]
    if len(rows) == 1:  # nearly always, and worth a way of its own
        (row,) = rows
        samples: tuple[Sample, ...] = (_new(Sample, (t0_ms + row[0], row[1:] + missing)),)
    else:
        samples = tuple([_new(Sample, (t0_ms + row[0], row[1:] + missing)) for row in rows])
    return _new(Telemetry, (batch.boot, batch.seq, batch.lo, samples, (), width))


def plain_batch(kind: DeviceKind, payload: bytes) -> Any:  # noqa: ANN401 - a struct made here
    """Nearly every batch, as it stands on the wire: ``boot``, ``seq``, ``lo``, ``t0`` and ``s``.

    ``s`` are tuples (dt_ms, values of the first columns), all of one length, every value None or in
    its range. None for any other message: ``decode_telemetry`` knows what it is. Raises
    PayloadError with reason too_large.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        _check_size(payload)
    # As many values as commas behind the last bracket, unless "s" stands before other fields.
    try:
        return _PLAIN[kind][payload.count(b",", payload.rfind(b"["))](payload)
    except _UNREADABLE:
        return None


def _mixed(kind: DeviceKind, payload: bytes) -> Telemetry:
    """Plain rows of several widths, as a truck's: a position needs fewer columns than a climate."""
    try:
        batch = _MIXED[kind](payload)
    except _UNREADABLE:
        return _judged(kind, payload)
    told = [_cells(row) for row in batch.s]
    samples = tuple([_new(Sample, (batch.t0 + cells[0], cells[1:])) for cells in told])
    width = len(_SHAPES[kind].columns)
    return _new(Telemetry, (batch.boot, batch.seq, batch.lo, samples, (), width))


def _judged(kind: DeviceKind, payload: bytes) -> Telemetry:
    """What is not plain: blank, name what was blanked, or say why it is refused."""
    try:
        batch = _decode_batch(payload)
    except _UNREADABLE as error:
        return _single(kind, payload, error)
    if batch.v != KNOWN_VERSION:
        _check_version(batch.v)
    faults: list[str] = []
    shape, t0_ms, rows = _SHAPES[kind], batch.t0, batch.s
    samples = tuple([_sample(shape, t0_ms, row, faults) for row in rows])
    width = max(map(len, rows))
    return Telemetry(batch.boot, batch.seq, batch.lo, samples, tuple(faults), width)


def decode_event(payload: bytes) -> Event:
    """Read an ``evt`` message. Raises PayloadError."""
    event = _decode(_event, payload)
    _check_version(event.v)
    return event


def decode_state(payload: bytes) -> State:
    """Read a birth or last will. Raises PayloadError."""
    return _decode(_state, payload)


def decode_result(payload: bytes) -> Result:
    """Read a command's result. Raises PayloadError."""
    return _decode(_result, payload)


def _decode(decoder: "msgspec.json.Decoder[T]", payload: bytes) -> T:
    _check_size(payload)
    try:
        return decoder.decode(payload)
    except _UNREADABLE as error:
        raise PayloadError(Reason.MALFORMED, _explain(error)) from None


def _check_size(payload: bytes) -> None:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise PayloadError(
            Reason.TOO_LARGE, f"{len(payload)} bytes, at most {MAX_PAYLOAD_BYTES}: send less a time"
        )


def _check_version(version: int) -> None:
    if version != KNOWN_VERSION:
        raise PayloadError(
            Reason.UNKNOWN_VERSION,
            f"v is {version}, this platform knows {KNOWN_VERSION}: update it",
        )


def _explain(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _sample(shape: _Shape, t0_ms: int, row: list[float | None], faults: list[str]) -> Sample:
    """Of the row only what its known columns hold is left."""
    dt = row[0]
    if dt is None or not 0 <= dt <= MAX_DT_MS:
        raise PayloadError(Reason.MALFORMED, f"dt_ms is {dt}, must be 0 to 7 days in milliseconds")
    columns, limits, missing = shape
    del row[0]
    if len(row) > len(columns):
        del row[len(columns) :]
    for value, (low, high) in zip(row, limits, strict=False):
        if value is not None and not low <= value <= high:
            _blank(columns, row, faults)
            break
    return _new(Sample, (t0_ms + int(dt), tuple(row) + missing[len(row)]))


def _blank(columns: tuple[Column, ...], values: list[float | None], faults: list[str]) -> None:
    for index, value in enumerate(values):
        column = columns[index]
        if value is not None and not column.low <= value <= column.high:
            faults.append(f"{column.name}={value:g} outside {column.low:g}..{column.high:g}")
            values[index] = None


def _single(kind: DeviceKind, payload: bytes, batch_error: Exception) -> Telemetry:
    try:
        fields = _object.decode(payload)
    except _UNREADABLE as error:
        raise PayloadError(Reason.MALFORMED, _explain(error)) from None
    ts = fields.get("ts")
    if "s" in fields or not isinstance(ts, int) or isinstance(ts, bool) or ts < 0:
        raise PayloadError(Reason.MALFORMED, _explain(batch_error))
    index_of = positions(KNOWN_VERSION, kind)
    row: list[float | None] = [0.0] + [None] * len(index_of)
    for name, value in fields.items():
        index = index_of.get(ALIASES.get(name, name))
        if index is None or value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PayloadError(Reason.MALFORMED, f"{name} is {value!r}, must be a number or null")
        row[index + 1] = float(value)
    if all(value is None for value in row[1:]):
        raise PayloadError(Reason.MALFORMED, f"no known column among {', '.join(fields)[:200]}")
    faults: list[str] = []
    sample = _sample(_SHAPES[kind], ts, row, faults)
    return Telemetry(None, None, 1, (sample,), tuple(faults), len(index_of))
