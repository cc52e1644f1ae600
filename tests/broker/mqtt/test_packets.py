"""The codec: there and back, and nothing but one error for what is no packet."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.mqtt import wire
from gongfu_broker.mqtt.decode import decode
from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.errors import MalformedPacketError, UnsendableError
from gongfu_broker.mqtt.packets import (
    Acknowledge,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    Publish,
    Subscribe,
    Version,
)
from gongfu_broker.mqtt.properties import KINDS, Property
from tests.broker.mqtt.packet_strategies import packets

VERSIONS = pytest.mark.parametrize("version", list(Version))


def there_and_back(packet: Packet, version: Version) -> Packet:
    raw = encode(packet, version)
    found = wire.peek_length(raw, 1)
    assert found is not None
    size, body = found
    assert body + size == len(raw)
    return decode(raw[0], raw[body:], version)


@VERSIONS
@given(data=st.data())
def test_every_packet_is_read_as_it_was_written(version: Version, data: st.DataObject) -> None:
    packet = data.draw(packets(version))
    assert there_and_back(packet, version) == packet


@given(st.integers(0, wire.MAX_LENGTH))
def test_every_length_is_read_as_it_was_written_and_never_before_it_is_whole(value: int) -> None:
    raw = wire.length(value)
    assert wire.peek_length(raw, 0) == (value, len(raw))
    for cut in range(len(raw)):
        assert wire.peek_length(raw[:cut], 0) is None


@VERSIONS
@given(head=st.integers(0, 255), body=st.binary(max_size=60))
def test_any_bytes_are_a_packet_or_a_malformed_packet(
    version: Version, head: int, body: bytes
) -> None:
    try:
        packet = decode(head, body, version)
    except MalformedPacketError:
        return
    assert there_and_back(packet, version) == packet


@VERSIONS
@given(data=st.data())
def test_a_packet_cut_short_is_malformed_or_another_packet_never_a_crash(
    version: Version, data: st.DataObject
) -> None:
    raw = encode(data.draw(packets(version)), version)
    found = wire.peek_length(raw, 1)
    assert found is not None
    body = raw[found[1] :]
    cut = data.draw(st.integers(0, len(body)))
    with contextlib.suppress(MalformedPacketError):
        decode(raw[0], body[:cut], version)


def test_the_bytes_are_those_of_the_standard() -> None:
    three, five = Version.V311, Version.V5
    connect = Connect("c", 30, user="u", password=b"p")
    assert (
        encode(connect, three) == b"\x10\x13\x00\x04MQTT\x04\xc2\x00\x1e\x00\x01c\x00\x01u\x00\x01p"
    )
    window = Connect("c", clean=False, properties=((Property.RECEIVE_MAXIMUM, 5_000),))
    assert encode(window, five) == b"\x10\x11\x00\x04MQTT\x05\x00\x00\x00\x03\x21\x13\x88\x00\x01c"
    message = Publish("a/b", b"hi", 1, retain=True, dup=True, packet_id=10)
    assert encode(message, three) == b"\x3b\x09\x00\x03a/b\x00\x0ahi"
    assert encode(message, five) == b"\x3b\x0a\x00\x03a/b\x00\x0a\x00hi"
    assert encode(Subscribe(2, (("a/#", 1),)), three) == b"\x82\x08\x00\x02\x00\x03a/#\x01"
    assert encode(Acknowledge(PacketType.PUBACK, 258), five) == b"\x40\x02\x01\x02"
    assert encode(Acknowledge(PacketType.PUBREL, 1), three) == b"\x62\x02\x00\x01"
    assert encode(Disconnect(), five) == b"\xe0\x00"
    assert encode(Disconnect(0x8E), five) == b"\xe0\x01\x8e"


def test_every_property_has_a_form_on_the_wire() -> None:
    assert set(KINDS) == set(Property)


@pytest.mark.parametrize(
    "packet",
    [
        Publish("", b""),
        Publish("a/+", b""),
        Publish("a/#", b""),
        Publish("a\0b", b""),
        Publish("a" * 65_536, b""),
        Publish("a", b"", 1),
        Publish("a", b"", 0, packet_id=1),
        Connect("c", properties=((Property.RECEIVE_MAXIMUM, 65_536),)),
        Connect("c", properties=((Property.RECEIVE_MAXIMUM, "many"),)),
        Connect("c", password=b"p" * 65_536),
    ],
    ids=lambda packet: type(packet).__name__,
)
def test_what_no_packet_can_hold_is_refused_before_it_is_sent(packet: Packet) -> None:
    with pytest.raises(UnsendableError):
        encode(packet, Version.V5)


def test_a_packet_longer_than_mqtt_can_say_is_refused() -> None:
    with pytest.raises(UnsendableError, match="do not fit"):
        wire.length(wire.MAX_LENGTH + 1)
