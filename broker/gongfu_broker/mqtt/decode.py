"""Bytes to packets, for MQTT 3.1.1 and 5. Raises MalformedPacketError, and nothing else."""

from collections.abc import Callable

from gongfu_broker.mqtt import properties as props
from gongfu_broker.mqtt import wire
from gongfu_broker.mqtt.errors import MalformedPacketError
from gongfu_broker.mqtt.packets import (
    Acknowledge,
    Auth,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
    Version,
    WillMessage,
)
from gongfu_broker.mqtt.properties import Properties
from gongfu_broker.mqtt.wire import Reader

_RESERVED_BIT = 0x02
_MAX_QOS = 2
_FLAGS = {
    PacketType.PUBREL: _RESERVED_BIT,
    PacketType.SUBSCRIBE: _RESERVED_BIT,
    PacketType.UNSUBSCRIBE: _RESERVED_BIT,
}


def decode(head: int, body: bytes, version: Version) -> Packet:
    """Read one packet from its first byte and what stands behind its length."""
    kind = packet_type(head)
    if kind is PacketType.AUTH and version is not Version.V5:
        raise MalformedPacketError("AUTH is no packet of MQTT 3.1.1")
    reader = Reader(body)
    if kind is PacketType.PUBLISH:
        return _publish(head, reader, version)
    if head & 0x0F != _FLAGS.get(kind, 0):
        raise MalformedPacketError(f"{kind.name} with flags {head & 0x0F:#x}")
    packet = _READERS[kind](reader, version)
    reader.finish()
    return packet


def packet_type(head: int) -> PacketType:
    """The type in a packet's first byte."""
    try:
        return PacketType(head >> 4)
    except ValueError:
        raise MalformedPacketError(f"a packet of type {head >> 4}") from None


def topic_name(raw: bytes) -> str:
    """The topic of a message: text that is not empty and holds no wildcard."""
    topic = wire.decoded_text(raw)
    if not topic:
        raise MalformedPacketError("a message without a topic")
    if "#" in topic or "+" in topic:
        raise MalformedPacketError(f"a message on {topic!r}, which holds a wildcard")
    return topic


def _properties(reader: Reader, version: Version) -> Properties:
    return props.decode(reader) if version is Version.V5 else ()


def _publish(head: int, reader: Reader, version: Version) -> Publish:
    qos = head >> 1 & 3
    if qos > _MAX_QOS:
        raise MalformedPacketError("a message of QoS 3")
    dup = bool(head & 8)
    if dup and qos == 0:
        raise MalformedPacketError("a message of QoS 0 said to be sent again")
    topic = topic_name(reader.block())
    identifier = reader.packet_id() if qos else None
    listed = _properties(reader, version)
    return Publish(topic, reader.rest(), qos, bool(head & 1), dup, identifier, listed)


def _connect(reader: Reader, version: Version) -> Connect:
    if reader.text() != "MQTT" or reader.number(1) != version:
        raise MalformedPacketError(f"CONNECT for another protocol than MQTT level {version}")
    flags, keep_alive_s = reader.number(1), reader.number(2)
    if flags & 1:
        raise MalformedPacketError("CONNECT with its reserved flag set")
    listed = _properties(reader, version)
    client_id = reader.text()
    return Connect(
        client_id,
        keep_alive_s,
        clean=bool(flags & 0x02),
        will=_will(reader, flags, version),
        user=reader.text() if flags & 0x80 else None,
        password=reader.block() if flags & 0x40 else None,
        properties=listed,
    )


def _will(reader: Reader, flags: int, version: Version) -> WillMessage | None:
    qos = flags >> 3 & 3
    if not flags & 0x04:
        if flags & 0x38:
            raise MalformedPacketError("CONNECT with flags of a will, but without one")
        return None
    if qos > _MAX_QOS:
        raise MalformedPacketError("a will of QoS 3")
    listed = _properties(reader, version)
    topic = topic_name(reader.block())
    return WillMessage(topic, reader.block(), qos, bool(flags & 0x20), listed)


def _connack(reader: Reader, version: Version) -> ConnAck:
    flags, code = reader.number(1), reader.number(1)
    if flags > 1:
        raise MalformedPacketError(f"CONNACK with flags {flags:#x}")
    # A broker that does not know MQTT 5 answers in the form of 3.1.1.
    return ConnAck(bool(flags), code, _properties(reader, version) if reader.left() else ())


def _code_and_properties(reader: Reader, version: Version) -> tuple[int, Properties]:
    if version is not Version.V5 or not reader.left():
        return 0, ()
    code = reader.number(1)
    return code, props.decode(reader) if reader.left() else ()


def _acknowledge(kind: PacketType) -> Callable[[Reader, Version], Acknowledge]:
    def read(reader: Reader, version: Version) -> Acknowledge:
        return Acknowledge(kind, reader.packet_id(), *_code_and_properties(reader, version))

    return read


def _subscribe(reader: Reader, version: Version) -> Subscribe:
    identifier, listed = reader.packet_id(), _properties(reader, version)
    wanted: list[tuple[str, int]] = []
    while reader.left():
        wanted.append((reader.text(), reader.number(1)))
    return Subscribe(identifier, tuple(wanted), listed)


def _unsubscribe(reader: Reader, version: Version) -> Unsubscribe:
    identifier, listed = reader.packet_id(), _properties(reader, version)
    wanted: list[str] = []
    while reader.left():
        wanted.append(reader.text())
    return Unsubscribe(identifier, tuple(wanted), listed)


def _suback(reader: Reader, version: Version) -> SubAck:
    identifier, listed = reader.packet_id(), _properties(reader, version)
    return SubAck(identifier, tuple(reader.rest()), listed)


def _unsuback(reader: Reader, version: Version) -> UnsubAck:
    identifier, listed = reader.packet_id(), _properties(reader, version)
    return UnsubAck(identifier, tuple(reader.rest()), listed)


_READERS: dict[PacketType, Callable[[Reader, Version], Packet]] = {
    PacketType.CONNECT: _connect,
    PacketType.CONNACK: _connack,
    PacketType.PUBACK: _acknowledge(PacketType.PUBACK),
    PacketType.PUBREC: _acknowledge(PacketType.PUBREC),
    PacketType.PUBREL: _acknowledge(PacketType.PUBREL),
    PacketType.PUBCOMP: _acknowledge(PacketType.PUBCOMP),
    PacketType.SUBSCRIBE: _subscribe,
    PacketType.SUBACK: _suback,
    PacketType.UNSUBSCRIBE: _unsubscribe,
    PacketType.UNSUBACK: _unsuback,
    PacketType.PINGREQ: lambda _reader, _version: PingReq(),
    PacketType.PINGRESP: lambda _reader, _version: PingResp(),
    PacketType.DISCONNECT: lambda reader, version: Disconnect(
        *_code_and_properties(reader, version)
    ),
    PacketType.AUTH: lambda reader, version: Auth(*_code_and_properties(reader, version)),
}
