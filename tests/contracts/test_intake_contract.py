"""One suite for every intake: in memory, and our own client on NATS and mosquitto."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from gongfu_broker.access import User, device_user, ingest_user
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.columns import DeviceKind
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.listening import free_port
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.mqtt import MqttConnector
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.ports import (
    BusConnector,
    Device,
    Intake,
    IntakeConnector,
    Message,
    Session,
)
from gongfu_broker.topics import uplink_filters
from tests.servers.mosquitto import Mosquitto

CABINET = Device("cab-0001", "hangzhou", DeviceKind.CABINET)
USERS: tuple[User, ...] = (
    device_user(CABINET, "secret-1"),
    ingest_user("ingest-p0", "secret-i"),
)
INGEST = Session("ingest-p0-x", "ingest-p0", "secret-i", persistent=True)
DEVICE = Session("cab-0001", "cab-0001", "secret-1")
TEL = "clf/v1/hangzhou/cab-0001/tel"
STATE = "clf/v1/hangzhou/cab-0001/state"
ACK = "clf/v1/hangzhou/cab-0001/ack"
PROTOCOLS: dict[str, Literal["3.1.1", "5"]] = {
    "mosquitto-mqtt-3.1.1": "3.1.1",
    "mosquitto-mqtt-5": "5",
}


class Way:
    """Both ends: the intake under test, and devices that speak through another client."""

    def __init__(self, intakes: IntakeConnector, devices: BusConnector) -> None:
        self.intake = intakes.intake
        self.connect = devices.connect

    async def say(self, *payloads: bytes, topic: str = TEL) -> None:
        async with self.connect(DEVICE) as device:
            for payload in payloads:
                await device.publish(topic, payload, qos=1)


@pytest.fixture(params=["memory", "nats", *PROTOCOLS])
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    if request.param == "memory":
        broker = MemoryBroker(USERS)
        yield Way(broker, broker)
        return
    if request.param in PROTOCOLS:
        with Mosquitto(tmp_path, users=USERS) as mosquitto:
            protocol = PROTOCOLS[request.param]
            intakes = MqttConnector("127.0.0.1", mosquitto.port, protocol=protocol)
            yield Way(intakes, AiomqttConnector("127.0.0.1", mosquitto.port, protocol=protocol))
        return
    settings = NatsSettings(tmp_path / "broker", port=free_port(), ack_wait_s=2)
    embedded = EmbeddedBroker(settings, USERS)
    await embedded.start()
    try:
        port = settings.port
        yield Way(MqttConnector("127.0.0.1", port), AiomqttConnector("127.0.0.1", port))
    finally:
        await embedded.stop()


async def listen(intake: Intake) -> None:
    for topic_filter in uplink_filters():
        await intake.subscribe(topic_filter)


async def take(intake: Intake, count: int, seconds: float = 10.0) -> list[Message]:
    got: list[Message] = []
    async with asyncio.timeout(seconds):
        while len(got) < count:
            got += await intake.take(count - len(got))
    return got


async def nothing_comes(intake: Intake) -> bool:
    try:
        async with asyncio.timeout(0.5):
            await intake.take(1)
    except TimeoutError:
        return True
    return False


def numbered(*numbers: int) -> list[bytes]:
    return [b"%d" % n for n in numbers]


def payloads(messages: list[Message]) -> list[bytes]:
    return [message.payload for message in messages]


async def test_messages_are_taken_in_the_order_in_which_they_were_sent(way: Way) -> None:
    async with way.intake(INGEST) as intake:
        await listen(intake)
        await way.say(*numbered(*range(50)))
        assert payloads(await take(intake, 50)) == numbered(*range(50))


async def test_nobody_takes_more_than_was_asked_for(way: Way) -> None:
    async with way.intake(INGEST) as intake:
        await listen(intake)
        await way.say(*numbered(*range(10)))
        assert len(await take(intake, 3)) == 3
        assert len(await intake.take(3)) <= 3


async def test_what_was_acknowledged_does_not_come_again(way: Way) -> None:
    async with way.intake(INGEST) as intake:
        await listen(intake)
        await way.say(*numbered(*range(5)))
        await take(intake, 5)
        intake.acknowledge(5)
        await way.say(b"marker")
        await take(intake, 1)
        intake.acknowledge(1)
        await intake.send([(ACK, b"flush")])
    async with way.intake(INGEST) as intake:
        await listen(intake)
        assert await nothing_comes(intake)


async def test_what_was_not_acknowledged_comes_again_in_order(way: Way) -> None:
    async with way.intake(INGEST) as intake:
        await listen(intake)
        await way.say(*numbered(*range(10)))
        await take(intake, 7)
        intake.acknowledge(4)
        await asyncio.sleep(0.2)
    async with way.intake(INGEST) as intake:
        await listen(intake)
        assert payloads(await take(intake, 6)) == numbered(*range(4, 10))


async def test_messages_wait_while_nobody_listens(way: Way) -> None:
    async with way.intake(INGEST) as intake:
        await listen(intake)
    await way.say(*numbered(*range(20)))
    async with way.intake(INGEST) as intake:
        await listen(intake)
        assert sorted(payloads(await take(intake, 20))) == sorted(numbered(*range(20)))


async def test_no_more_than_the_window_is_in_the_hands_of_the_application(way: Way) -> None:
    async with way.intake(replace(INGEST, window=10)) as intake:
        await listen(intake)
        await way.say(*numbered(*range(25)))
        first = await take(intake, 10)
        assert await nothing_comes(intake)
        intake.acknowledge(6)
        second = await take(intake, 6)
        assert await nothing_comes(intake)
        intake.acknowledge(10)
        third = await take(intake, 9)
        assert payloads(first + second + third) == numbered(*range(25))


async def test_a_birth_kept_by_the_broker_comes_marked_as_retained(way: Way) -> None:
    async with way.connect(DEVICE) as device:
        await device.publish(STATE, b"born", qos=1, retain=True)
    async with way.intake(INGEST) as intake:
        await listen(intake)
        assert await take(intake, 1) == [Message(STATE, b"born", retained=True)]
        intake.acknowledge(1)


async def test_what_an_intake_sends_reaches_the_device_in_order(way: Way) -> None:
    async with way.intake(INGEST) as intake, way.connect(DEVICE) as device:
        await device.subscribe(ACK)
        await intake.send([(ACK, payload) for payload in numbered(*range(30))])
        await intake.send([])
        got: list[bytes] = []
        async with asyncio.timeout(5):
            async for message in device.messages():
                got.append(message.payload)
                if len(got) == 30:
                    break
        assert got == numbered(*range(30))


async def test_a_filter_that_is_given_up_keeps_nothing_waiting(way: Way) -> None:
    late = TEL.replace("/tel", "/bf")
    async with way.intake(INGEST) as intake:
        await listen(intake)
    await way.say(b"late", topic=late)
    await way.say(b"live")
    async with way.intake(INGEST) as intake:
        await intake.unsubscribe("clf/v1/+/+/bf")
        await intake.unsubscribe("clf/v1/+/+/cmd")  # never subscribed: no harm
        # What the broker had sent before it heard us still comes.
        got = [message.payload async for message in _until_live(intake)]
        intake.acknowledge(len(got))
    await way.say(b"later still", topic=late)
    async with way.intake(INGEST) as intake:
        assert await nothing_comes(intake)


async def _until_live(intake: Intake) -> AsyncIterator[Message]:
    live = False
    while not live:
        for message in await take(intake, 1):
            live = message.payload == b"live"
            yield message


async def test_a_second_connection_of_the_same_client_ends_the_first(way: Way) -> None:
    async with way.intake(INGEST) as first:
        await listen(first)
        async with way.intake(INGEST) as second:
            await listen(second)
            with pytest.raises(BusDisconnectedError):
                await take(first, 1)
            with pytest.raises(BusDisconnectedError):
                await first.send([(ACK, b"late")])
            first.acknowledge(0)
            await way.say(b"for the second")
            assert payloads(await take(second, 1)) == [b"for the second"]


async def test_a_wrong_secret_is_told_by_name(way: Way) -> None:
    with pytest.raises(BusDisconnectedError, match="password"):
        async with way.intake(replace(INGEST, secret="wrong")):
            pass


async def test_acknowledging_what_was_not_taken_is_an_error_of_the_caller(way: Way) -> None:
    async with way.intake(INGEST) as intake:
        with pytest.raises(BrokerError, match="only 0"):
            intake.acknowledge(1)
