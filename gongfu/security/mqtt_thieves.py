"""S3 at the brokers: revoked, expired and foreign credentials, and the platform's client ids."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from gongfu.device_accounts import DeviceAccounts
from gongfu.fleet_side import FleetSide
from gongfu.security.mqtt_trial import (
    DEVICE,
    NEIGHBOUR,
    OWN,
    REVOKED,
    ROTATED,
    MqttFigures,
    Trial,
    until_fence,
)
from gongfu.settings import OWN_BACKFILL_USER, OWN_DOWNLINK_USER, OWN_USER
from gongfu_broker.access import User
from gongfu_broker.clock import real_ms
from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.ports import Session
from gongfu_broker.topics import uplink_filters
from gongfu_fleet.services.people import By

OVERLAP_S = 2
HOUR_S = 3600
LOOK_S, LOOKS = 0.1, 300


async def revoke(trial: Trial, fleet: FleetSide, figures: MqttFigures) -> None:
    """How long a revoked device stays connected."""
    async with trial.device(REVOKED) as bus:
        began_s = time.monotonic()
        fleet.devices.revoke(REVOKED, by=By("bench", real_ms()))
        await until_fence(bus)
        figures.revoke_s = round(time.monotonic() - began_s, 2)


async def expire_embedded(trial: Trial, fleet: FleetSide, figures: MqttFigures) -> None:
    """A rotation runs out: whoever holds the old secret is put out and stays out."""
    async with trial.device(ROTATED) as bus:
        by = By("bench", real_ms())
        issued = fleet.devices.rotate(ROTATED, overlap_s=OVERLAP_S, by=by)
        await until_fence(bus)
        figures.expire_s = round((real_ms() - by.at_ms) / 1000 - OVERLAP_S, 2)
    await _expired(trial, (issued.credential.login, issued.secret), figures)


@dataclass(frozen=True)
class Reloading:
    """A broker that takes up the accounts it is given, and the platform's own ones."""

    fleet: FleetSide
    platform: list[User]
    reload: Callable[[list[User]], None]


async def expire_reloaded(trial: Trial, broker: Reloading, figures: MqttFigures) -> None:
    """The same where accounts are written to files: those of the hour after the overlap."""
    accounts, desk = DeviceAccounts(broker.fleet), broker.fleet.devices
    desk.revoke(ROTATED, by=By("bench", real_ms()))
    old = desk.add(ROTATED, by=By("bench", real_ms()))
    trial.secrets[ROTATED] = old.secret
    new = desk.rotate(ROTATED, overlap_s=HOUR_S, by=By("bench", real_ms()))
    broker.reload([*broker.platform, *accounts.users(real_ms())])
    figures.mqtt_missing += not await _comes_to(trial, old.secret, welcome=True)
    after_ms = real_ms() + (HOUR_S + 1) * 1000
    broker.reload([*broker.platform, *accounts.users(after_ms)])
    await _comes_to(trial, old.secret, welcome=False)
    await _expired(trial, (new.credential.login, new.secret), figures)


async def _comes_to(trial: Trial, secret: str, *, welcome: bool) -> bool:
    """Wait for a reload to take effect; False when it does not."""
    for _ in range(LOOKS):
        if await trial.gets_in(ROTATED, secret) is welcome:
            return True
        await asyncio.sleep(LOOK_S)
    return False


async def _expired(trial: Trial, new: tuple[str, str], figures: MqttFigures) -> None:
    figures.expired_tried += 1
    figures.mqtt_intrusions += await trial.gets_in(ROTATED, trial.secrets[ROTATED])
    figures.mqtt_missing += not await trial.gets_in(*new)


async def take_over(trial: Trial, figures: MqttFigures) -> None:
    """Foreign secrets, then every client id of the platform: what is lost is said again and comes.

    The ids are secret; whoever tries here knows them all.
    """
    for secret in ("", "wrong", trial.secrets[NEIGHBOUR]):
        figures.mqtt_intrusions += await trial.gets_in(DEVICE, secret)
    keys = trial.keys
    own = (keys.ingest_client_id, keys.backfill_client_id, keys.downlink_client_id)
    for client_id in (*own, OWN_USER, OWN_BACKFILL_USER, OWN_DOWNLINK_USER):
        figures.takeovers += 1
        figures.mqtt_intrusions += await _as_platform(trial, client_id)
        await trial.insist()


async def _as_platform(trial: Trial, client_id: str) -> bool:
    """Whether a device with this client id hears what others say."""
    private = [trial.ledger.say(f"{OWN}/{leaf}", allowed=True) for leaf in ("tel", "bf")]
    fence = f"clf/v1/hangzhou/{NEIGHBOUR}/ota"
    thief = Session(client_id, NEIGHBOUR, trial.secrets[NEIGHBOUR])
    heard: list[tuple[str, bytes]] = []
    with contextlib.suppress(BusDisconnectedError):
        async with trial.way.connect(thief) as bus, trial.device(DEVICE) as device:
            for topic_filter in (*uplink_filters(), fence):
                with contextlib.suppress(BrokerError):
                    await bus.subscribe(topic_filter)
            for said in private:
                await device.publish(said.topic, said.payload, qos=1)
            async with trial.witness() as witness:
                await witness.publish(fence, b"fence")
            heard = await until_fence(bus, (fence, b"fence"))
    return any(payload == said.payload for _, payload in heard for said in private)
