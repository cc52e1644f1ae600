"""MQTT 5 properties (chapter 2.2.2.2): what each is called and how it stands on the wire."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Literal

from gongfu_broker.mqtt import wire
from gongfu_broker.mqtt.errors import MalformedPacketError, UnsendableError
from gongfu_broker.mqtt.wire import Reader

Kind = Literal["byte", "short", "long", "length", "text", "block", "pair"]
Value = int | str | bytes | tuple[str, str]
Properties = tuple[tuple["Property", Value], ...]


class Property(IntEnum):
    """Every property of MQTT 5 by its identifier."""

    PAYLOAD_FORMAT = 1
    MESSAGE_EXPIRY_S = 2
    CONTENT_TYPE = 3
    RESPONSE_TOPIC = 8
    CORRELATION_DATA = 9
    SUBSCRIPTION_IDENTIFIER = 11
    SESSION_EXPIRY_S = 17
    ASSIGNED_CLIENT_ID = 18
    SERVER_KEEP_ALIVE_S = 19
    AUTHENTICATION_METHOD = 21
    AUTHENTICATION_DATA = 22
    REQUEST_PROBLEM_INFORMATION = 23
    WILL_DELAY_S = 24
    REQUEST_RESPONSE_INFORMATION = 25
    RESPONSE_INFORMATION = 26
    SERVER_REFERENCE = 28
    REASON = 31
    RECEIVE_MAXIMUM = 33
    TOPIC_ALIAS_MAXIMUM = 34
    TOPIC_ALIAS = 35
    MAXIMUM_QOS = 36
    RETAIN_AVAILABLE = 37
    USER_PROPERTY = 38
    MAXIMUM_PACKET_BYTES = 39
    WILDCARDS_AVAILABLE = 40
    SUBSCRIPTION_IDENTIFIERS_AVAILABLE = 41
    SHARED_SUBSCRIPTIONS_AVAILABLE = 42


_BYTE: tuple[int, ...] = (1, 23, 25, 36, 37, 40, 41, 42)
_SHORT, _LONG, _LENGTH = (19, 33, 34, 35), (2, 17, 24, 39), (11,)
_TEXT, _BLOCK, _PAIR = (3, 8, 18, 21, 26, 28, 31), (9, 22), (38,)
KINDS: dict[Property, Kind] = {
    **{Property(n): "byte" for n in _BYTE},
    **{Property(n): "short" for n in _SHORT},
    **{Property(n): "long" for n in _LONG},
    **{Property(n): "length" for n in _LENGTH},
    **{Property(n): "text" for n in _TEXT},
    **{Property(n): "block" for n in _BLOCK},
    **{Property(n): "pair" for n in _PAIR},
}
_SIZES = {"byte": 1, "short": 2, "long": 4}
REPEATABLE = frozenset({Property.USER_PROPERTY, Property.SUBSCRIPTION_IDENTIFIER})


def encode(properties: Properties) -> bytes:
    """The properties behind their length. Raises UnsendableError for a value of the wrong type."""
    body = b"".join(_encoded(name, value) for name, value in properties)
    return wire.length(len(body)) + body


def decode(reader: Reader) -> Properties:
    """Read the properties of one packet. Raises MalformedPacketError."""
    size = reader.length()
    inner = Reader(reader.take(size))
    found: list[tuple[Property, Value]] = []
    while inner.left():
        name = _name(inner.length())
        found.append((name, _value(name, inner)))
    _check_repeated(name for name, _ in found)
    return tuple(found)


def number(properties: Properties, name: Property) -> int | None:
    """The property's value when it is there and a number."""
    return next((v for n, v in properties if n is name and isinstance(v, int)), None)


def words(properties: Properties, name: Property) -> str:
    """The property's text, or ''."""
    return next((v for n, v in properties if n is name and isinstance(v, str)), "")


def _name(identifier: int) -> Property:
    try:
        return Property(identifier)
    except ValueError:
        raise MalformedPacketError(f"property {identifier} is none of MQTT 5") from None


def _check_repeated(names: Iterable[Property]) -> None:
    seen: set[Property] = set()
    for name in names:
        if name in seen and name not in REPEATABLE:
            raise MalformedPacketError(f"property {name.name} stands twice")
        seen.add(name)


def _encoded(name: Property, value: Value) -> bytes:
    head = bytes([name])
    match KINDS[name], value:
        case ("byte" | "short" | "long") as kind, int():
            return head + _number(name, value, _SIZES[kind])
        case "length", int():
            return head + wire.length(value)
        case "text", str():
            return head + wire.text(value)
        case "block", bytes():
            return head + wire.block(value)
        case "pair", (str(key), str(words)):
            return head + wire.text(key) + wire.text(words)
    raise UnsendableError(f"{value!r} is no value of property {name.name}")


def _number(name: Property, value: int, size: int) -> bytes:
    try:
        return value.to_bytes(size, "big")
    except OverflowError:
        raise UnsendableError(f"{value} is out of range for property {name.name}") from None


def _value(name: Property, reader: Reader) -> Value:
    kind = KINDS[name]
    if kind in _SIZES:
        return reader.number(_SIZES[kind])
    if kind == "length":
        return reader.length()
    if kind == "text":
        return reader.text()
    if kind == "block":
        return reader.block()
    return reader.text(), reader.text()
