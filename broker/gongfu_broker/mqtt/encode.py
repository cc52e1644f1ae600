"""Packets to bytes, for MQTT 3.1.1 and 5. Raises UnsendableError for what no packet can hold."""

from gongfu_broker.mqtt import properties as props
from gongfu_broker.mqtt import wire
from gongfu_broker.mqtt.errors import UnsendableError
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

_RESERVED_BIT = 0x02


def encode(packet: Packet, version: Version) -> bytes:
    """One packet as it goes onto the wire."""
    match packet:
        case Publish():
            return publish(packet, version)
        case Connect():
            return _framed(PacketType.CONNECT, _connect(packet, version))
        case PingReq():
            return _framed(PacketType.PINGREQ, b"")
        case PingResp():
            return _framed(PacketType.PINGRESP, b"")
        case Acknowledge() | Disconnect() | Auth():
            return _short_packet(packet, version)
    return _listing(packet, version)


def publish(packet: Publish, version: Version) -> bytes:
    """One message."""
    _check_topic(packet.topic)
    if (packet.packet_id is None) != (packet.qos == 0):
        raise UnsendableError("a message has a packet identifier exactly when its QoS is 1 or 2")
    identifier = b"" if packet.packet_id is None else wire.short(packet.packet_id)
    flags = packet.dup << 3 | packet.qos << 1 | packet.retain
    listed = _listed(packet.properties, version)
    body = b"".join((wire.text(packet.topic), identifier, listed, packet.payload))
    return _framed(PacketType.PUBLISH, body, flags)


def _framed(kind: PacketType, body: bytes, flags: int = 0) -> bytes:
    return bytes([kind << 4 | flags]) + wire.length(len(body)) + body


def _listed(properties: Properties, version: Version) -> bytes:
    return props.encode(properties) if version is Version.V5 else b""


def _check_topic(topic: str) -> None:
    if not topic or "#" in topic or "+" in topic:
        raise UnsendableError(f"{topic!r} is no topic to publish on: name one without + and #")


def _connect(packet: Connect, version: Version) -> bytes:
    flags = packet.clean << 1
    fields = [wire.text(packet.client_id)]
    if will := packet.will:
        flags |= 0x04 | will.qos << 3 | will.retain << 5
        fields += _will_fields(will, version)
    if packet.user is not None:
        flags |= 0x80
        fields.append(wire.text(packet.user))
    if packet.password is not None:
        flags |= 0x40
        fields.append(wire.block(packet.password))
    head = wire.text("MQTT") + bytes([version, flags]) + wire.short(packet.keep_alive_s)
    return head + _listed(packet.properties, version) + b"".join(fields)


def _will_fields(will: WillMessage, version: Version) -> list[bytes]:
    _check_topic(will.topic)
    return [_listed(will.properties, version), wire.text(will.topic), wire.block(will.payload)]


def _short_packet(packet: Acknowledge | Disconnect | Auth, version: Version) -> bytes:
    """Packets whose code and properties are left out when they say nothing."""
    kind, flags, head = PacketType.DISCONNECT, 0, b""
    if isinstance(packet, Acknowledge):
        kind, head = packet.kind, wire.short(packet.packet_id)
        flags = _RESERVED_BIT if kind is PacketType.PUBREL else 0
    elif isinstance(packet, Auth):
        kind = PacketType.AUTH
    if version is Version.V5 and (packet.code or packet.properties):
        head += bytes([packet.code])
        head += props.encode(packet.properties) if packet.properties else b""
    return _framed(kind, head, flags)


def _listing(
    packet: ConnAck | Subscribe | SubAck | Unsubscribe | UnsubAck, version: Version
) -> bytes:
    listed = _listed(packet.properties, version)
    if isinstance(packet, ConnAck):
        return _framed(PacketType.CONNACK, bytes([packet.session_present, packet.code]) + listed)
    head = wire.short(packet.packet_id) + listed
    match packet:
        case Subscribe():
            wanted = (wire.text(name) + bytes([options]) for name, options in packet.filters)
            return _framed(PacketType.SUBSCRIBE, head + b"".join(wanted), _RESERVED_BIT)
        case Unsubscribe():
            names = b"".join(map(wire.text, packet.filters))
            return _framed(PacketType.UNSUBSCRIBE, head + names, _RESERVED_BIT)
        case SubAck():
            return _framed(PacketType.SUBACK, head + bytes(packet.codes))
        case UnsubAck():
            return _framed(PacketType.UNSUBACK, head + bytes(packet.codes))
