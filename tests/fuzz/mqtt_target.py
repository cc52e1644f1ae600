"""Fuzz target: whatever a broker sends, the client ends with a protocol error or goes on.

The first byte chooses the protocol and where the stream is split, the rest are bytes after CONNACK.
"""

from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.mqtt.decode import decode
from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.errors import MalformedPacketError
from gongfu_broker.mqtt.packets import ConnAck, Connect, Version
from gongfu_broker.mqtt.session import Answer, MqttSession
from gongfu_broker.ports import Message

Outcome = tuple[list[Message], list[Answer], bytes, str]


def one_input(data: bytes) -> None:
    """Raise for anything but the two lawful outcomes, and when splitting changes the outcome."""
    if not data:
        return
    choice, raw = data[0], data[1:]
    version = Version.V5 if choice & 1 else Version.V311
    step = (choice >> 1) % 17 + 1
    whole = outcome(version, [raw])
    assert outcome(version, [raw[at : at + step] for at in range(0, len(raw), step)]) == whole
    packet(version, raw)


def outcome(version: Version, chunks: list[bytes]) -> Outcome:
    """Everything that can be seen from outside."""
    session = MqttSession(Connect("fuzz"), version, window=1_000, now_s=0.0)
    session.receive(encode(ConnAck(), version), 0.0)
    session.subscribe("a/#", 1)
    session.publish("a", b"", qos=1, retain=False)
    answers: list[Answer] = []
    end = ""
    try:
        for chunk in chunks:
            answers += session.receive(chunk, 0.0)
    except BusDisconnectedError as error:
        # Answers before the fault of one chunk are not told apart from none: the link is over.
        answers, end = [], type(error).__name__
    messages = session.take(1_000)
    return messages, answers, session.acknowledge(len(messages)), end


def packet(version: Version, raw: bytes) -> None:
    """A packet that can be read can be written, and reads the same."""
    if not raw:
        return
    try:
        found = decode(raw[0], raw[1:], version)
    except MalformedPacketError:
        return
    again = encode(found, version)
    assert again[0] == raw[0]
