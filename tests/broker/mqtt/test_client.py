"""The client on a real socket, against a broker that does what the test wants."""

import asyncio
import contextlib
from typing import Literal

import pytest

from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.listening import free_port
from gongfu_broker.mqtt import MqttConnector
from gongfu_broker.mqtt.errors import ConnectRefusedError, LinkSilentError, MalformedPacketError
from gongfu_broker.mqtt.packets import (
    Acknowledge,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PacketType,
    PingReq,
    Publish,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
    Version,
)
from gongfu_broker.mqtt.properties import Property
from gongfu_broker.ports import Message, Session, Will
from tests.broker.mqtt.malformed_corpus import MALFORMED
from tests.broker.mqtt.scripted_broker import Peer, broker

SESSION = Session("c", "u", "p", persistent=True, window=10)
PROTOCOLS: dict[Version, Literal["3.1.1", "5"]] = {Version.V311: "3.1.1", Version.V5: "5"}


def messages(*numbers: int) -> list[Packet]:
    return [Publish("t", b"%d" % n, 1, packet_id=n + 1) for n in numbers]


def way(port: int, version: Version = Version.V311, timeout_s: float = 5.0) -> MqttConnector:
    return MqttConnector("127.0.0.1", port, protocol=PROTOCOLS[version], timeout_s=timeout_s)


async def until_gone(peer: Peer) -> list[Packet]:
    heard: list[Packet] = []
    while (packet := await peer.next()) is not None:
        heard.append(packet)
    return heard


async def connect_only(port: int, version: Version = Version.V311, timeout_s: float = 5.0) -> None:
    async with way(port, version, timeout_s).intake(SESSION):
        pass


async def test_the_first_packet_says_who_comes_and_how_much_may_be_in_flight() -> None:
    said: list[Connect] = []

    async def script(peer: Peer) -> None:
        said.append(await peer.accept())
        await until_gone(peer)

    will = Will("clf/v1/s/d/state", b"gone")
    session = Session("c", "u", "p", persistent=True, will=will, keep_alive_s=7, window=5_000)
    async with broker(script, Version.V5) as port, way(port, Version.V5).intake(session):
        pass
    (packet,) = said
    assert (packet.client_id, packet.user, packet.password) == ("c", "u", b"p")
    assert (packet.keep_alive_s, packet.clean) == (7, False)
    assert packet.will is not None
    assert (packet.will.payload, packet.will.qos, packet.will.retain) == (b"gone", 1, True)
    assert dict(packet.properties) == {
        Property.SESSION_EXPIRY_S: 7 * 86_400,
        Property.RECEIVE_MAXIMUM: 5_000,
    }


async def test_a_session_that_is_not_kept_starts_clean() -> None:
    said: list[Connect] = []

    async def script(peer: Peer) -> None:
        said.append(await peer.accept())
        await until_gone(peer)

    async with (
        broker(script, Version.V5) as port,
        way(port, Version.V5).intake(Session("c", "u", "p")),
    ):
        pass
    assert said[0].clean
    assert dict(said[0].properties)[Property.SESSION_EXPIRY_S] == 0
    assert dict(said[0].properties)[Property.RECEIVE_MAXIMUM] >= 5_000  # type: ignore[operator] # a number


async def test_a_refusal_names_the_address_and_the_remedy() -> None:
    async def script(peer: Peer) -> None:
        await peer.expect(Connect)
        peer.say(ConnAck(code=5))

    async with broker(script) as port:
        with pytest.raises(ConnectRefusedError, match=rf"127\.0\.0\.1:{port}: .*not authorised"):
            await connect_only(port)


async def test_a_broker_that_says_nothing_is_given_up_after_the_timeout() -> None:
    async def script(peer: Peer) -> None:
        await until_gone(peer)

    async with broker(script) as port:
        with pytest.raises(BusDisconnectedError, match="no answer to CONNECT"):
            await connect_only(port, timeout_s=0.2)


async def test_a_broker_that_hangs_up_at_once_asks_for_the_right_port() -> None:
    async def script(peer: Peer) -> None:
        await peer.expect(Connect)

    async with broker(script) as port:
        with pytest.raises(BusDisconnectedError, match="wants TLS"):
            await connect_only(port)


async def test_a_port_where_nobody_listens_is_told_so() -> None:
    with pytest.raises(BusDisconnectedError, match="is the broker running"):
        await connect_only(free_port())


