"""One suite for every broker, and for both clients: aiomqtt and our own.

In memory, the embedded NATS child (MQTT 3.1.1 only), mosquitto over MQTT 3.1.1 and 5.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gongfu_broker.access import User, device_user, ingest_user, replay_user
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.columns import DeviceKind
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.listening import free_port
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.mqtt import MqttConnector
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.ports import Bus, BusConnector, Device, Message, Session, Will
from gongfu_broker.topics import uplink_filters
from tests.servers.mosquitto import Mosquitto

CABINET = Device("cab-0001", "hangzhou", DeviceKind.CABINET)
USERS: tuple[User, ...] = (
    device_user(CABINET, "secret-1"),
    device_user(Device("cab-0002", "hangzhou", DeviceKind.CABINET), "secret-2"),
    ingest_user("ingest-p0", "secret-i"),
    replay_user("replay", "secret-r"),
)
INGEST = Session("ingest-p0-x", "ingest-p0", "secret-i", persistent=True)
DEVICE = Session("cab-0001", "cab-0001", "secret-1")
TEL = "clf/v1/hangzhou/cab-0001/tel"
STATE = "clf/v1/hangzhou/cab-0001/state"
FOREIGN = ("clf/v1/hangzhou/cab-0002/ack", "clf/v1/+/+/tel", "clf/v1/+/+/state", "#")


VERSIONS: dict[str, Literal["3.1.1", "5"]] = {
    "mosquitto-mqtt-3.1.1": "3.1.1",
    "mosquitto-mqtt-5": "5",
}


CLIENTS = {"aiomqtt": AiomqttConnector, "own": MqttConnector}
BROKERS = ("nats", *VERSIONS)


@pytest.fixture(params=["memory", *(f"{b}/{client}" for b in BROKERS for client in CLIENTS)])
async def connector(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BusConnector]:
    if request.param == "memory":
        yield MemoryBroker(USERS)
        return
    broker_name, client = request.param.split("/")
    connect = CLIENTS[client]
    if broker_name in VERSIONS:
        with Mosquitto(tmp_path, users=USERS) as mosquitto:
            yield connect("127.0.0.1", mosquitto.port, protocol=VERSIONS[broker_name])
        return
    settings = NatsSettings(tmp_path / "broker", port=free_port())
    broker = EmbeddedBroker(settings, USERS)
    await broker.start()
    try:
        yield connect("127.0.0.1", settings.port)
    finally:
        await broker.stop()


async def collect(bus: Bus, count: int, seconds: float = 5.0) -> list[Message]:
    got: list[Message] = []

    async def read() -> None:
        async for message in bus.messages():
            got.append(message)
            if len(got) >= count:
                return

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(read(), seconds)
    return got


async def listen(connector_bus: Bus) -> None:
    for topic_filter in uplink_filters():
        await connector_bus.subscribe(topic_filter, qos=1)


async def test_ingest_hears_what_a_device_says_on_its_own_topic(connector: BusConnector) -> None:
    async with connector.connect(INGEST) as ingest:
        await listen(ingest)
        async with connector.connect(DEVICE) as device:
            await device.publish(TEL, b"one", qos=1)
            await device.publish("clf/v1/hangzhou/cab-0001/bf", b"two", qos=1)
            assert {m.payload for m in await collect(ingest, 2)} == {b"one", b"two"}


async def test_a_device_hears_its_acknowledgements_and_nobody_elses(
    connector: BusConnector,
) -> None:
    async with connector.connect(INGEST) as ingest, connector.connect(DEVICE) as device:
        await device.subscribe("clf/v1/hangzhou/cab-0001/ack")
        await ingest.publish("clf/v1/hangzhou/cab-0002/ack", b"other")
        await ingest.publish("clf/v1/hangzhou/cab-0001/ack", b"mine")
        assert [m.payload for m in await collect(device, 2, 1.0)] == [b"mine"]


async def test_a_device_cannot_speak_for_another(connector: BusConnector) -> None:
    async with connector.connect(INGEST) as ingest:
        await listen(ingest)
        async with connector.connect(DEVICE) as device:
            await device.publish("clf/v1/hangzhou/cab-0002/tel", b"forged", qos=1)
            await device.publish("clf/v1/quzhou/cab-0001/tel", b"forged", qos=1)
            await device.publish("clf/v1/hangzhou/cab-0001/ack", b"forged", qos=1)
            await device.publish(TEL, b"own", qos=1)
            assert [m.payload for m in await collect(ingest, 2, 1.0)] == [b"own"]


async def test_a_device_hears_nothing_of_others_even_if_it_asks(connector: BusConnector) -> None:
    other = Session("cab-0002", "cab-0002", "secret-2")
    async with connector.connect(INGEST) as ingest, connector.connect(DEVICE) as device:
        for topic in FOREIGN:
            with contextlib.suppress(BrokerError):
                await device.subscribe(topic)
        async with connector.connect(other) as neighbour:
            await neighbour.publish("clf/v1/hangzhou/cab-0002/tel", b"private", qos=1)
            await neighbour.publish("clf/v1/hangzhou/cab-0002/state", b"kept", qos=1, retain=True)
        await ingest.publish("clf/v1/hangzhou/cab-0002/ack", b"private")
        assert await collect(device, 1, 1.0) == []


async def test_a_forbidden_subscription_is_refused(
    connector: BusConnector, request: pytest.FixtureRequest
) -> None:
    if "mosquitto" in request.node.callspec.params["connector"]:
        pytest.skip("mosquitto 2.0 grants every subscription and filters what it delivers")
    async with connector.connect(DEVICE) as device:
        for topic in FOREIGN:
            with pytest.raises(BrokerError):
                await device.subscribe(topic)


async def test_nobody_gets_in_without_the_right_secret(connector: BusConnector) -> None:
    for user, secret in (("cab-0001", "wrong"), ("", ""), ("admin", "admin")):
        with pytest.raises(BusDisconnectedError):
            async with connector.connect(Session("cab-0001", user, secret)):
                pass


async def test_messages_wait_for_ingest_while_it_is_away(connector: BusConnector) -> None:
    async with connector.connect(INGEST) as ingest:
        await listen(ingest)
    async with connector.connect(DEVICE) as device:
        for n in range(20):
            await device.publish(TEL, b"%d" % n, qos=1)
    async with connector.connect(INGEST) as ingest:
        await listen(ingest)
        assert {m.payload for m in await collect(ingest, 20)} == {b"%d" % n for n in range(20)}


async def test_a_birth_is_retained_for_late_listeners(connector: BusConnector) -> None:
    async with connector.connect(DEVICE) as device:
        await device.publish(STATE, b"born", qos=1, retain=True)
    async with connector.connect(INGEST) as ingest:
        await listen(ingest)
        assert Message(STATE, b"born", retained=True) in await collect(ingest, 1)


async def vanish(connector: BusConnector, session: Session) -> None:
    """Connect, then be gone without a word, as a device that lost its power."""
    if isinstance(connector, MemoryBroker):
        async with connector.connect(session):
            connector.drop(session.client_id)
        return
    assert isinstance(connector, AiomqttConnector | MqttConnector)
    assert session.will is not None
    version = (
        MQTTProtocolVersion.MQTTv5 if connector.protocol == "5" else MQTTProtocolVersion.MQTTv311
    )
    client = mqtt.Client(CallbackAPIVersion.VERSION2, session.client_id, protocol=version)
    client.username_pw_set(session.user, session.secret)
    client.will_set(session.will.topic, session.will.payload, qos=1, retain=True)
    client.connect(connector.host, connector.port)
    while not client.is_connected():
        client.loop(0.1)
    sock = client.socket()
    assert sock is not None
    sock.close()


async def test_the_last_will_of_a_lost_device_is_published(connector: BusConnector) -> None:
    with_will = Session("cab-0001", "cab-0001", "secret-1", will=Will(STATE, b"gone"))
    async with connector.connect(INGEST) as ingest:
        await listen(ingest)
        await vanish(connector, with_will)
        assert [m.payload for m in await collect(ingest, 1)] == [b"gone"]


async def test_a_device_that_says_goodbye_leaves_no_will(connector: BusConnector) -> None:
    with_will = Session("cab-0001", "cab-0001", "secret-1", will=Will(STATE, b"gone"))
    async with connector.connect(INGEST) as ingest:
        await listen(ingest)
        async with connector.connect(with_will):
            pass
        assert await collect(ingest, 1, 0.5) == []
