"""Our client with real brokers, and with the messages of other clients."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import aiomqtt
import paho.mqtt.client as paho
import pytest
import uvloop
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gongfu_broker.access import User, device_user, ingest_user
from gongfu_broker.columns import DeviceKind
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.listening import free_port
from gongfu_broker.mqtt import MqttConnector
from gongfu_broker.mqtt.client import MqttIntake
from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.errors import ConnectRefusedError, LinkSilentError
from gongfu_broker.mqtt.packets import Connect, Publish, Version
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.ports import Device, Intake, Session
from tests.broker.mqtt.authority import Authority
from tests.broker.mqtt.scripted_broker import Blackhole
from tests.servers.mosquitto import Mosquitto

CABINET = Device("cab-0001", "hangzhou", DeviceKind.CABINET)
USERS: tuple[User, ...] = (device_user(CABINET, "of-device"), ingest_user("ingest-p0", "of-ingest"))
INGEST = Session("ingest-p0-secret", "ingest-p0", "of-ingest", persistent=True, window=5_000)
TEL = "clf/v1/hangzhou/cab-0001/tel"
ALL_TEL = "clf/v1/+/+/tel"
BACKLOG = 60_000
Protocol = Literal["3.1.1", "5"]


@dataclass(frozen=True)
class Broker:
    port: int
    protocol: Protocol
    in_order: bool

    def way(self, port: int = 0) -> MqttConnector:
        return MqttConnector("127.0.0.1", port or self.port, protocol=self.protocol)


BROKERS = ["nats", "mosquitto-3.1.1", "mosquitto-5"]


@pytest.fixture(params=BROKERS)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    if request.param == "nats":
        settings = NatsSettings(tmp_path / "broker", port=free_port())
        embedded = EmbeddedBroker(settings, USERS)
        await embedded.start()
        try:
            yield Broker(settings.port, "3.1.1", in_order=False)
        finally:
            await embedded.stop()
        return
    protocol: Protocol = "5" if request.param.endswith("-5") else "3.1.1"
    with Mosquitto(tmp_path, users=USERS) as mosquitto:
        yield Broker(mosquitto.port, protocol, in_order=True)


def paho_version(protocol: Protocol) -> MQTTProtocolVersion:
    return MQTTProtocolVersion.MQTTv5 if protocol == "5" else MQTTProtocolVersion.MQTTv311


async def say_with_paho(broker: Broker, payloads: list[bytes]) -> None:
    def publish() -> None:
        client = paho.Client(
            CallbackAPIVersion.VERSION2, "cab-0001", protocol=paho_version(broker.protocol)
        )
        client.username_pw_set("cab-0001", "of-device")
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        sent = [client.publish(TEL, payload, qos=1) for payload in payloads]
        for each in sent:
            each.wait_for_publish(10)
        client.disconnect()
        client.loop_stop()

    await asyncio.to_thread(publish)


async def say_with_aiomqtt(broker: Broker, payloads: list[bytes]) -> None:
    version = aiomqtt.ProtocolVersion.V5 if broker.protocol == "5" else aiomqtt.ProtocolVersion.V311
    async with aiomqtt.Client(
        "127.0.0.1",
        broker.port,
        username="cab-0001",
        password="of-device",
        identifier="cab-0001",
        protocol=version,
    ) as client:
        for payload in payloads:
            await client.publish(TEL, payload, qos=1)


async def say_with_ours(broker: Broker, payloads: list[bytes]) -> None:
    async with broker.way().connect(Session("cab-0001", "cab-0001", "of-device")) as bus:
        await asyncio.gather(*(bus.publish(TEL, payload, qos=1) for payload in payloads))


async def flood(port: int, count: int) -> None:
    """Publish much in little time; returns when the broker has acknowledged all of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    v3 = Version.V311
    writer.write(encode(Connect("cab-0001", 60, user="cab-0001", password=b"of-device"), v3))
    assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
    head = 0
    for acknowledged in range(0, count, 500):
        while head < min(acknowledged + 2_000, count):
            payload = b'{"n":%d,"pad":"%s"}' % (head, b"x" * 90)
            writer.write(encode(Publish(TEL, payload, 1, packet_id=head % 65_535 + 1), v3))
            head += 1
        await reader.readexactly(min(500, count - acknowledged) * 4)
    writer.close()


def number(payload: bytes) -> int:
    found: int = json.loads(payload)["n"]
    return found


async def drain(intake: Intake, count: int, *, seconds: float = 120) -> list[int]:
    """Take and acknowledge ``count`` messages in batches, as ingest does."""
    got: list[int] = []
    async with asyncio.timeout(seconds):
        while len(got) < count:
            batch = await intake.take(1_000)
            got += [number(message.payload) for message in batch]
            intake.acknowledge(len(batch))
    return got


@pytest.mark.parametrize("say", [say_with_paho, say_with_aiomqtt, say_with_ours])
async def test_what_other_clients_say_arrives_whole_and_in_order(
    broker: Broker, say: Callable[[Broker, list[bytes]], "asyncio.Future[None]"]
) -> None:
    async with broker.way().intake(INGEST) as intake:
        await intake.subscribe(ALL_TEL)
        await say(
            broker, [b'{"n":%d,"text":"%s"}' % (n, "大篷车".encode() * n) for n in range(200)]
        )
        assert await drain(intake, 200) == list(range(200))