async def test_a_web_server_is_not_taken_for_a_broker() -> None:
    async def script(peer: Peer) -> None:
        await peer.expect(Connect)
        peer.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with broker(script) as port:
        with pytest.raises(MalformedPacketError, match="no MQTT"):
            await connect_only(port)


@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_frames_end_the_connection_and_hang_nobody(name: str) -> None:
    versions, raw = MALFORMED[name]

    async def script(peer: Peer) -> None:
        await peer.accept()
        peer.writer.write(raw)
        await until_gone(peer)

    for version in versions:
        async with asyncio.timeout(5), broker(script, version) as port:
            with pytest.raises(BusDisconnectedError):
                async with way(port, version).intake(SESSION) as intake:
                    await intake.take(1)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (0x80, "refuses the subscription a/b"),
        (0x87, "access list"),
        (0, "grants QoS 0"),
        (0x8F, "check its spelling"),
    ],
)
async def test_a_subscription_that_is_not_granted_as_asked_is_an_error(
    code: int, sentence: str
) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.grant(code)
        await until_gone(peer)

    async with broker(script) as port, way(port).intake(SESSION) as intake:
        with pytest.raises(BrokerError, match=sentence) as refused:
            await intake.subscribe("a/b")
        assert not isinstance(refused.value, BusDisconnectedError)


async def test_a_subscription_given_up_is_answered_too() -> None:
    said: list[Packet] = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        for codes in ((0,), (0x11,)):
            packet = await peer.expect(Unsubscribe)
            assert isinstance(packet, Unsubscribe)
            said.append(packet)
            peer.say(UnsubAck(packet.packet_id, codes))
        await until_gone(peer)

    async with broker(script, Version.V5) as port, way(port, Version.V5).intake(SESSION) as intake:
        await intake.unsubscribe("a/b")
        await intake.unsubscribe("never/asked/for")
    assert said == [Unsubscribe(1, ("a/b",)), Unsubscribe(2, ("never/asked/for",))]


async def test_qos_2_is_refused_before_it_is_asked_for() -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await until_gone(peer)

    async with broker(script) as port, way(port).intake(SESSION) as intake:
        with pytest.raises(BrokerError, match="QoS 0 and 1"):
            await intake.subscribe("a/b", qos=2)


async def test_a_subscription_that_is_never_answered_ends_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await until_gone(peer)

    async with broker(script) as port, way(port, timeout_s=0.2).intake(SESSION) as intake:
        with pytest.raises(BusDisconnectedError, match="no answer from the broker"):
            await intake.subscribe("a/b")


async def test_an_answer_is_awaited_as_long_as_the_broker_says_anything() -> None:
    """The backlog comes first, slower than the timeout, and is far larger than the window."""

    async def script(peer: Peer) -> None:
        await peer.accept()
        asked = await peer.expect(Subscribe)
        assert isinstance(asked, Subscribe)
        for n in range(60):
            peer.say(*messages(*range(n * 10, n * 10 + 10)))
            await asyncio.sleep(0.02)
        peer.say(SubAck(asked.packet_id, (1,)))
        await until_gone(peer)

    async with broker(script) as port, way(port, timeout_s=0.3).intake(SESSION) as intake:
        await intake.subscribe("a/b")
        got: list[Message] = []
        while len(got) < 600:
            batch = await intake.take(100)
            assert len(batch) <= 10
            got += batch
            intake.acknowledge(len(batch))
        assert [int(message.payload) for message in got] == list(range(600))


async def test_reading_stops_while_more_than_the_window_waits() -> None:
    """What the broker can write is bounded by the buffers between, however long nobody takes."""
    large = Publish("t", b"x" * 60_000, 1, packet_id=1)
    written = 0

    async def script(peer: Peer) -> None:
        nonlocal written
        await peer.accept()
        while written < 2_000:
            peer.say(large)
            await peer.writer.drain()
            written += 1
        await until_gone(peer)

    async with broker(script) as port, way(port).intake(SESSION) as intake:
        before = -1
        while written != before:
            before = written
            await asyncio.sleep(0.3)
        assert written < 500
        taken = 0
        async with asyncio.timeout(20):
            while taken < 2_000:
                batch = await intake.take(100)
                taken += len(batch)
                intake.acknowledge(len(batch))


