"""S2 and the devices' half of S3: who gets what through at real brokers.

Three credentials (the device's own, another device's, a revoked one) × twelve topics × publish and
subscribe. A PUBACK proves nothing, so a witness judges who hears everything the broker passes on,
and who says something on every topic.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gongfu.bench.house import free_port
from gongfu.bench.load_broker import BenchBroker, mosquitto_binary
from gongfu.device_accounts import DeviceAccounts, keep_accounts
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.settings import DemoSettings, Settings
from gongfu_broker.access import User, ingest_user
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.clock import real_ms
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.ports import Bus, BusConnector, Session
from gongfu_broker.topics import DOWN, UP, uplink_filters
from gongfu_fleet.services.people import By

HERE = "127.0.0.1"
DEVICE, NEIGHBOUR, REVOKED = "cab-0001", "cab-0002", "cab-0003"
OWN = f"clf/v1/hangzhou/{DEVICE}"
TOPICS = (
    *(f"{OWN}/{leaf}" for leaf in (*UP, *DOWN)),
    f"clf/v1/quzhou/{DEVICE}/tel",
    f"{OWN}/tel/more",
    f"clf/v2/hangzhou/{DEVICE}/tel",
)
GREEDY = ("#", "clf/#", "clf/v1/+/+/tel", "clf/v1/+/+/cmd")
SAID = frozenset(f"{OWN}/{leaf}" for leaf in UP)
HEARD = frozenset(f"{OWN}/{leaf}" for leaf in DOWN)
FENCE = "clf/fence"
WAIT_S = 30.0
WITNESS = User("witness", "hears-all-on-loopback-0", publish=("#",), subscribe=("#",))
INGEST = ingest_user("ingest-p0", "of-a-broker-that-lives-for-seconds")
INGEST_ID = "ingest-p0-known-to-a-thief"


@dataclass
class MqttFigures:
    """Counts over every broker and version tried; ``mqtt_missing`` are allowed and did not pass.

    ``mqtt_intrusions``: logins or takeovers that got something they must not.
    """

    mqtt_cells: int = 0
    mqtt_leaks: int = 0
    mqtt_missing: int = 0
    mqtt_intrusions: int = 0
    revoke_s: float = 0.0
    mqtt_brokers: str = ""
    mqtt_skipped: str = ""


@dataclass(frozen=True)
class Trial:
    """One broker spoken to in one version, and the secrets of its devices."""

    name: str
    way: BusConnector
    secrets: dict[str, str]


async def mqtt_matrix(folder: Path) -> MqttFigures:
    """Try everything on the embedded broker, and on mosquitto where there is one."""
    figures = MqttFigures()
    fleet = open_fleet(Settings(state=folder / "state", demo=DemoSettings(simulate=False)))
    try:
        by = By("bench", real_ms())
        names = (DEVICE, NEIGHBOUR, REVOKED)
        issued = fleet.devices.add_all(dict.fromkeys(names, ""), by=by)
        secrets = {one.credential.device: one.secret for one in issued}
        async with _embedded(folder / "nats", fleet) as way:
            await _revoke(Trial("nats", way, secrets), fleet, figures)
            await _try(Trial("nats 3.1.1", way, secrets), figures)
            await _take_over(Trial("nats", way, secrets), figures)
        await _on_mosquitto(folder / "mosquitto", fleet, secrets, figures)
    finally:
        fleet.close()
    return figures


@contextlib.asynccontextmanager
async def _embedded(folder: Path, fleet: FleetSide) -> AsyncIterator[BusConnector]:
    accounts, port = DeviceAccounts(fleet), free_port()
    platform = [WITNESS, INGEST]
    known = accounts.state(real_ms())
    users = [*platform, *accounts.users(real_ms())]
    broker = EmbeddedBroker(NatsSettings(folder, port=port), users)
    await broker.start()
    keeping = asyncio.create_task(
        keep_accounts(accounts, platform, broker.reload, started_with=known)
    )
    try:
        yield AiomqttConnector(HERE, port)
    finally:
        keeping.cancel()
        await broker.stop()


async def _on_mosquitto(
    folder: Path, fleet: FleetSide, secrets: dict[str, str], figures: MqttFigures
) -> None:
    if mosquitto_binary() is None:
        figures.mqtt_skipped = "no mosquitto on this machine"
        return
    users = [WITNESS, INGEST, *DeviceAccounts(fleet).users(real_ms())]
    versions: tuple[Literal["3.1.1", "5"], ...] = ("3.1.1", "5")
    with BenchBroker(folder, users) as broker:
        for version in versions:
            way = AiomqttConnector(HERE, broker.port, protocol=version)
            trial = Trial(f"mosquitto {version}", way, secrets)
            await _try(trial, figures)
            await _take_over(trial, figures)


async def _revoke(trial: Trial, fleet: FleetSide, figures: MqttFigures) -> None:
    """How long a revoked device stays connected."""
    async with _as(trial, REVOKED) as bus:
        began_s = time.monotonic()
        fleet.devices.revoke(REVOKED, by=By("bench", real_ms()))
        with contextlib.suppress(BusDisconnectedError, TimeoutError):
            async with asyncio.timeout(WAIT_S):
                await anext(bus.messages())
        figures.revoke_s = round(time.monotonic() - began_s, 2)


async def _try(trial: Trial, figures: MqttFigures) -> None:
    figures.mqtt_brokers = ", ".join(filter(None, (figures.mqtt_brokers, trial.name)))
    for device in (DEVICE, NEIGHBOUR, REVOKED):
        mine = device == DEVICE
        passed = await _publishing(trial, device)
        _count(figures, passed, SAID if mine else frozenset())
        heard = await _subscribing(trial, device)
        _count(figures, heard, HEARD if mine else frozenset())


def _count(figures: MqttFigures, found: set[str], allowed: frozenset[str]) -> None:
    figures.mqtt_cells += len(TOPICS)
    figures.mqtt_leaks += len(found - allowed)
    figures.mqtt_missing += len(allowed - found)


async def _publishing(trial: Trial, device: str) -> set[str]:
    """The topics on which the witness hears what this device says."""
    async with _witness(trial) as witness:
        await witness.subscribe("clf/#")
        mark = f"{device} {time.monotonic_ns()}".encode()
        for topic in TOPICS:
            # Each on a connection of its own: a broker may end one over a forbidden topic.
            with contextlib.suppress(BrokerError):
                async with _as(trial, device) as bus:
                    await bus.publish(topic, mark, qos=1)
        await witness.publish(FENCE, mark)
        passed = await _until_fence(witness)
    return {topic for topic, payload in passed if payload == mark and topic != FENCE}


async def _subscribing(trial: Trial, device: str) -> set[str]:
    """The topics of which this device hears what the witness says."""
    mark = f"to {device} {time.monotonic_ns()}".encode()
    fence = f"clf/v1/hangzhou/{device}/ota"
    try:
        async with _witness(trial) as witness, _as(trial, device) as bus:
            for topic in (*TOPICS, *GREEDY, fence):
                with contextlib.suppress(BrokerError):
                    await bus.subscribe(topic)
            for topic in TOPICS:
                await witness.publish(topic, mark)
            await witness.publish(fence, b"fence")
            heard = await _until_fence(bus, (fence, b"fence"))
    except BusDisconnectedError:
        return set()
    return {topic for topic, payload in heard if payload == mark}


async def _take_over(trial: Trial, figures: MqttFigures) -> None:
    """Foreign secrets, then ingest's client id: nothing gained, nothing broken for long."""
    for secret in ("", "wrong", trial.secrets[NEIGHBOUR]):
        with contextlib.suppress(BusDisconnectedError):
            async with trial.way.connect(Session(DEVICE, DEVICE, secret)):
                figures.mqtt_intrusions += 1
    ingest = Session(INGEST_ID, INGEST.name, INGEST.secret, persistent=True)
    async with trial.way.connect(ingest) as before:
        await before.subscribe(uplink_filters()[0], qos=1)
    thief = Session(INGEST_ID, NEIGHBOUR, trial.secrets[NEIGHBOUR])
    async with trial.way.connect(thief) as bus, _as(trial, DEVICE) as device:
        with contextlib.suppress(BrokerError):
            await bus.subscribe(uplink_filters()[0], qos=1)
        fence = f"clf/v1/hangzhou/{NEIGHBOUR}/ota"
        await bus.subscribe(fence)
        await device.publish(f"{OWN}/tel", b"private", qos=1)
        async with _witness(trial) as witness:
            await witness.publish(fence, b"fence")
        heard = await _until_fence(bus, (fence, b"fence"))
        figures.mqtt_intrusions += sum(payload == b"private" for _, payload in heard)
    async with trial.way.connect(ingest) as after, _as(trial, DEVICE) as device:
        await after.subscribe(uplink_filters()[0], qos=1)
        await device.publish(f"{OWN}/tel", b"again", qos=1)
        heard = await _until_fence(after, (f"{OWN}/tel", b"again"))
        figures.mqtt_missing += heard[-1:] != [(f"{OWN}/tel", b"again")]


@contextlib.asynccontextmanager
async def _witness(trial: Trial) -> AsyncIterator[Bus]:
    async with trial.way.connect(Session(WITNESS.name, WITNESS.name, WITNESS.secret)) as bus:
        yield bus


@contextlib.asynccontextmanager
async def _as(trial: Trial, device: str) -> AsyncIterator[Bus]:
    async with trial.way.connect(Session(device, device, trial.secrets[device])) as bus:
        yield bus


async def _until_fence(bus: Bus, fence: tuple[str, bytes] | None = None) -> list[tuple[str, bytes]]:
    """What is heard up to the fence, it included; messages of one sender come in order."""
    heard: list[tuple[str, bytes]] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WAIT_S):
            async for message in bus.messages():
                heard.append((message.topic, message.payload))
                if heard[-1] == fence or (fence is None and message.topic == FENCE):
                    break
    return heard
