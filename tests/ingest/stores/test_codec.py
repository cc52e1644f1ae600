"""Columns and blocks: every bit that went in comes out."""

import contextlib
import math
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gongfu_ingest.errors import BlockError
from gongfu_ingest.stores import codec, roll
from gongfu_ingest.stores.block import Block, encode
from gongfu_ingest.stores.codec import Floats, Ints
from gongfu_ingest.stores.table import Table, over, points, table_of

IDS = {"zone_1_celsius": 1, "humidity_percent": 2, "door_open": 3}
NAMES = {number: name for name, number in IDS.items()}
T0 = 1_760_000_400_000

any_int = st.integers(-(2**63), 2**63 - 1)
small_int = st.integers(-3, 3)
ints = st.lists(st.one_of(any_int, small_int), max_size=60) | st.lists(small_int, max_size=400)
any_float = st.floats(width=64) | st.integers(0, 2**64 - 1).map(
    lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0]  # NaN payloads as well
)
decimal = st.integers(-(10**6), 10**6).map(lambda n: n / 100)
floats = st.lists(any_float, max_size=40) | st.lists(decimal, max_size=200)


def through_ints(values: list[int]) -> list[int]:
    packed = codec.pack_ints(np.array(values, np.int64))
    found: list[int] = codec.unpack_ints(packed, len(values)).tolist()
    return found


def through_floats(values: Floats) -> Floats:
    packed = codec.pack_floats(values, codec.scale(values))
    return codec.unpack_floats(packed, len(values))


@given(ints)
@example([0, 2**63 - 1, -(2**63)])
def test_whole_numbers_come_back(values: list[int]) -> None:
    assert through_ints(values) == values


@given(st.integers(0, 2**62), st.integers(1, 10**6), st.lists(st.integers(-9, 9), max_size=300))
def test_times_on_an_irregular_grid_come_back(start: int, step: int, jitter: list[int]) -> None:
    values = [start + at * step + off for at, off in enumerate(jitter)]
    assert through_ints(values) == values


def test_a_perfect_grid_takes_no_bytes_for_its_times() -> None:
    assert codec.pack_ints(np.arange(T0, T0 + 3_600_000, 10_000)) == [1, T0, 10_000]


@given(floats)
def test_floats_come_back_bit_by_bit(told: list[float]) -> None:
    values = np.array(told, np.float64)
    assert through_floats(values).view(np.int64).tolist() == values.view(np.int64).tolist()


@pytest.mark.parametrize(
    "told",
    [
        [-0.0, 1.5],
        [0.0, -0.0],
        [math.nan, 1.0],
        [math.inf, -math.inf],
        [5e-324, 1.7976931348623157e308],
        [0.1 + 0.2, 0.3],
        [2.0**53, 2.0**53 + 2],
        [1e22, -1e22],
        [0.000000001],
        [],
        [7.25],
    ],
)
def test_extremes_come_back_bit_by_bit(told: list[float]) -> None:
    values = np.array(told, np.float64)
    assert through_floats(values).view(np.int64).tolist() == values.view(np.int64).tolist()


def test_one_value_among_decimals_that_is_none_costs_the_others_nothing_but_bytes() -> None:
    values = np.array([3.25, math.pi, -18.5])
    assert codec.scale(values) is None
    assert through_floats(values).tolist() == values.tolist()


def test_noise_of_hundredths_takes_less_than_a_byte_a_value() -> None:
    noise = np.random.default_rng(1).normal(4.0, 0.02, 360).round(2)
    packed = codec.pack_floats(noise, codec.scale(noise))
    assert len(packed[-1]) < 360 / 2


@given(ints, st.integers(0, 400))
def test_a_wrong_count_is_an_error_or_gives_as_many_numbers(values: list[int], count: int) -> None:
    packed = codec.pack_ints(np.array(values, np.int64))
    with contextlib.suppress(BlockError):
        assert len(codec.unpack_ints(packed, count)) == count


