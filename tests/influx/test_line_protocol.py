"""Lines as the servers read them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_ingest.errors import LineError
from gongfu_ingest.line_protocol import (
    FLAGS,
    HourStats,
    Line,
    Place,
    Value,
    hour_line,
    point_line,
    render,
    unfit,
)
from gongfu_ingest.points import Point, Rank

TRUCK = Place(DeviceKind.TRUCK, "quzhou")


def test_a_row_has_two_tags_its_values_and_where_it_comes_from() -> None:
    values = {"zone_1_celsius": 4.0, "door_open": 1.0, "lat_deg": 28.947651}
    assert point_line(TRUCK, Point(1_760_000_000_000, "veh-0001", Rank(3, 9, 1), values)) == (
        b"truck,dev=veh-0001,site=quzhou zone_1_celsius=4.0,door_open=1i,lat_deg=28.947651,"
        b"boot=3i,mseq=9i,idx=1i 1760000000000"
    )


def test_the_flags_are_the_columns_that_can_only_be_0_or_1() -> None:
    columns = [column for columns in COLUMNS.values() for column in columns]
    assert {c.name for c in columns if (c.low, c.high) == (0, 1)} == FLAGS


def test_a_flag_that_is_neither_0_nor_1_is_left_out_and_told() -> None:
    half = Point(1, "veh-0001", Rank(1, 1, 0), {"door_open": 0.5, "zone_1_celsius": 4.0})
    assert b"door_open" not in point_line(TRUCK, half)
    assert unfit(half) == ["door_open=0.5 is neither 0 nor 1: the value was left out"]
    assert unfit(half._replace(values={"door_open": 1.0})) == []


def test_a_flag_of_minus_zero_is_no_and_a_value_that_is_no_number_is_left_out() -> None:
    odd = {"door_open": -0.0, "zone_1_celsius": math.nan, "zone_2_celsius": math.inf, "x": -0.5}
    assert point_line(TRUCK, Point(1, "veh-0001", Rank(1, 1, 0), odd)) == (
        b"truck,dev=veh-0001,site=quzhou door_open=0i,x=-0.5,boot=1i,mseq=1i,idx=0i 1"
    )


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_value_comes_back_from_its_line_bit_by_bit(value: float) -> None:
    line = point_line(TRUCK, Point(1, "veh-0001", Rank(1, 1, 0), {"load_kg": value}))
    told = line.split(b"load_kg=")[1].split(b",")[0].decode()
    assert float(told).hex() == value.hex()


def test_names_tags_and_text_are_escaped() -> None:
    fields: dict[str, Value] = {
        "name": 'a "b" \\ c\nd',
        "level": 2,
        "temp c": 1e-05,
        "gone": None,
        "ok": True,
    }
    line = Line("device state", {"dev": "veh 1,=", "site": "", "名": "衢州"}, fields, 5)
    assert render(line).decode() == (
        r"device\ state,dev=veh\ 1\,\=,名=衢州 "
        r'name="a \"b\" \\ c d",level=2i,temp\ c=1e-05,ok=1i 5'
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (Line("m", {}, {"x": float("nan")}, 1), "nan cannot be written"),
        (Line("m", {}, {"x": None}, 1), "has no field"),
        (Line("m", {"x": "a"}, {"x": 1.0}, 1), "tag and field"),
        (Line("m", {"x": "a\nb"}, {"y": 1.0}, 1), "plain characters"),
        (Line("m", {"x": "a\\"}, {"y": 1.0}, 1), "plain characters"),
        (Line("", {}, {"y": 1.0}, 1), "plain characters"),
    ],
)
def test_what_cannot_be_written_is_refused_and_never_vanishes(line: Line, why: str) -> None:
    with pytest.raises(LineError, match=why):
        render(line)


@given(
    st.text(max_size=20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63 - 1),
)
def test_a_line_is_one_line_and_numbers_come_back_exactly(
    name: str, number: float, count: int
) -> None:
    told = render(Line("m", {"dev": "d"}, {"x": number, "n": count, "s": name}, 7)).decode()
    assert len(told.splitlines()) == 1
    first, second, rest = told.removeprefix("m,dev=d ").split(",", 2)
    assert float(first.removeprefix("x=")) == number
    assert int(second.removeprefix("n=").removesuffix("i")) == count
    assert rest.endswith(" 7")


def test_an_hour_tells_count_extremes_and_mean_of_each_metric() -> None:
    hour = {"zone_1_celsius": HourStats(360, 1, 5.5, 3.25)}
    assert hour_line(TRUCK, "veh-0001", 3_600_000, hour) == (
        b"truck_1h,dev=veh-0001,site=quzhou zone_1_celsius_n=360i,zone_1_celsius_min=1.0,"
        b"zone_1_celsius_max=5.5,zone_1_celsius_mean=3.25 3600000"
    )
