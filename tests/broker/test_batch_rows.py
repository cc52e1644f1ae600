"""Rows at a glance are the rows that the codec decodes, before it blanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.batch_rows import batch_rows
from gongfu_broker.codec import encode
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.ports import CommittedRecord, resolved_samples
from gongfu_broker.topics import Leaf

cells = st.none() | st.integers(-400, 400) | st.floats(-1e9, 1e9)
rows = st.lists(
    st.tuples(st.integers(0, 86_400_000), st.lists(cells, max_size=20)), min_size=1, max_size=5
)


def record(payload: bytes, leaf: Leaf = Leaf.TEL, offset_ms: int = 0) -> CommittedRecord:
    kind = DeviceKind.CABINET
    return CommittedRecord(1, 0, offset_ms, "site", "cab-0001", kind, leaf, 1, 1, payload)


def batch(body: list[list[object]], version: int = 1) -> bytes:
    return encode({"v": version, "boot": 1, "seq": 1, "lo": 1, "t0": 1_790_000_000_000, "s": body})


@given(rows, st.integers(-86_400_000, 86_400_000), st.sampled_from([Leaf.TEL, Leaf.BF]))
def test_what_an_instrument_can_report_is_read_as_the_codec_reads_it(
    body: list[tuple[int, list[float | None]]], offset_ms: int, leaf: Leaf
) -> None:
    one = record(batch([[dt, *cells] for dt, cells in body]), leaf, offset_ms)
    found = batch_rows(one)
    assert found is not None
    samples = resolved_samples(one)
    assert len(samples) == len(found.s)
    for row, sample in zip(found.s, samples, strict=True):
        assert found.t0 + offset_ms + int(row[0] or 0) == sample.ts_ms
        for index, column in enumerate(COLUMNS[1, one.kind]):
            value = row[index + 1] if index + 1 < len(row) else None
            possible = value is not None and column.low <= value <= column.high
            assert sample.values[index] == (value if possible else None)


@pytest.mark.parametrize(
    "one",
    [
        record(batch([[0, 4.0]]), Leaf.EVT),
        record(batch([[0, 4.0]], version=2)),
        record(b'{"ts": 1790000000000, "tc": 4.0}'),
        record(b"\xff"),
        record(b"[]"),
    ],
)
def test_anything_else_is_left_to_the_codec(one: CommittedRecord) -> None:
    assert batch_rows(one) is None
