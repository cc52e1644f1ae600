"""What decodes and yet must not be believed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.codec import decode_telemetry, encode
from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import PayloadError
from gongfu_broker.payloads import Batch
from gongfu_broker.strictness import check_batch_text, check_lowest, check_text

GOOD = {"v": "1", "boot": "2", "seq": "3", "t0": "1760000400000", "s": "[[0,4.1]]", "lo": "1"}
NAMES = st.sampled_from(list(GOOD))


def written(pairs: list[tuple[str, str]], colon: str = ":") -> bytes:
    return ("{" + ",".join(f'"{name}"{colon}{value}' for name, value in pairs) + "}").encode()


@given(st.integers(1, 2**53 - 1), st.lists(st.floats(-60, 60), min_size=1, max_size=8))
def test_a_batch_as_devices_write_it_is_believed(seq: int, celsius: list[float]) -> None:
    batch = Batch(v=1, boot=1, seq=seq, t0=1_760_000_400_000, s=[[0, *celsius]], lo=1)
    check_batch_text(encode(batch))


@given(st.permutations(list(GOOD.items())), NAMES, st.sampled_from([":", " :", ": ", "\n:\t"]))
def test_a_name_that_comes_twice_is_refused_wherever_it_stands(
    pairs: list[tuple[str, str]], name: str, colon: str
) -> None:
    check_batch_text(written(pairs, colon))
    for known in (pairs, [pair for pair in pairs if pair[0] != "lo"]):
        twice = written([*known, (name, GOOD[name])], colon)
        if name == "lo" and known is not pairs:
            check_batch_text(twice)
            continue
        with pytest.raises(PayloadError, match="twice"):
            check_batch_text(twice)


def test_an_unknown_field_is_believed_and_one_that_comes_twice_inside_it_is_not() -> None:
    check_batch_text(written([*GOOD.items(), ("x", '{"a":1,"b":{"a":2}}')]))
    with pytest.raises(PayloadError, match="'a' comes twice"):
        check_batch_text(written([*GOOD.items(), ("x", '{"a":1,"a":2}')]))


@pytest.mark.parametrize(
    "wrong", [b"\x80", b"\xc0\xaf", b"\xed\xa0\x80", b"\xff\xfe", "käse".encode("latin-1")]
)
def test_bytes_that_are_no_utf_8_are_refused_in_fields_that_nobody_reads(wrong: bytes) -> None:
    payload = written([*GOOD.items(), ("x", '"?"')]).replace(b"?", wrong)
    decode_telemetry(DeviceKind.CABINET, payload)  # the decoder does not look there
    with pytest.raises(PayloadError, match="UnicodeDecodeError"):
        check_batch_text(payload)


def test_chinese_text_is_text() -> None:
    check_text(json.dumps({"note": "供销"}, ensure_ascii=False).encode())


@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_nesting_beyond_what_a_reader_can_follow_is_a_malformed_message(depth: int) -> None:
    for value in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
        payload = written([*GOOD.items(), ("x", value)])
        if len(payload) < 256 * 1024:
            with pytest.raises(PayloadError):
                check_text(payload)
        with pytest.raises(PayloadError):
            decode_telemetry(
                DeviceKind.CABINET, payload.replace(b'"s":[[0,4.1]]', b'"s":' + value.encode())
            )


def test_the_oldest_number_still_held_is_never_above_the_message_s_own() -> None:
    check_lowest(5, 5)
    check_lowest(5, 1)
    with pytest.raises(PayloadError, match="lo 6 is above seq 5"):
        check_lowest(5, 6)
