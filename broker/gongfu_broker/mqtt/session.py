"""One connection's protocol without its socket: bytes in, answers out; calls in, bytes out.

Time is handed in as seconds of any clock that never goes back. Messages wait here until they are
taken, and their packet identifiers until they are acknowledged.
"""

from collections.abc import Iterable
from itertools import islice

from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.mqtt import properties as props
from gongfu_broker.mqtt import reasons, wire
from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.errors import (
    ConnectRefusedError,
    LinkSilentError,
    MalformedPacketError,
)
from gongfu_broker.mqtt.inflow import Inflow
from gongfu_broker.mqtt.packets import (
    Acknowledge,
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
)
from gongfu_broker.mqtt.properties import Property
from gongfu_broker.ports import Message

Answer = ConnAck | SubAck | UnsubAck | Acknowledge

MAX_WINDOW = 65_535
# What may wait in memory before reading stops, whatever the window says.
MAX_WAITING_BYTES = 64 * 1024**2
# A ping after 3/4 of the keep-alive time without traffic, and half of it for the answer: a dead
# link is found within 1.25 × keep-alive.
_PING_AFTER, _ANSWER_WITHIN = 0.75, 0.5
_MAX_TOPICS = 65_536
_CONNACK_HEAD = PacketType.CONNACK << 4
_PUBACK_HEAD = bytes([PacketType.PUBACK << 4, 2])
_PUBLISH_HEAD = bytes([PacketType.PUBLISH << 4])
_PING = encode(PingReq(), Version.V311)


