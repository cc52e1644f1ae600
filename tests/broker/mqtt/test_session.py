"""The protocol without a socket, its time handed in."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.mqtt import wire
from gongfu_broker.mqtt.backoff import wait_s
from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.errors import ConnectRefusedError, LinkSilentError, MalformedPacketError
from gongfu_broker.mqtt.packets import (
    Acknowledge,
    ConnAck,
    Connect,
    Disconnect,
    PacketType,
    PingReq,
    PingResp,
    Publish,
    SubAck,
    Version,
)
from gongfu_broker.mqtt.properties import Properties, Property
from gongfu_broker.mqtt.session import MqttSession
from tests.broker.mqtt.malformed_corpus import MALFORMED

VERSIONS = pytest.mark.parametrize("version", list(Version))
KEEP_ALIVE_S = 30.0
PING = encode(PingReq(), Version.V311)
PONG = encode(PingResp(), Version.V311)


def connected(
    version: Version = Version.V311, *, window: int = 100, given: Properties = ()
) -> MqttSession:
    session = MqttSession(Connect("c", int(KEEP_ALIVE_S)), version, window=window, now_s=0.0)
    session.receive(encode(ConnAck(properties=given), version), 0.0)
    return session


def message(number: int, *, qos: int = 1) -> bytes:
    identifier = number % 65_535 + 1 if qos else None
    return encode(Publish("t", b"%d" % number, qos, packet_id=identifier), Version.V311)


def test_every_code_of_a_refusal_says_what_to_do() -> None:
    for version, codes in ((Version.V311, range(1, 6)), (Version.V5, range(0x80, 0x90))):
        for code in codes:
            session = MqttSession(Connect("c"), version, window=1, now_s=0.0)
            with pytest.raises(ConnectRefusedError) as refused:
                session.receive(encode(ConnAck(code=code), version), 0.0)
            assert refused.value.code == code
            assert f"{code:#04x}" in str(refused.value)
            assert len(str(refused.value)) > 60


@pytest.mark.parametrize(
    ("version", "code", "remedy"),
    [
        (Version.V311, 4, "check user name and password"),
        (Version.V5, 0x86, "check user name and password"),
        (Version.V311, 5, "not authorised: check"),
        (Version.V5, 0x87, "access list"),
        (Version.V311, 3, "connect again later"),
        (Version.V5, 0x89, "busy"),
        (Version.V5, 0x84, "set the protocol to 3.1.1"),
        (Version.V5, 1, "set the protocol"),
        (Version.V5, 0x85, "choose another one"),
        (Version.V5, 0xEE, "look into its log"),
    ],
)
def test_a_refusal_names_its_remedy(version: Version, code: int, remedy: str) -> None:
    session = MqttSession(Connect("c"), version, window=1, now_s=0.0)
    with pytest.raises(ConnectRefusedError, match=remedy):
        session.receive(encode(ConnAck(code=code), version), 0.0)


def test_what_the_broker_says_in_words_is_passed_on() -> None:
    said: Properties = ((Property.REASON, "maintenance until noon"),)
    with pytest.raises(BusDisconnectedError, match="maintenance until noon"):
        connected(Version.V5).receive(encode(Disconnect(0x8B, said), Version.V5), 1.0)


def test_a_session_taken_over_is_told_by_name() -> None:
    with pytest.raises(BusDisconnectedError, match="taken over"):
        connected(Version.V5).receive(encode(Disconnect(0x8E), Version.V5), 1.0)


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400", b"\x15\x03\x01", b"SSH-2.0", b"\xd0\x00"])
def test_another_protocol_is_recognised_at_its_first_byte(greeting: bytes) -> None:
    session = MqttSession(Connect("c"), Version.V311, window=1, now_s=0.0)
    with pytest.raises(MalformedPacketError, match="no MQTT"):
        session.receive(greeting, 0.0)


@pytest.mark.parametrize("name", MALFORMED)
def test_every_malformed_frame_ends_the_connection_with_a_protocol_error(name: str) -> None:
    versions, raw = MALFORMED[name]
    for version in versions:
        session = connected(version)
        session.receive(encode(Publish("t", b"good"), version), 1.0)
        with pytest.raises(MalformedPacketError):
            session.receive(raw, 1.0)
        assert [kept.payload for kept in session.take(10)] == [b"good"]


def test_a_refusal_goes_before_the_garbage_behind_it() -> None:
    session = MqttSession(Connect("c"), Version.V311, window=1, now_s=0.0)
    with pytest.raises(ConnectRefusedError):
        session.receive(encode(ConnAck(code=5), Version.V311) + b"\x00\x00", 0.0)


@VERSIONS
def test_what_stands_behind_a_goodbye_or_a_fault_is_not_taken(version: Version) -> None:
    before, after = (encode(Publish("t", word), version) for word in (b"before", b"after"))
    for end in (encode(Disconnect(), version), encode(ConnAck(), version), b"\x00\x00"):
        session = connected(version)
        with pytest.raises(BusDisconnectedError):
            session.receive(before + end + after, 1.0)
        assert [kept.payload for kept in session.take(10)] == [b"before"]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("come"), st.integers(1, 30), st.sampled_from((0, 1))),
            st.tuples(st.just("take"), st.integers(1, 40), st.just(0)),
            st.tuples(st.just("acknowledge"), st.integers(0, 40), st.just(0)),
        )
    )
)
def test_acknowledgements_leave_in_the_order_of_arrival_and_only_of_what_was_taken(
    steps: list[tuple[str, int, int]],
) -> None:
    session, window = connected(window=20), 20
    waiting: deque[tuple[int, int]] = deque()
    taken: deque[tuple[int, int]] = deque()
    number = 0
    for step, count, qos in steps:
        if step == "come":
            for _ in range(count):
                session.receive(message(number, qos=qos), 0.0)
                waiting.append((number, qos))
                number += 1
        elif step == "take":
            wanted = [
                waiting.popleft() for _ in range(min(count, window - len(taken), len(waiting)))
            ]
            assert [int(m.payload) for m in session.take(count)] == [n for n, _ in wanted]
            taken.extend(wanted)
        else:
            done = [taken.popleft() for _ in range(min(count, len(taken)))]
            acknowledged = [n for n, level in done if level]
            wanted_bytes = b"".join(b"\x40\x02" + wire.short(n + 1) for n in acknowledged)
            assert session.acknowledge(len(done)) == wanted_bytes
        assert session.waiting == bool(waiting and len(taken) < window)
        assert session.full == (len(waiting) + len(taken) > window)


def test_more_acknowledged_than_taken_is_an_error_of_the_caller() -> None:
    session = connected()
    session.receive(message(1), 0.0)
    with pytest.raises(BrokerError, match="only 0 were taken"):
        session.acknowledge(1)


@pytest.mark.parametrize("window", [0, 65_536])
def test_a_window_that_mqtt_cannot_hold_is_refused(window: int) -> None:
    with pytest.raises(BrokerError, match="choose 1 to 65535"):
        MqttSession(Connect("c"), Version.V311, window=window, now_s=0.0)


def test_a_few_huge_messages_are_full_before_the_window_is() -> None:
    session = connected(window=1_000)
    huge = encode(Publish("t", b"x" * 1_000_000, 1, packet_id=1), Version.V311)
    for _ in range(80):
        session.receive(huge, 0.0)
    assert session.full
    assert len(session.take(100)) == 80
    session.acknowledge(80)
    assert not session.full


@given(
    heard=st.lists(st.floats(0.0, 25.0), max_size=30),
    sent=st.lists(st.floats(0.0, 25.0), max_size=30),
)
def test_a_dead_link_is_found_within_one_and_a_half_keep_alives(
    heard: list[float], sent: list[float]
) -> None:
    """Whatever was heard and sent before: from the last byte heard it takes no longer."""
    session = connected()
    now_s = last_heard_s = 0.0
    for heard_after_s in heard:
        now_s += heard_after_s
        session.tick(now_s)
        session.receive(PONG, now_s)
        last_heard_s = now_s
    found_s = None
    writes = iter(sent)
    while found_s is None and now_s < last_heard_s + 3 * KEEP_ALIVE_S:
        now_s = max(session.due_s() or 0.0, now_s)
        try:
            session.tick(now_s)
        except LinkSilentError:
            found_s = now_s
        now_s += next(writes, 0.0) / 10
        session.sent(now_s)
    assert found_s is not None
    assert found_s - last_heard_s <= 1.5 * KEEP_ALIVE_S


@given(st.lists(st.floats(0.001, 0.49 * KEEP_ALIVE_S), min_size=1, max_size=60))
def test_a_link_that_answers_in_time_is_never_given_up(delays: list[float]) -> None:
    session = connected()
    for delay_s in delays:
        due_s = session.due_s()
        assert due_s is not None
        assert session.tick(due_s) == PING
        session.receive(PONG, due_s + delay_s)


def test_something_leaves_at_least_once_per_keep_alive_even_while_much_is_heard() -> None:
    session = connected()
    pings = []
    for second in range(1, 200):
        session.receive(message(second), float(second))
        if session.tick(float(second)):
            pings.append(second)
    assert [b - a for a, b in zip([0, *pings], pings, strict=False)] == [23] * len(pings)


def test_a_reader_that_waits_for_the_disk_pings_on_and_takes_no_silence_for_death() -> None:
    session = connected()
    session.paused(1.0)
    pings = [second for second in range(1, 400) if session.tick(float(second)) == PING]
    assert len(pings) >= 400 // KEEP_ALIVE_S
    session.resumed(400.0)
    assert session.tick(400.0 + 0.8 * KEEP_ALIVE_S) == PING
    with pytest.raises(LinkSilentError, match="keep-alive is 30 s"):
        session.tick(400.0 + 1.5 * KEEP_ALIVE_S)


def test_the_keep_alive_that_the_broker_sets_is_kept() -> None:
    session = connected(Version.V5, given=((Property.SERVER_KEEP_ALIVE_S, 8),))
    assert session.due_s() == 6.0


def test_keep_alive_can_be_off() -> None:
    session = MqttSession(Connect("c", 0), Version.V311, window=1, now_s=0.0)
    assert session.due_s() is None
    assert session.tick(1e9) == b""


def test_an_identifier_is_not_used_again_before_its_answer() -> None:
    session = connected()
    first, _ = session.publish("t", b"", qos=1, retain=False)
    asked, _ = session.subscribe("t", 1)
    used = {first, asked}
    for _ in range(65_535 - 2):
        identifier, _ = session.publish("t", b"", qos=1, retain=False)
        assert identifier not in used
        used.add(identifier)
    with pytest.raises(BrokerError, match="publish slower"):
        session.publish("t", b"", qos=1, retain=False)
    puback = Acknowledge(PacketType.PUBACK, 77)
    assert session.receive(encode(puback, Version.V311), 1.0) == [puback]
    assert session.publish("t", b"", qos=1, retain=False)[0] == 77
    assert session.receive(encode(SubAck(asked, (1,)), Version.V311), 1.0) == [SubAck(asked, (1,))]


def test_a_puback_that_nobody_waits_for_does_no_harm() -> None:
    session = connected()
    assert session.receive(encode(Acknowledge(PacketType.PUBACK, 5), Version.V311), 1.0) == []


@VERSIONS
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b/c", "文"]), st.binary(max_size=200)), max_size=9)
)
def test_messages_written_together_are_those_written_one_by_one(
    version: Version, messages: list[tuple[str, bytes]]
) -> None:
    one_by_one = b"".join(encode(Publish(*each), version) for each in messages)
    assert connected(version).publish_all(messages) == one_by_one


@given(st.integers(1, 200), st.floats(0.0, 1.0, exclude_max=True))
def test_the_wait_before_connecting_again_uses_the_whole_span_and_has_a_limit(
    attempt: int, chance: float
) -> None:
    span_s = wait_s(attempt, 1.0)
    assert span_s == min(15.0, 0.5 * 2.0 ** (attempt - 1))
    assert wait_s(attempt, chance) == chance * span_s