row_values = st.dictionaries(st.sampled_from(list(IDS)), decimal | any_float.filter(math.isfinite))
tables = st.dictionaries(
    st.integers(0, 3_599_999),
    st.tuples(st.integers(0, 5), st.integers(0, 2**48), st.integers(0, 9), row_values),
    min_size=1,
    max_size=40,
)
Drawn = dict[int, tuple[int, int, int, dict[str, float]]]


def table_from(drawn: Drawn) -> Table:
    rows = [
        (T0 + ts, "cab-0001", *rank, *(values.get(name) for name in IDS))
        for ts, (*rank, values) in sorted(drawn.items())
    ]
    return table_of(rows, list(IDS))


@given(tables)
def test_a_block_gives_back_its_rows_with_gaps_and_ranks(drawn: Drawn) -> None:
    table = table_from(drawn)
    block = Block(encode(table, IDS)[0], NAMES)
    assert list(points(block.table, "cab-0001")) == list(points(table, "cab-0001"))
    assert block.rows == len(drawn)
    for name in IDS:
        ts, values = block.series(name)
        told = [(T0 + at, v[name]) for at, (*_, v) in sorted(drawn.items()) if name in v]
        assert list(zip(ts.tolist(), values.tolist(), strict=True)) == told


@given(tables, tables)
def test_a_newer_table_over_an_older_one_takes_its_places(old: Drawn, new: Drawn) -> None:
    both = over(table_from(old), table_from(new))
    wanted = table_from({**old, **new})
    assert list(points(both, "x")) == list(points(wanted, "x"))


def total(values: list[float]) -> float:
    """Great values may cancel out: a plain sum would forget the small ones."""
    try:
        return math.fsum(values)
    except OverflowError:
        return sum(values)


@given(tables)
def test_statistics_are_those_of_the_rows(drawn: Drawn) -> None:
    table = table_from(drawn)
    stored = {NAMES[n]: s for n, s in roll.unpack(encode(table, IDS)[1]).items()}
    assert stored == roll.stats_of(table)
    for name, number in IDS.items():
        values = [v[name] for *_, v in drawn.values() if name in v]
        peak = roll.peak(encode(table, IDS)[1], number)
        if not values:
            assert peak is None
            assert name not in stored
            continue
        stats = stored[name]
        assert (stats.n, stats.low, stats.high) == (len(values), min(values), max(values))
        assert peak == max(values)
        assert stats.total == pytest.approx(total(values), rel=1e-9, abs=1e-6)


def test_the_sum_of_decimals_is_exact() -> None:
    table = table_from({ts: (1, 1, 0, {"zone_1_celsius": 0.1}) for ts in range(10)})
    assert roll.stats_of(table)["zone_1_celsius"].total == 1.0


@given(tables, st.data())
def test_a_damaged_byte_is_noticed(drawn: Drawn, data: st.DataObject) -> None:
    stored = bytearray(encode(table_from(drawn), IDS)[0])
    stored[data.draw(st.integers(0, len(stored) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BlockError):
        Block(bytes(stored), NAMES)


def test_a_cut_block_is_noticed() -> None:
    stored = encode(table_from({0: (1, 1, 0, {"door_open": 1.0})}), IDS)[0]
    for length in range(len(stored)):
        with pytest.raises(BlockError):
            Block(stored[:length], NAMES)


def test_a_place_is_found_only_where_a_row_is() -> None:
    block = Block(encode(table_from({5: (1, 1, 0, {}), 9: (1, 2, 0, {})}), IDS)[0], NAMES)
    found: list[int | None] = [block.place(T0 + at) for at in (4, 5, 6, 9, 10)]
    assert found == [None, 0, None, 1, None]


def test_empty_columns_come_back_empty() -> None:
    nothing: Ints = np.zeros(0, np.int64)
    assert codec.unpack_ints(codec.pack_ints(nothing), 0).tolist() == []
