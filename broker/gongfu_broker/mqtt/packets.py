"""The packets of MQTT 3.1.1 and 5 as values. Encoding stands in encode.py, reading in decode.py."""

from dataclasses import dataclass
from enum import IntEnum

from gongfu_broker.mqtt.properties import Properties


class Version(IntEnum):
    """The protocol level in CONNECT."""

    V311 = 4
    V5 = 5


class PacketType(IntEnum):
    """The first four bits of a packet."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


@dataclass(frozen=True)
class WillMessage:
    """What the broker says for a client that vanishes."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = ()


@dataclass(frozen=True)
class Connect:
    """The first packet of a client."""

    client_id: str
    keep_alive_s: int = 0
    clean: bool = True
    user: str | None = None
    password: bytes | None = None
    will: WillMessage | None = None
    properties: Properties = ()


@dataclass(frozen=True)
class ConnAck:
    """The broker's answer; ``code`` 0 is yes."""

    session_present: bool = False
    code: int = 0
    properties: Properties = ()


@dataclass(frozen=True)
class Publish:
    """One message; ``packet_id`` is None exactly when ``qos`` is 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int | None = None
    properties: Properties = ()


@dataclass(frozen=True)
class Acknowledge:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""

    kind: PacketType
    packet_id: int
    code: int = 0
    properties: Properties = ()


@dataclass(frozen=True)
class Subscribe:
    """(filter, options) each; the lowest two bits of the options are the wanted QoS."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]
    properties: Properties = ()


@dataclass(frozen=True)
class SubAck:
    """One code for each filter: the granted QoS, or 0x80 and above for a refusal."""

    packet_id: int
    codes: tuple[int, ...]
    properties: Properties = ()


@dataclass(frozen=True)
class Unsubscribe:
    """The filters that are no longer wanted."""

    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = ()


@dataclass(frozen=True)
class UnsubAck:
    """``codes`` is empty in MQTT 3.1.1."""

    packet_id: int
    codes: tuple[int, ...] = ()
    properties: Properties = ()


@dataclass(frozen=True)
class PingReq:
    """Are you there?"""


@dataclass(frozen=True)
class PingResp:
    """Yes."""


@dataclass(frozen=True)
class Disconnect:
    """Goodbye; with a code and a reason in MQTT 5, where the broker may say it too."""

    code: int = 0
    properties: Properties = ()


@dataclass(frozen=True)
class Auth:
    """Extended authentication of MQTT 5, which this client never asks for."""

    code: int = 0
    properties: Properties = ()


Packet = (
    Connect
    | ConnAck
    | Publish
    | Acknowledge
    | Subscribe
    | SubAck
    | Unsubscribe
    | UnsubAck
    | PingReq
    | PingResp
    | Disconnect
    | Auth
)
