"""The byte stream: wherever it is split, the same comes out; the short way equals the long way."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.mqtt import wire
from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.errors import MalformedPacketError
from gongfu_broker.mqtt.inflow import Inflow
from gongfu_broker.mqtt.packets import (
    ConnAck,
    Packet,
    PingResp,
    Publish,
    SubAck,
    Version,
)
from gongfu_broker.mqtt.properties import Property
from gongfu_broker.ports import Message
from tests.broker.mqtt.malformed_corpus import MALFORMED
from tests.broker.mqtt.packet_strategies import answers, publishes

VERSIONS = pytest.mark.parametrize("version", list(Version))


@dataclass
class Heard:
    messages: list[Message]
    ids: list[bytes | None]
    packets: list[Packet]
    error: bool = False


def hear(version: Version, chunks: list[bytes], max_kept_bytes: int = 1024**2) -> Heard:
    packets: list[Packet] = []
    inflow = Inflow(version, packets.append, max_kept_bytes=max_kept_bytes)
    heard = Heard(inflow.messages, inflow.ids, packets)
    try:
        for chunk in chunks:
            inflow.feed(chunk)
    except MalformedPacketError:
        heard.error = True
    return heard


def expected(packets: list[Packet]) -> Heard:
    heard = Heard([], [], [])
    for packet in packets:
        if isinstance(packet, Publish) and packet.qos < 2:
            heard.messages.append(Message(packet.topic, packet.payload, packet.retain))
            heard.ids.append(None if packet.packet_id is None else wire.short(packet.packet_id))
        else:
            heard.packets.append(packet)
    return heard


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cuts), len(raw)]
    return [raw[a:b] for a, b in pairwise(edges)]


@VERSIONS
@given(data=st.data())
def test_a_stream_split_anywhere_gives_what_was_sent(version: Version, data: st.DataObject) -> None:
    said = st.one_of(publishes(version, qos=(0, 1)), answers(version))
    packets = data.draw(st.lists(said, max_size=8))
    raw = b"".join(encode(packet, version) for packet in packets)
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=12))
    assert hear(version, pieces(raw, cuts)) == expected(packets)


@VERSIONS
def test_a_stream_split_at_every_byte_gives_what_was_sent(version: Version) -> None:
    packets: list[Packet] = [
        ConnAck(session_present=True),
        Publish("clf/v1/hangzhou/cab-0001/tel", b"{}" * 60, 1, packet_id=1),
        Publish("a", b"", 0, retain=True),
        SubAck(7, (1,)),
        Publish("文/字", b"x" * 20_000, 1, dup=True, packet_id=65_535),
        PingResp(),
        Publish("a", b"last", 1, packet_id=2),
    ]
    raw = b"".join(encode(packet, version) for packet in packets)
    wanted = expected(packets)
    assert hear(version, [raw]) == wanted
    assert hear(version, [raw[n : n + 1] for n in range(len(raw))]) == wanted
    for cut in range(0, len(raw), 7):
        assert hear(version, [raw[:cut], raw[cut:]]) == wanted


@VERSIONS
@given(data=st.data())
def test_the_short_way_and_the_long_way_read_the_same(
    version: Version, data: st.DataObject
) -> None:
    """A byte alone never takes the short way, a whole chunk does; noise tells them not apart."""
    raw = bytearray(
        b"".join(
            encode(packet, version)
            for packet in data.draw(st.lists(publishes(version), min_size=1, max_size=4))
        )
    )
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    whole = hear(version, [bytes(raw)])
    assert hear(version, [bytes(raw[n : n + 1]) for n in range(len(raw))]) == whole


@VERSIONS
@given(st.data())
def test_a_message_too_long_to_be_kept_is_cut_and_what_follows_is_whole(
    version: Version, data: st.DataObject
) -> None:
    long = Publish("a/b", b"0123456789" * 5_000, 1, packet_id=9)
    packets: list[Packet] = [Publish("a", b"before", 1, packet_id=8), long, SubAck(1, (1,))]
    packets.append(Publish("a", b"after", 1, packet_id=10))
    raw = b"".join(encode(packet, version) for packet in packets)
    cuts = data.draw(st.lists(st.integers(0, len(raw)), max_size=8))
    heard = hear(version, pieces(raw, cuts), max_kept_bytes=20_000)
    assert [message.payload for message in heard.messages if message.topic == "a"] == [
        b"before",
        b"after",
    ]
    cut = heard.messages[1].payload
    assert 19_900 < len(cut) < 20_000
    assert long.payload.startswith(cut)
    assert heard.ids == [b"\0\x08", b"\0\x09", b"\0\x0a"]
    assert heard.packets == [SubAck(1, (1,))]


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_bytes_give_the_same_however_they_are_split(name: str) -> None:
    versions, raw = MALFORMED[name]
    for version in versions:
        whole = hear(version, [raw])
        assert hear(version, [raw[n : n + 1] for n in range(len(raw))]) == whole


def test_properties_of_a_message_are_read_and_left_out() -> None:
    message = Publish("a", b"x", 1, packet_id=1, properties=((Property.USER_PROPERTY, ("k", "v")),))
    assert hear(Version.V5, [encode(message, Version.V5)]).messages == [Message("a", b"x")]


def test_many_topics_do_not_pile_up() -> None:
    inflow = Inflow(Version.V311, lambda _packet: None)
    for n in range(70_000):
        inflow.feed(encode(Publish(f"t/{n}", b""), Version.V311))
    assert len(inflow.messages) == 70_000
    assert inflow.messages[-1].topic == "t/69999"