async def test_pubacks_leave_only_when_acknowledged_in_order_and_together() -> None:
    acks: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        peer.say(*messages(*range(8)))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(peer.next(), 0.3)
            raise AssertionError("a PUBACK before anything was acknowledged")
        raw = await peer.reader.readexactly(5 * 4)
        acks.extend(int.from_bytes(raw[at + 2 : at + 4]) for at in range(0, len(raw), 4))
        await until_gone(peer)

    async with broker(script) as port, way(port).intake(SESSION) as intake:
        got = 0
        while got < 8:
            got += len(await intake.take(8))
        await asyncio.sleep(0.4)
        intake.acknowledge(5)
        await asyncio.sleep(0.1)
    assert acks == [1, 2, 3, 4, 5]


async def test_a_message_sent_again_passes_through() -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        peer.say(Publish("t", b"1", 1, packet_id=1), Publish("t", b"1", 1, dup=True, packet_id=1))
        await until_gone(peer)

    async with broker(script) as port, way(port).intake(SESSION) as intake:
        got = [*await intake.take(1), *await intake.take(1)]
        assert [message.payload for message in got] == [b"1", b"1"]


async def test_what_arrived_before_the_end_can_still_be_taken() -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        peer.say(*messages(*range(3)))

    async with broker(script) as port, way(port).intake(SESSION) as intake:
        await asyncio.sleep(0.2)
        assert len(await intake.take(10)) == 3
        intake.acknowledge(3)
        with pytest.raises(BusDisconnectedError, match="same client id"):
            await intake.take(1)
        with pytest.raises(BusDisconnectedError):
            await intake.send([("t", b"")])
        with pytest.raises(BusDisconnectedError):
            await intake.subscribe("t")


async def test_everybody_who_waits_learns_of_a_takeover() -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.expect(Subscribe)
        peer.say(Disconnect(0x8E))

    async with broker(script, Version.V5) as port, way(port, Version.V5).intake(SESSION) as intake:
        told = await asyncio.gather(intake.subscribe("t"), intake.take(1), return_exceptions=True)
    assert all(isinstance(error, BusDisconnectedError) for error in told)
    assert all("taken over" in str(error) for error in told)


async def test_a_silent_broker_is_found_within_one_and_a_half_keep_alives() -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        await peer.expect(PingReq)
        await until_gone(peer)

    session = Session("c", "u", "p", keep_alive_s=1)
    async with broker(script) as port, way(port).intake(session) as intake:
        async with asyncio.timeout(3):
            with pytest.raises(BusDisconnectedError, match="silent") as gone:
                await intake.take(1)
        assert isinstance(gone.value.__cause__, LinkSilentError)


async def test_leaving_says_goodbye_so_that_no_will_is_published() -> None:
    heard: list[Packet] = []

    async def script(peer: Peer) -> None:
        await peer.accept()
        heard.extend(await until_gone(peer))

    async with broker(script) as port:
        await connect_only(port)
    assert heard == [Disconnect()]


async def test_leaving_a_broker_that_reads_nothing_takes_a_moment_only() -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        peer.reader.set_exception(ConnectionError("not read any more"))
        await asyncio.sleep(3)

    async with asyncio.timeout(4), broker(script) as port, way(port).intake(SESSION) as intake:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                while True:
                    await intake.send([("t", b"x" * 100_000)])


async def test_a_broker_that_keeps_the_session_for_less_than_asked_is_told_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def script(peer: Peer) -> None:
        await peer.expect(Connect)
        peer.say(ConnAck(properties=((Property.SESSION_EXPIRY_S, 3_600),)))
        await until_gone(peer)

    async with broker(script, Version.V5) as port:
        await connect_only(port, Version.V5)
    assert "keeps messages for u for 3600 s only" in caplog.text


async def test_a_refused_message_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def script(peer: Peer) -> None:
        await peer.accept()
        message = await peer.expect(Publish)
        assert isinstance(message, Publish)
        assert message.packet_id is not None
        peer.say(Acknowledge(PacketType.PUBACK, message.packet_id, 0x87))
        await until_gone(peer)

    async with broker(script, Version.V5) as port, way(port, Version.V5).connect(SESSION) as bus:
        await bus.publish("clf/v1/s/d/tel", b"", qos=1)
    assert "refuses a message on clf/v1/s/d/tel: not authorised" in caplog.text
