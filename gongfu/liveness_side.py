"""The watches by the wall clock and the sale lock: what hears, what was heard, whom they tell."""

from gongfu.fleet_side import FleetSide
from gongfu.new_id import new_id
from gongfu.telemetry import StoredConnections, StoredReadings, Telemetry
from gongfu.wiring import Worker
from gongfu_broker.clock import Clock, real_ms
from gongfu_fleet.services.alarm_policies import (
    liveness_policy,
    sale_lock_policy,
    severity_ladders,
)
from gongfu_fleet.services.asset_books import KindPolicies
from gongfu_fleet.services.sale_lock import SaleLockKeeper
from gongfu_fleet.services.watch_deliveries import DeliveryWatch
from gongfu_fleet.services.watch_liveness import Hearing, LivenessWatch
from gongfu_ingest.ingest_state import IngestState

# What was taken from the broker and waits longer for its commit, in real time, is a backlog.
BEHIND_REAL_MS = 5_000


def liveness_watch(
    work: Worker, *, clock: Clock, telemetry: Telemetry, fleet: FleetSide
) -> LivenessWatch:
    """Channels, parents and the ladder of severities, over the worker's own ears."""
    state = work.ingest.state
    return LivenessWatch(
        ledger=fleet.ledger,
        registry=fleet.registry,
        readings=StoredReadings(telemetry.store),
        connections=StoredConnections(telemetry.reports),
        hearing=lambda: hearing(state, clock),
        policy=liveness_policy(),
        ladders=severity_ladders(),
        clock=clock,
        new_id=new_id,
    )


def delivery_watch(
    work: Worker, *, clock: Clock, telemetry: Telemetry, fleet: FleetSide
) -> DeliveryWatch:
    """Long backlogs and wrong clocks, by the same ears."""
    state = work.ingest.state
    return DeliveryWatch(
        ledger=fleet.ledger,
        registry=fleet.registry,
        log=telemetry.log,
        connections=StoredConnections(telemetry.reports),
        hearing=lambda: hearing(state, clock),
        policies=KindPolicies(fleet.in_force),
        clock=clock,
        new_id=new_id,
    )


def sale_lock_keeper(*, clock: Clock, telemetry: Telemetry, fleet: FleetSide) -> SaleLockKeeper:
    """What locks the sale of cabinets that cannot hold their goods."""
    return SaleLockKeeper(
        ledger=fleet.ledger,
        commands=fleet.commands,
        registry=fleet.registry,
        readings=StoredReadings(telemetry.store),
        connections=StoredConnections(telemetry.reports),
        policy=sale_lock_policy(),
        clock=clock,
        real_ms=real_ms,
    )


def hearing(state: IngestState, clock: Clock) -> Hearing:
    """How ingest hears at this moment; the first lane is the one that brings what is live."""
    live, *others = state.links.copy().values()
    oldest_ms = state.oldest_waiting_ms
    waits = oldest_ms is not None and clock.now_ms() - oldest_ms > BEHIND_REAL_MS * clock.speed
    behind = waits or live is not None or state.commit_error is not None
    return Hearing(connected=None in (live, *others), behind=behind)
