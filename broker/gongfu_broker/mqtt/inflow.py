"""The byte stream from the broker, cut into packets; messages take a short way.

A whole chunk is read in one loop, for ingest hears some thousand messages a second and nearly all
of them are PUBLISH of QoS 1. Every other packet, and every rare form of PUBLISH, goes to decode.py;
a property test holds both ways together.
"""

from collections.abc import Callable

from gongfu_broker.mqtt import properties as props
from gongfu_broker.mqtt import wire
from gongfu_broker.mqtt.decode import decode, packet_type, topic_name
from gongfu_broker.mqtt.errors import MalformedPacketError
from gongfu_broker.mqtt.packets import Packet, PacketType, Publish, Version
from gongfu_broker.ports import Message

# A longer message is handed over cut off here; whoever decodes it refuses it by its size.
MAX_KEPT_BYTES = 1024**2
_MAX_TOPICS = 65_536
_ZERO_ID = b"\0\0"
_NO_PROPERTIES = b"\0"
# PUBLISH of QoS 0 and 1, with and without the flags of retained and of sent again.
_SHORT_WAY = frozenset({0x30, 0x31, 0x32, 0x33, 0x3A, 0x3B})
_LONGEST_HEAD = 6
_BITS, _MORE = 0x7F, 0x80
# Lengths from here on take three bytes; such messages are read the long way.
_LONG = 16_384


class Inflow:
    """Takes bytes in chunks of any size.

    ``messages`` are what arrived, in order, and ``ids`` their packet identifiers as they stood on
    the wire (None for QoS 0); the owner removes from the front of both. Everything else goes to
    ``heard`` in its place between them, and what that raises ends the reading there.
    """

    def __init__(
        self,
        version: Version,
        heard: Callable[[Packet], None],
        *,
        max_kept_bytes: int = MAX_KEPT_BYTES,
    ) -> None:
        self.messages: list[Message] = []
        self.ids: list[bytes | None] = []
        self._version = version
        self._heard = heard
        self._max_kept_bytes = max_kept_bytes
        self._topics: dict[bytes, str] = {}
        self._parts: list[bytes] = []
        self._missing = 0
        self._cut: tuple[int, bytes] | None = None
        self._to_skip = 0

    def feed(self, data: bytes) -> None:
        """Read what is complete now. Raises MalformedPacketError; what came before it is kept."""
        if self._missing > len(data):
            self._parts.append(data)
            self._missing -= len(data)
            return
        if self._parts:
            data = b"".join((*self._parts, data))
            self._parts.clear()
        self._missing = 0
        at = self._skipped(data, 0)
        while (at := self._messages(data, at)) < len(data):
            after = self._packet(data, at)
            if after is None:
                break
            at = self._skipped(data, after)

    def _messages(self, data: bytes, at: int) -> int:
        """Read messages from ``at`` on; return where something else or a part begins."""
        end, topics, is_5 = len(data), self._topics, self._version is Version.V5
        new, keep, keep_id = tuple.__new__, self.messages.append, self.ids.append
        while end - at > _LONGEST_HEAD and (head := data[at]) in _SHORT_WAY:
            body, size = at + 2, data[at + 1]
            if size > _BITS:
                size += (data[body] << 7) - _MORE
                body += 1
            stop = body + size
            if stop > end or size >= _LONG:
                break
            begin = body + 2 + (data[body] << 8) + data[body + 1]
            raw, identifier = data[body + 2 : begin], None
            topic = topics.get(raw) or self._topic(raw)
            if head & 2:
                identifier = data[begin : begin + 2]
                begin += 2
            if is_5:
                begin = self._after_properties(data, begin, stop)
            if begin > stop or identifier == _ZERO_ID:
                raise MalformedPacketError("a message that ends before its payload begins")
            # The same as Message(…) in half the time.
            keep(new(Message, (topic, data[begin:stop], head & 1 == 1)))
            keep_id(identifier)
            at = stop
        return at

    def _topic(self, raw: bytes) -> str:
        topic = topic_name(raw)
        if len(self._topics) >= _MAX_TOPICS:
            self._topics.clear()
        self._topics[raw] = topic
        return topic

    @staticmethod
    def _after_properties(data: bytes, at: int, stop: int) -> int:
        if data[at : at + 1] == _NO_PROPERTIES:
            return at + 1
        reader = wire.Reader(data, at, stop)
        check_message_properties(props.decode(reader))
        return reader.at

    def _packet(self, data: bytes, at: int) -> int | None:
        """Read one packet of any type; None when it is not all there, and then its part is kept."""
        kind = packet_type(data[at])
        found = wire.peek_length(data, at + 1)
        if found is None:
            self._wait(data[at:], 1)
            return None
        size, body = found
        kept = min(size, self._max_kept_bytes)
        if kept < size and kind is not PacketType.PUBLISH:
            raise MalformedPacketError(f"{kind.name} of {size} bytes")
        if body + kept > len(data):
            self._wait(data[at:], body + kept - len(data))
            return None
        if kept < size:
            self._cut, self._to_skip = (data[at], data[body : body + kept]), size - kept
        else:
            self._deliver(decode(data[at], data[body : body + size], self._version))
        return body + kept

    def _wait(self, part: bytes, missing: int) -> None:
        self._parts.append(part)
        self._missing = missing

    def _deliver(self, packet: Packet) -> None:
        if not isinstance(packet, Publish) or packet.qos > 1:
            self._heard(packet)
            return
        check_message_properties(packet.properties)
        self.messages.append(Message(packet.topic, packet.payload, packet.retain))
        self.ids.append(None if packet.packet_id is None else wire.short(packet.packet_id))

    def _skipped(self, data: bytes, at: int) -> int:
        """Pass over the end of a message that is too long to be kept whole."""
        if self._cut is None:
            return at
        step = min(self._to_skip, len(data) - at)
        self._to_skip -= step
        if not self._to_skip:
            head, body = self._cut
            self._cut = None
            self._deliver(decode(head, body, self._version))
        return at + step


def check_message_properties(properties: props.Properties) -> None:
    """Refuse a topic alias: this client allows none. Raises MalformedPacketError."""
    if props.number(properties, props.Property.TOPIC_ALIAS) is not None:
        raise MalformedPacketError("a topic alias, though none was allowed")
