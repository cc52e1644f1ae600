"""MQTT 3.1.1 as the load generator speaks it: few packets, made once, sent often.

Independent of the platform's own client, so that each tests the other. Source: OASIS MQTT 3.1.1.
"""

import struct
from collections.abc import Iterator

CONNACK, PUBLISH, PUBACK, SUBACK = 0x20, 0x30, 0x40, 0x90
PING = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
MAX_ID = 65_535
_CLEAN_WITH_ACCOUNT = 0xC2
_PUBLISH_QOS_1 = 0x32
_SUBSCRIBE = 0x82


class WireError(ValueError):
    """The broker said what this client does not understand."""


def connect(client_id: str, user: str, secret: str, keep_alive_s: int) -> bytes:
    """CONNECT with a clean session."""
    body = _text("MQTT") + bytes([4, _CLEAN_WITH_ACCOUNT]) + struct.pack("!H", keep_alive_s)
    return _packet(0x10, body + _text(client_id) + _text(user) + _text(secret))


def subscribe(packet_id: int, topic_filter: str) -> bytes:
    """SUBSCRIBE at QoS 0."""
    return _packet(_SUBSCRIBE, struct.pack("!H", packet_id) + _text(topic_filter) + b"\0")


def topic_head(topic: str) -> bytes:
    """What stands before the packet id in every PUBLISH on a topic."""
    return _text(topic)


def publish(head: bytes, packet_id: int, payload: bytes) -> bytes:
    """PUBLISH at QoS 1."""
    length = len(head) + 2 + len(payload)
    return b"%c%b%b%b%b" % (
        _PUBLISH_QOS_1, _length(length), head, packet_id.to_bytes(2, "big"), payload,
    )  # fmt: skip


def packets(buffer: bytearray) -> Iterator[tuple[int, memoryview]]:
    """(first byte, body) of every complete packet; the caller cuts them off by ``consumed``.

    The last value yielded is (0, rest): what is not complete yet.
    """
    view = memoryview(buffer)
    at, end = 0, len(buffer)
    while at + 2 <= end:
        size, start = _read_length(view, at + 1)
        if start == 0 or start + size > end:
            break
        yield view[at], view[start : start + size]
        at = start + size
    yield 0, view[at:]


def _read_length(view: memoryview, at: int) -> tuple[int, int]:
    """(remaining length, where the body begins), or (0, 0) while it is not complete."""
    size = 0
    for place, byte in enumerate(view[at : at + 4]):
        size |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:  # noqa: PLR2004 - the continuation bit
            return size, at + place + 1
    if len(view) >= at + 4:
        raise WireError("a packet's length has more than four bytes")
    return 0, 0


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("!H", len(data)) + data


def _packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + _length(len(body)) + body


def _length(size: int) -> bytes:
    if size < 0x80:  # noqa: PLR2004 - one byte is enough
        return bytes([size])
    more = bytearray()
    while True:
        size, digit = divmod(size, 0x80)
        more.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(more)
