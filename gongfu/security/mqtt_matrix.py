"""S2 and the devices' half of S3: who gets what through at real brokers, and into the store.

Three credentials (the device's own, another device's, a revoked one) × twelve topics × publish and
subscribe. A PUBACK proves nothing: a witness hears everything the broker passes on, and says
something on every topic; production's ingest runs beside it, and telemetry.db is judged.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gongfu.bench.load_broker import BenchBroker, mosquitto_binary
from gongfu.device_accounts import DeviceAccounts, keep_accounts
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.secrets_file import Secrets, load_secrets
from gongfu.security.mqtt_store import Said, ingest_beside
from gongfu.security.mqtt_thieves import (
    Reloading,
    expire_embedded,
    expire_reloaded,
    revoke,
    take_over,
)
from gongfu.security.mqtt_trial import (
    DEVICE,
    FENCE,
    HERE,
    NEIGHBOUR,
    OWN,
    REVOKED,
    ROTATED,
    WITNESS,
    MqttFigures,
    Trial,
    until_fence,
)
from gongfu.settings import BrokerSettings, DemoSettings, Settings
from gongfu.wiring import platform_users
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.clock import real_ms
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.listening import free_port
from gongfu_broker.nats_config import NatsSettings
from gongfu_broker.topics import DOWN, UP
from gongfu_fleet.services.people import By

TOPICS = (
    *(f"{OWN}/{leaf}" for leaf in (*UP, *DOWN)),
    f"clf/v1/quzhou/{DEVICE}/tel",
    f"{OWN}/tel/more",
    f"clf/v2/hangzhou/{DEVICE}/tel",
)
GREEDY = ("#", "clf/#", "clf/v1/+/+/tel", "clf/v1/+/+/cmd")
SAID = frozenset(f"{OWN}/{leaf}" for leaf in UP)
HEARD = frozenset(f"{OWN}/{leaf}" for leaf in DOWN)


@dataclass(frozen=True)
class _County:
    """The registry, its devices' secrets and the platform's; every broker is tried with these."""

    folder: Path
    fleet: FleetSide
    keys: Secrets
    secrets: dict[str, str]

    @contextlib.asynccontextmanager
    async def trial(self, name: str, broker: BrokerSettings) -> AsyncIterator[Trial]:
        """Ingest and the way for everybody else."""
        way = AiomqttConnector(HERE, broker.port, protocol=broker.protocol)
        folder = self.folder / name.replace(" ", "-")
        async with ingest_beside(folder, self.fleet, self.keys, broker) as ledger:
            yield Trial(name, way, self.secrets, self.keys, ledger)


async def mqtt_matrix(folder: Path) -> MqttFigures:
    """Try everything on the embedded broker, and on mosquitto where there is one."""
    figures, state = MqttFigures(), folder / "state"
    fleet = open_fleet(Settings(state=state, demo=DemoSettings(simulate=False)))
    try:
        names = (DEVICE, NEIGHBOUR, REVOKED, ROTATED)
        issued = fleet.devices.add_all(dict.fromkeys(names, ""), by=By("bench", real_ms()))
        secrets = {one.credential.device: one.secret for one in issued}
        county = _County(folder, fleet, load_secrets(state), secrets)
        await _on_embedded(county, figures)
        await _on_mosquitto(county, figures)
    finally:
        fleet.close()
    return figures


async def _on_embedded(county: _County, figures: MqttFigures) -> None:
    async with (
        _embedded(county) as broker,
        county.trial("nats 3.1.1", broker) as trial,
    ):
        await revoke(trial, county.fleet, figures)
        await expire_embedded(trial, county.fleet, figures)
        await _try(trial, figures)


@contextlib.asynccontextmanager
async def _embedded(county: _County) -> AsyncIterator[BrokerSettings]:
    accounts, port = DeviceAccounts(county.fleet), free_port()
    platform = [WITNESS, *platform_users(county.keys)]
    known = accounts.state(real_ms())
    users = [*platform, *accounts.users(real_ms())]
    broker = EmbeddedBroker(NatsSettings(county.folder / "nats", port=port), users)
    await broker.start()
    keeping = asyncio.create_task(
        keep_accounts(accounts, platform, broker.reload, started_with=known)
    )
    try:
        yield BrokerSettings(host=HERE, port=port)
    finally:
        keeping.cancel()
        await broker.stop()


async def _on_mosquitto(county: _County, figures: MqttFigures) -> None:
    if mosquitto_binary() is None:
        figures.mqtt_skipped = "no mosquitto on this machine"
        return
    platform = [WITNESS, *platform_users(county.keys)]
    users = [*platform, *DeviceAccounts(county.fleet).users(real_ms())]
    versions: tuple[Literal["3.1.1", "5"], ...] = ("3.1.1", "5")
    with BenchBroker(county.folder / "mosquitto", users) as broker:
        for version in versions:
            told = BrokerSettings(host=HERE, port=broker.port, protocol=version)
            async with county.trial(f"mosquitto {version}", told) as trial:
                reloading = Reloading(county.fleet, platform, broker.reload)
                await expire_reloaded(trial, reloading, figures)
                await _try(trial, figures)


async def _try(trial: Trial, figures: MqttFigures) -> None:
    figures.mqtt_brokers = ", ".join(filter(None, (figures.mqtt_brokers, trial.name)))
    for device in (DEVICE, NEIGHBOUR, REVOKED):
        mine = device == DEVICE
        passed = await _publishing(trial, device, SAID if mine else frozenset())
        _count(figures, passed, SAID if mine else frozenset())
        heard = await _subscribing(trial, device)
        _count(figures, heard, HEARD if mine else frozenset())
    await trial.settle()
    await take_over(trial, figures)
    await trial.settle()
    found = trial.ledger.verdict()
    figures.store_tried += found.tried
    figures.store_allowed += found.allowed
    figures.store_leaks += found.leaks
    figures.store_missing += found.missing
    figures.store_refused += found.refused


def _count(figures: MqttFigures, found: set[str], allowed: frozenset[str]) -> None:
    figures.mqtt_cells += len(TOPICS)
    figures.mqtt_leaks += len(found - allowed)
    figures.mqtt_missing += len(allowed - found)


async def _publishing(trial: Trial, device: str, allowed: frozenset[str]) -> set[str]:
    """The topics on which the witness hears what this device says."""
    said: list[Said] = []
    async with trial.witness() as witness:
        await witness.subscribe("clf/#")
        for topic in TOPICS:
            said.append(trial.ledger.say(topic, allowed=topic in allowed))
            # Each on a connection of its own: a broker may end one over a forbidden topic.
            with contextlib.suppress(BrokerError):
                async with trial.device(device) as bus:
                    await bus.publish(topic, said[-1].payload, qos=1)
        await witness.publish(FENCE, device.encode())
        passed = {payload for _, payload in await until_fence(witness)}
    return {one.topic for one in said if one.payload in passed}


async def _subscribing(trial: Trial, device: str) -> set[str]:
    """The topics of which this device hears what the witness says."""
    mark = f"to {device} {time.monotonic_ns()}".encode()
    fence = f"clf/v1/hangzhou/{device}/ota"
    try:
        async with trial.witness() as witness, trial.device(device) as bus:
            for topic in (*TOPICS, *GREEDY, fence):
                with contextlib.suppress(BrokerError):
                    await bus.subscribe(topic)
            for topic in TOPICS:
                await witness.publish(topic, mark)
            await witness.publish(fence, b"fence")
            heard = await until_fence(bus, (fence, b"fence"))
    except BusDisconnectedError:
        return set()
    return {topic for topic, payload in heard if payload == mark}
