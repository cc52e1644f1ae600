"""Topics and payloads: round trips, and anything at all thrown at them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.codec import decode_event, decode_state, decode_telemetry, encode
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.errors import PayloadError, TopicError
from gongfu_broker.payloads import Batch
from gongfu_broker.topics import Leaf, Topic, parse

ids = st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True)
kinds = st.sampled_from(DeviceKind)


@given(ids, ids, st.sampled_from(Leaf))
def test_a_topic_reads_back_as_it_was_written(site: str, dev: str, leaf: Leaf) -> None:
    assert parse(str(Topic(site, dev, leaf))) == Topic(site, dev, leaf)


@given(st.text())
def test_any_other_text_is_no_topic(text: str) -> None:
    try:
        topic = parse(text)
    except TopicError:
        return
    assert str(topic) == text


@pytest.mark.parametrize("topic", ["clf/v1/a/b/tel\n", "clf/v1//b/tel", "clf/v1/a/+/tel", "$SYS/x"])
def test_tricky_topics_are_refused(topic: str) -> None:
    with pytest.raises(TopicError):
        parse(topic)


@given(kinds, st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_decoded_or_refused_with_a_reason(kind: DeviceKind, payload: bytes) -> None:
    for decode in (lambda p: decode_telemetry(kind, p), decode_event, decode_state):
        with contextlib.suppress(PayloadError):
            decode(payload)


@given(kinds, st.integers(0, 2**50), st.integers(0, 86_400_000), st.data())
def test_values_within_their_columns_survive_the_wire(
    kind: DeviceKind, t0: int, dt: int, data: st.DataObject
) -> None:
    columns = COLUMNS[1, kind]
    values = [
        data.draw(st.none() | st.floats(column.low, column.high), label=column.name)
        for column in columns
    ]
    batch = Batch(v=1, boot=3, seq=9, lo=2, t0=t0, s=[[dt, *values]])
    told = decode_telemetry(kind, encode(batch))
    assert (told.boot, told.seq, told.lo, told.faults) == (3, 9, 2, ())
    assert told.samples[0] == (t0 + dt, tuple(values))


def test_columns_beyond_the_known_ones_are_no_error() -> None:
    known = len(COLUMNS[1, DeviceKind.CABINET])
    row = ",".join(["0"] * (known + 5))
    payload = b'{"v":1,"boot":1,"seq":1,"t0":0,"s":[[%s]]}' % row.encode()
    told = decode_telemetry(DeviceKind.CABINET, payload)
    assert len(told.samples[0].values) == known


@pytest.mark.parametrize("code", [85.0, -127.0, 882.6, 1e308, -1e308])
def test_probe_codes_and_absurd_values_are_blanked_and_named(code: float) -> None:
    payload = encode(Batch(v=1, boot=1, seq=1, t0=0, s=[[0, code, 0]]))
    told = decode_telemetry(DeviceKind.CABINET, payload)
    assert told.samples[0].values[:2] == (None, 0.0)
    assert "zone_1_celsius" in told.faults[0]
