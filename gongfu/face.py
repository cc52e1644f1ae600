"""The HTTP face and what stands behind it; only roles that serve HTTP load this."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fastapi import FastAPI

from gongfu.fleet_side import FleetSide
from gongfu.metrics import Figures, exposition
from gongfu.notify_side import acknowledge_links
from gongfu.oidc_side import single_sign_on
from gongfu.secrets_file import metrics_token
from gongfu.settings import Settings
from gongfu.telemetry import StoredConnections, StoredIngestStatus, StoredReadings, Telemetry
from gongfu_broker.clock import Clock
from gongfu_fleet.adapters.db.ledger_figures import SqlLedgerFigures
from gongfu_fleet.adapters.db.outbox import SqlOutbox
from gongfu_fleet.api.app import create_app
from gongfu_fleet.api.deps import ApiDeps
from gongfu_fleet.services.alarm_quality import AlarmQuality
from gongfu_fleet.services.flow import Flow, Room


@dataclass(frozen=True)
class Face:
    """What the HTTP face must know of the process it lives in."""

    settings: Settings
    connected: Callable[[], bool]
    troubles: Callable[[], Sequence[str]]
    stopping: asyncio.Event
    flow: Callable[[], Flow | None]
    room: Callable[[], Room | None]


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
        policies=fleet.policies,
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