async def test_a_backlog_of_60_000_is_taken_up_by_a_session_that_returns(broker: Broker) -> None:
    """SUBACK stands behind the backlog; aiomqtt's subscribe() gives up there."""
    async with broker.way().intake(INGEST) as intake:
        await intake.subscribe(ALL_TEL)
    await flood(broker.port, BACKLOG)
    async with broker.way().intake(INGEST) as intake:
        assert isinstance(intake, MqttIntake)
        assert intake.resumed
        await intake.subscribe(ALL_TEL)
        got = await drain(intake, BACKLOG)
    assert sorted(got) == list(range(BACKLOG))
    if broker.in_order:
        assert got == sorted(got)


async def test_a_session_taken_over_ends_and_the_new_owner_gets_what_comes(
    broker: Broker,
) -> None:
    async with broker.way().intake(INGEST) as first:
        await first.subscribe(ALL_TEL)
        async with broker.way().intake(INGEST) as second:
            await second.subscribe(ALL_TEL)
            # mosquitto 2.0.11 does not say goodbye here, not even over MQTT 5.
            with pytest.raises(BusDisconnectedError, match="same client id"):
                await first.take(1)
            await say_with_ours(broker, [b'{"n":1}'])
            assert await drain(second, 1) == [1]


async def test_a_half_open_link_is_found_while_nothing_is_said(broker: Broker) -> None:
    quick = replace(INGEST, keep_alive_s=1)
    async with Blackhole(broker.port) as proxy, broker.way(proxy.port).intake(quick) as intake:
        await intake.subscribe(ALL_TEL)
        await say_with_ours(broker, [b'{"n":1}'])
        assert await drain(intake, 1) == [1]
        await asyncio.sleep(2.5)
        await intake.send([])  # pings kept it alive for longer than the keep-alive
        proxy.swallowing = True
        async with asyncio.timeout(10):
            with pytest.raises(BusDisconnectedError, match="silent") as gone:
                await intake.take(1)
        assert isinstance(gone.value.__cause__, LinkSilentError)


async def test_a_reader_that_is_slower_than_the_devices_stays_connected(broker: Broker) -> None:
    """The disk is away for longer than 1.5 × keep-alive while the window is full."""
    slow = replace(INGEST, keep_alive_s=1, window=50)
    async with broker.way().intake(slow) as intake:
        await intake.subscribe(ALL_TEL)
        await flood(broker.port, 500)
        taken = await intake.take(50)
        await asyncio.sleep(4)
        intake.acknowledge(len(taken))
        assert len(await drain(intake, 500 - len(taken))) == 500 - len(taken)


async def test_a_wrong_password_is_told_by_name(broker: Broker) -> None:
    with pytest.raises(BusDisconnectedError, match="password"):
        async with broker.way().intake(replace(INGEST, secret="wrong")):
            pass


async def test_a_broker_without_mqtt_5_says_which_protocol_to_set(tmp_path: Path) -> None:
    settings = NatsSettings(tmp_path / "broker", port=free_port())
    embedded = EmbeddedBroker(settings, USERS)
    await embedded.start()
    try:
        with pytest.raises(ConnectRefusedError, match="set the protocol"):
            async with MqttConnector("127.0.0.1", settings.port, protocol="5").intake(INGEST):
                pass
    finally:
        await embedded.stop()


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_over_tls_the_authority_must_be_the_right_one(
    tmp_path: Path, protocol: Protocol
) -> None:
    ours, other = Authority(tmp_path / "ours", "ours"), Authority(tmp_path / "other", "other")
    with Mosquitto(tmp_path / "broker", users=USERS, tls=ours.server()) as mosquitto:
        safe = MqttConnector("127.0.0.1", mosquitto.tls_port, protocol=protocol, tls=ours.trusted())
        async with safe.intake(INGEST) as intake:
            await intake.subscribe(ALL_TEL)
            await flood(mosquitto.port, 3_000)
            assert await drain(intake, 3_000) == list(range(3_000))
        mistrusting = replace(safe, tls=other.trusted())
        with pytest.raises(BusDisconnectedError, match="not trusted"):
            async with mistrusting.intake(INGEST):
                pass
        with pytest.raises(BusDisconnectedError, match="wants TLS"):
            async with replace(safe, tls=None, timeout_s=2).intake(INGEST):
                pass
        with pytest.raises(BusDisconnectedError, match="TLS port"):
            async with replace(safe, port=mosquitto.port).intake(INGEST):
                pass


def test_a_loop_that_was_held_up_takes_no_silence_for_death(tmp_path: Path) -> None:
    """On uvloop timers run before sockets are read: the answer to a ping is there, unread."""

    async def scenario(port: int) -> list[int]:
        loop = asyncio.get_running_loop()
        reading, writing = os.pipe()

        def hold_up() -> None:
            os.read(reading, 1)
            time.sleep(1.2)

        loop.add_reader(reading, hold_up)
        way = MqttConnector("127.0.0.1", port)
        async with way.intake(replace(INGEST, keep_alive_s=2)) as intake:
            await intake.subscribe(ALL_TEL)
            for _ in range(5):
                os.write(writing, b"x")
                await asyncio.sleep(0.01)
            loop.remove_reader(reading)
            await flood(port, 100)
            got = await drain(intake, 100)
        os.close(reading)
        os.close(writing)
        return got

    with (
        Mosquitto(tmp_path, users=USERS) as mosquitto,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        assert runner.run(scenario(mosquitto.port)) == list(range(100))


def test_it_runs_on_uvloop_as_in_production(tmp_path: Path) -> None:
    async def scenario(port: int) -> list[int]:
        way = MqttConnector("127.0.0.1", port)
        async with way.intake(replace(INGEST, window=100)) as intake:
            await intake.subscribe(ALL_TEL)
            await flood(port, 5_000)
            return await drain(intake, 5_000)

    with (
        Mosquitto(tmp_path, users=USERS) as mosquitto,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        assert runner.run(scenario(mosquitto.port)) == list(range(5_000))