class MqttSession:
    """Client side of one connection; ``window`` messages may be in the application's hands."""

    def __init__(self, connect: Connect, version: Version, *, window: int, now_s: float) -> None:
        if not 1 <= window <= MAX_WINDOW:
            raise BrokerError(f"a window of {window} messages: choose 1 to {MAX_WINDOW}")
        self.version = version
        self.window = window
        self.accepted: ConnAck | None = None
        self.in_flight_limit = MAX_WINDOW
        self.heard_s = now_s
        self._connect = connect
        self._keep_alive_s = float(connect.keep_alive_s)
        self._inflow = Inflow(version, self._heard)
        self._answers: list[Answer] = []
        self._taken = 0
        self._waiting_bytes = 0
        self._sent_s = now_s
        self._pinged_s: float | None = None
        self._paused = False
        self._started = False
        self._last_id = 0
        self._asked: dict[int, int] = {}
        self._published: set[int] = set()
        self._topics: dict[str, bytes] = {}

    def opening(self) -> bytes:
        """CONNECT."""
        return encode(self._connect, self.version)

    def receive(self, data: bytes, now_s: float) -> list[Answer]:
        """Take bytes from the broker.

        Raises MalformedPacketError, ConnectRefusedError, or BusDisconnectedError when the broker
        says goodbye; the connection is then over.
        """
        self.heard_s = now_s
        self._pinged_s = None
        if self.accepted is None and data and data[0] != _CONNACK_HEAD and not self._started:
            raise MalformedPacketError(f"what listens there speaks no MQTT: it says {data[:16]!r}")
        self._started = True
        self._waiting_bytes += len(data)
        self._answers = []
        self._inflow.feed(data)
        return self._answers

    # -- messages in

    @property
    def waiting(self) -> bool:
        """Whether ``take`` would return something."""
        return self._taken < min(len(self._inflow.ids), self.window)

    @property
    def full(self) -> bool:
        """Whether reading should stop: more is held than the window or the memory allows."""
        return len(self._inflow.ids) > self.window or self._waiting_bytes > MAX_WAITING_BYTES

    def take(self, limit: int) -> list[Message]:
        """The oldest messages, at most ``limit`` and what the window leaves."""
        count = min(limit, self.window - self._taken)
        waiting = self._inflow.messages
        taken = waiting[:count]
        del waiting[:count]
        self._taken += len(taken)
        if waiting:
            self._waiting_bytes -= sum(len(message.payload) for message in taken)
        else:
            self._waiting_bytes = 0
        return taken

    def acknowledge(self, count: int) -> bytes:
        """PUBACKs of the oldest ``count`` messages taken, in the order of their arrival."""
        if count > self._taken:
            raise BrokerError(f"{count} messages acknowledged, but only {self._taken} were taken")
        ids = self._inflow.ids
        done = [identifier for identifier in islice(ids, count) if identifier is not None]
        del ids[:count]
        self._taken -= count
        return _PUBACK_HEAD.join((b"", *done))

    # -- subscriptions and messages out

    def subscribe(self, topic_filter: str, qos: int) -> tuple[int, bytes]:
        """SUBSCRIBE and the packet identifier that its answer will carry."""
        identifier = self._next_id()
        packet = encode(Subscribe(identifier, ((topic_filter, qos),)), self.version)
        self._asked[identifier] = 1
        return identifier, packet

    def unsubscribe(self, topic_filter: str) -> tuple[int, bytes]:
        """UNSUBSCRIBE and the packet identifier that its answer will carry."""
        identifier = self._next_id()
        packet = encode(Unsubscribe(identifier, (topic_filter,)), self.version)
        self._asked[identifier] = 1
        return identifier, packet

    def publish(
        self, topic: str, payload: bytes, *, qos: int, retain: bool
    ) -> tuple[int | None, bytes]:
        """PUBLISH and the packet identifier that its answer will carry (None for QoS 0)."""
        identifier = self._next_id() if qos else None
        packet = encode(Publish(topic, payload, qos, retain, packet_id=identifier), self.version)
        if identifier:
            self._published.add(identifier)
        return identifier, packet

    def publish_all(self, messages: Iterable[tuple[str, bytes]]) -> bytes:
        """PUBLISH of QoS 0 for each (topic, payload)."""
        topics, parts = self._topics, list[bytes]()
        for topic, payload in messages:
            head = topics.get(topic) or self._topic(topic)
            parts += (_PUBLISH_HEAD, wire.length(len(head) + len(payload)), head, payload)
        return b"".join(parts)

    def goodbye(self) -> bytes:
        """DISCONNECT; the broker forgets the last will."""
        return encode(Disconnect(), self.version)

    # -- time

    def sent(self, now_s: float) -> None:
        """Something was written."""
        self._sent_s = now_s

    def paused(self, now_s: float) -> None:
        """Reading stopped: silence means nothing until it goes on."""
        self._paused = True
        self.sent(now_s)

    def resumed(self, now_s: float) -> None:
        """Reading goes on: the answer to an earlier ping may stand behind much else."""
        self._paused = False
        self.heard_s = now_s
        self._pinged_s = None

    def due_s(self) -> float | None:
        """When ``tick`` has something to do; None when keep-alive is off."""
        if not self._keep_alive_s:
            return None
        if self._pinged_s is not None:
            return self._pinged_s + _ANSWER_WITHIN * self._keep_alive_s
        since = self._sent_s if self._paused else min(self._sent_s, self.heard_s)
        return since + _PING_AFTER * self._keep_alive_s

    def tick(self, now_s: float) -> bytes:
        """PINGREQ when it is time. Raises LinkSilentError when the last one was not answered."""
        due_s = self.due_s()
        if due_s is None or now_s < due_s:
            return b""
        if self._pinged_s is not None:
            silent_s = now_s - self.heard_s
            raise LinkSilentError(
                f"the broker is silent for {silent_s:.0f} s, keep-alive is "
                f"{self._keep_alive_s:.0f} s: the network or the broker is gone"
            )
        self._sent_s = now_s
        self._pinged_s = None if self._paused else now_s
        return _PING

    # -- packets in

    def _heard(self, packet: Packet) -> None:
        answer = self._answer(packet)
        if answer is not None:
            self._answers.append(answer)

    def _answer(self, packet: Packet) -> Answer | None:
        if self.accepted is None:
            return self._accept(packet)
        match packet:
            case PingResp():
                return None
            case Acknowledge(kind=PacketType.PUBACK):
                # An answer to what is no longer asked does no harm.
                known = packet.packet_id in self._published
                self._published.discard(packet.packet_id)
                return packet if known else None
            case SubAck() | UnsubAck():
                return self._granted(packet)
            case Disconnect():
                said = props.words(packet.properties, Property.REASON)
                raise BusDisconnectedError(reasons.goodbye(packet.code, said))
            case Publish():
                raise MalformedPacketError("a message of QoS 2, though none was asked for")
        raise MalformedPacketError(f"{type(packet).__name__} is nothing that a broker says here")

    def _accept(self, packet: Packet) -> ConnAck:
        if not isinstance(packet, ConnAck):
            raise MalformedPacketError("the broker's first packet is no CONNACK")
        if packet.code:
            said = props.words(packet.properties, Property.REASON)
            sentence = reasons.connect_refusal(self.version, packet.code, said)
            raise ConnectRefusedError(packet.code, sentence)
        self.accepted = packet
        given = packet.properties
        self.in_flight_limit = props.number(given, Property.RECEIVE_MAXIMUM) or MAX_WINDOW
        keep_alive_s = props.number(given, Property.SERVER_KEEP_ALIVE_S)
        if keep_alive_s is not None:
            self._keep_alive_s = float(keep_alive_s)
        return packet

    def _granted(self, packet: SubAck | UnsubAck) -> SubAck | UnsubAck:
        wanted = self._asked.pop(packet.packet_id, None)
        # UNSUBACK of MQTT 3.1.1 carries no code.
        bare = isinstance(packet, UnsubAck) and self.version is Version.V311
        if wanted is None or len(packet.codes) != (0 if bare else wanted):
            raise MalformedPacketError(f"{type(packet).__name__} does not fit what was asked")
        return packet

    def _next_id(self) -> int:
        for _ in range(MAX_WINDOW):
            self._last_id = self._last_id % MAX_WINDOW + 1
            if self._last_id not in self._asked and self._last_id not in self._published:
                return self._last_id
        raise BrokerError("65,535 messages wait for their PUBACK: publish slower")

    def _topic(self, topic: str) -> bytes:
        packet = encode(Publish(topic, b""), self.version)
        found = wire.peek_length(packet, 1)
        head = packet[found[1] :] if found else b""
        if len(self._topics) >= _MAX_TOPICS:
            self._topics.clear()
        self._topics[topic] = head
        return head
