"""Adapters from settings: one function per role. The only place that knows which fits where."""

import asyncio
import secrets
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fastapi import FastAPI

from gongfu.consumers import ConsumerLoop
from gongfu.device_accounts import DeviceAccounts, without_impostors
from gongfu.directory import RegisteredDevices
from gongfu.downlink import Downlink, downlink_session
from gongfu.fleet_side import FleetSide
from gongfu.influx_side import influx_forwarder
from gongfu.ingest_side import disk_guard, ingest_lanes, rate_limit
from gongfu.metrics import Figures, exposition
from gongfu.notify_side import acknowledge_links
from gongfu.oidc_side import single_sign_on
from gongfu.secrets_file import Secrets, metrics_token
from gongfu.settings import OWN_BACKFILL_USER, OWN_DOWNLINK_USER, OWN_USER, Settings
from gongfu.telemetry import (
    LogHistory,
    StoredConnections,
    StoredIngestStatus,
    StoredReadings,
    Telemetry,
)
from gongfu_broker.access import (
    BACKFILL_LEAVES,
    User,
    downlink_user,
    ingest_user,
    replay_user,
)
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.clock import Clock, real_ms
from gongfu_broker.embedded import EmbeddedBroker
from gongfu_broker.nats_config import NatsSettings
from gongfu_fleet.adapters.db.ledger_figures import SqlLedgerFigures
from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.services.alarm_quality import AlarmQuality
from gongfu_fleet.services.commands import CONSUMER as RESULTS
from gongfu_fleet.services.commands import CommandResults
from gongfu_fleet.services.flow import Flow, Room
from gongfu_fleet.services.watch_cold_chain import CONSUMER, ColdChainWatch
from gongfu_ingest.commit import Committer
from gongfu_ingest.forwarder import Forwarder
from gongfu_ingest.service import IngestService

INGEST = OWN_USER
REPLAY = "replay"


@dataclass(frozen=True)
class Worker:
    """Ingest and the consumers of its log."""

    ingest: IngestService
    watch: ConsumerLoop
    results: ConsumerLoop
    downlink: Downlink
    forwarder: Forwarder | None = None

    def troubles(self) -> list[str]:
        """Sentences for /health; empty while all is well."""
        watching = [self.watch.failure] if self.watch.failure else []
        outside = self.forwarder.troubles() if self.forwarder else []
        results = [self.results.failure] if self.results.failure else []
        below = [*results, *self.downlink.troubles()]
        return [*self.ingest.state.troubles(), *watching, *outside, *below]


@dataclass(frozen=True)
class Face:
    """What the HTTP face must know of the process it lives in."""

    settings: Settings
    connected: Callable[[], bool]
    troubles: Callable[[], Sequence[str]]
    stopping: asyncio.Event
    flow: Callable[[], Flow | None]
    room: Callable[[], Room | None]


def platform_users(keys: Secrets) -> list[User]:
    """The platform's own accounts on the broker."""
    return [
        # Allowed what is late too: its session may bear that filter from before, and gives it up.
        ingest_user(INGEST, keys.ingest),
        ingest_user(OWN_BACKFILL_USER, keys.backfill, BACKFILL_LEAVES),
        replay_user(REPLAY, keys.replay),
        downlink_user(OWN_DOWNLINK_USER, keys.downlink),
    ]


def broker_users(fleet: FleetSide, keys: Secrets) -> list[User]:
    """Every account of the broker as of now."""
    devices = DeviceAccounts(fleet).users(real_ms())
    return without_impostors(platform_users(keys), devices)


def embedded_broker(settings: Settings, users: Sequence[User]) -> EmbeddedBroker | None:
    """The broker child, or None when the settings name another broker."""
    if settings.broker.host:
        return None
    folder = (settings.state / "broker").resolve()
    return EmbeddedBroker(NatsSettings(folder, port=settings.broker.port), users)


def connector(settings: Settings) -> AiomqttConnector:
    """The way to the broker of whoever is not ingest."""
    broker = settings.broker
    tls = ssl.create_default_context() if broker.tls else None
    return AiomqttConnector(broker.host or "127.0.0.1", broker.port, tls=tls)


def worker(
    settings: Settings, keys: Secrets, *, clock: Clock, telemetry: Telemetry, fleet: FleetSide
) -> Worker:
    """Ingest plus the cold-chain watch, which wakes at every commit."""
    watch = ColdChainWatch(
        log=telemetry.log,
        readings=LogHistory(telemetry),
        store=fleet.ledger,
        policies=fleet.zones,
        clock=clock,
        new_id=lambda: uuid7(real_ms(), secrets.token_bytes(RANDOM_BYTES)),
    )
    loop = ConsumerLoop(CONSUMER, watch, clock)
    forwarder = influx_forwarder(settings, clock=clock, telemetry=telemetry, fleet=fleet)

    results = ConsumerLoop(RESULTS, CommandResults(telemetry.log, fleet.commands.store), clock)

    def wake() -> None:
        loop.wake()
        results.wake()
        if forwarder:
            forwarder.wake()

    devices, guard = RegisteredDevices(fleet.registry), disk_guard(settings, telemetry)
    ingest = IngestService(
        committer=Committer(
            telemetry.database, telemetry.log, devices, guard=guard, limit=rate_limit(settings)
        ),
        lanes=ingest_lanes(settings, keys),
        clock=clock,
        writer=telemetry.writer,
        on_commit=wake,
    )
    return Worker(ingest, loop, results, downlink(settings, keys, clock, fleet), forwarder)


def downlink(settings: Settings, keys: Secrets, clock: Clock, fleet: FleetSide) -> Downlink:
    """The way of commands to the devices."""
    session = downlink_session(settings, keys)
    return Downlink(fleet.commands.store, clock, connector(settings), session)


def api(
    clock: Clock,
    telemetry: Telemetry,
    *,
    fleet: FleetSide,
    face: Face,
) -> FastAPI:
    """The HTTP face."""
    deps = ApiDeps(
        clock=clock,
        registry=fleet.registry,
        readings=StoredReadings(telemetry.store),
        connections=StoredConnections(telemetry.reports),
        ingest=StoredIngestStatus(telemetry, face.connected),
        incidents=fleet.incidents,
        commands=fleet.commands,
        desk=fleet.desk,
        quality=AlarmQuality(SqlLedgerFigures(fleet.engine), fleet.registry, clock.now_ms),
        devices=fleet.devices,
        sign_in=fleet.sign_in,
        tokens=fleet.tokens,
        people=fleet.people,
        audit=fleet.audit,
        stopping=face.stopping,
        troubles=(face.troubles,),
        secure_cookies=face.settings.api.secure_cookies,
        jobs=fleet.schedule().states,
        flow=face.flow,
        room=face.room,
        metrics_token=lambda: metrics_token(face.settings.state),
        oidc=single_sign_on(face.settings, fleet),
        links=acknowledge_links(face.settings, clock=clock, fleet=fleet),
        notices=SqlOutbox(fleet.engine),
    )
    figures = Figures(deps, telemetry.reports.dead_letter_counts)
    return create_app(replace(deps, metrics=lambda: exposition(figures)))
