"""Adapters from settings: one function per role. The only place that knows which fits where."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from gongfu.consumers import ConsumerLoop
from gongfu.device_accounts import DeviceAccounts, without_impostors
from gongfu.directory import RegisteredDevices
from gongfu.downlink import Downlink, downlink_session
from gongfu.fleet_side import FleetSide
from gongfu.influx_side import influx_forwarder
from gongfu.ingest_side import disk_guard, ingest_lanes, rate_limit
from gongfu.new_id import new_id
from gongfu.secrets_file import Secrets
from gongfu.settings import OWN_BACKFILL_USER, OWN_DOWNLINK_USER, OWN_USER, Settings
from gongfu.telemetry import (
    LogHistory,
    StoredConnections,
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
from gongfu_fleet.adapters.db.sales import SqlSales
from gongfu_fleet.services.asset_books import KindPolicies
from gongfu_fleet.services.commands import CONSUMER as RESULTS
from gongfu_fleet.services.commands import CommandResults
from gongfu_fleet.services.self_locks import CONSUMER as SELF_LOCKS
from gongfu_fleet.services.self_locks import SelfLocks
from gongfu_fleet.services.watch_cold_chain import CONSUMER, ColdChainWatch
from gongfu_fleet.services.watch_sales import CONSUMER as SALES
from gongfu_fleet.services.watch_sales import SaleWatch
from gongfu_ingest.commit import Committer, Limits
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
    self_locks: ConsumerLoop
    sales: ConsumerLoop
    downlink: Downlink
    forwarder: Forwarder | None = None

    def troubles(self) -> list[str]:
        """Sentences for /health; empty while all is well."""
        failures = [loop.failure for loop in self.consumers if loop.failure]
        outside = self.forwarder.troubles() if self.forwarder else []
        return [*self.ingest.state.troubles(), *failures, *outside, *self.downlink.troubles()]

    def wake(self) -> None:
        """Something was committed."""
        for loop in self.consumers:
            loop.wake()
        if self.forwarder:
            self.forwarder.wake()

    @property
    def consumers(self) -> tuple[ConsumerLoop, ...]:
        """What reads the log, each in a thread of its own; woken by every commit."""
        return self.watch, self.results, self.self_locks, self.sales


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

    def wake() -> None:
        made.wake()

    devices, guard = RegisteredDevices(fleet.registry), disk_guard(settings, telemetry)
    ingest = IngestService(
        committer=Committer(
            telemetry.database,
            telemetry.log,
            devices,
            Limits(guard, rate_limit(settings), settings.store.retention_ms),
        ),
        lanes=ingest_lanes(settings, keys),
        clock=clock,
        writer=telemetry.writer,
        on_commit=wake,
    )
    made = Worker(
        ingest=ingest,
        watch=_watch(clock, telemetry, fleet),
        results=ConsumerLoop(RESULTS, CommandResults(telemetry.log, fleet.commands.store), clock),
        self_locks=_self_locks(clock, telemetry, fleet),
        sales=_sales(clock, telemetry, fleet),
        downlink=downlink(settings, keys, clock, fleet),
        forwarder=influx_forwarder(settings, clock=clock, telemetry=telemetry, fleet=fleet),
    )
    return made


def _watch(clock: Clock, telemetry: Telemetry, fleet: FleetSide) -> ConsumerLoop:
    watch = ColdChainWatch(
        log=telemetry.log,
        readings=LogHistory(telemetry),
        store=fleet.ledger,
        policies=fleet.zones,
        clock=clock,
        new_id=new_id,
    )
    return ConsumerLoop(CONSUMER, watch, clock)


def _self_locks(clock: Clock, telemetry: Telemetry, fleet: FleetSide) -> ConsumerLoop:
    locks = SelfLocks(
        log=telemetry.log,
        ledger=fleet.ledger,
        cursors=fleet.commands.store,
        clock=clock,
        new_id=new_id,
        real_ms=real_ms,
    )
    return ConsumerLoop(SELF_LOCKS, locks, clock)


def _sales(clock: Clock, telemetry: Telemetry, fleet: FleetSide) -> ConsumerLoop:
    sales = SaleWatch(
        log=telemetry.log,
        store=SqlSales(fleet.engine),
        ledger=fleet.ledger,
        connections=StoredConnections(telemetry.reports),
        policies=KindPolicies(fleet.in_force),
        new_id=new_id,
    )
    return ConsumerLoop(SALES, sales, clock)


def downlink(settings: Settings, keys: Secrets, clock: Clock, fleet: FleetSide) -> Downlink:
    """The way of commands to the devices."""
    session = downlink_session(settings, keys)
    return Downlink(fleet.commands.store, clock, connector(settings), session)
