"""A batch is plain, and then means the same as the codec says, or it is left to the codec."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.codec import decode_telemetry
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.errors import PayloadError
from gongfu_broker.plain_batch import plain_batch

CABINET = DeviceKind.CABINET
WIDTH = len(COLUMNS[1, CABINET])
VALUES = st.one_of(st.none(), st.integers(-100, 200), st.floats(-100, 100), st.just("3.4"))
ROWS = st.lists(st.lists(VALUES, max_size=WIDTH + 2), min_size=1, max_size=4)
HEAD = {"v": 1, "boot": 1, "seq": 2, "t0": 1_795_300_000_000}


@given(ROWS, st.one_of(st.integers(0, 90_000), st.none(), st.just(-1)), st.dictionaries(
    st.sampled_from(["v", "lo", "boot", "note"]), st.one_of(st.integers(0, 3), st.text(max_size=3))
))  # fmt: skip
def test_what_is_plain_means_what_the_codec_says(
    rows: list[list[float | None]], dt_ms: int | None, other: dict[str, int | str]
) -> None:
    message = {**HEAD, "s": [[dt_ms, *row] for row in rows], **other}
    payload = json.dumps(message).encode()
    plain = plain_batch(CABINET, payload)
    if plain is None:
        return
    told = decode_telemetry(CABINET, payload)
    assert not told.faults
    assert (plain.boot, plain.seq, plain.lo) == (told.boot, told.seq, told.lo)
    padded = [(ts, values + (None,) * (WIDTH - len(values))) for ts, values in plain.rows]
    assert padded == [tuple(sample) for sample in told.samples]
    assert all(values[-1] is not None for _, values in plain.rows if values)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_left_to_the_codec(payload: bytes) -> None:
    if plain_batch(CABINET, payload) is None:
        return
    assert decode_telemetry(CABINET, payload).boot is not None


@pytest.mark.parametrize(
    "change",
    [
        {"s": [[0, 85.0]]},
        {"s": [[0, 3.4, "warm"]]},
        {"s": [[0] * (WIDTH + 2)]},
        {"s": []},
        {"s": [[None, 3.4]]},
        {"v": 2},
        {"seq": 0},
    ],
)
def test_what_may_be_blanked_or_refused_is_not_plain(change: dict[str, object]) -> None:
    assert plain_batch(CABINET, json.dumps({**HEAD, "s": [[0, 3.4]], **change}).encode()) is None


def test_a_payload_too_long_is_not_plain() -> None:
    payload = json.dumps({**HEAD, "s": [[0, 3.4]], "pad": " " * 300_000}).encode()
    assert plain_batch(CABINET, payload) is None
    with pytest.raises(PayloadError, match="at most"):
        decode_telemetry(CABINET, payload)


def test_a_hole_between_two_values_stays_a_hole() -> None:
    plain = plain_batch(CABINET, json.dumps({**HEAD, "s": [[5, None, 0, 12.7, None]]}).encode())
    assert plain is not None
    assert plain.rows == [(HEAD["t0"] + 5, (None, 0.0, 12.7))]
