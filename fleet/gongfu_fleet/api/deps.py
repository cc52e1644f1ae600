"""What the API needs, handed over by the composition root."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request

from gongfu_broker.clock import real_ms
from gongfu_fleet.ports import (
    AssetRegistry,
    AuditLog,
    Clock,
    Connections,
    IncidentBook,
    IngestStatus,
    Readings,
)
from gongfu_fleet.services.alarm_quality import AlarmQuality
from gongfu_fleet.services.cold_policies import VersionedPolicies
from gongfu_fleet.services.commands import CommandBook
from gongfu_fleet.services.devices import DeviceDesk
from gongfu_fleet.services.fleet_view import FleetViewer
from gongfu_fleet.services.flow import Flow, Room
from gongfu_fleet.services.incident_desk import IncidentDesk
from gongfu_fleet.services.jobs import JobState
from gongfu_fleet.services.notify_links import AcknowledgeLinks
from gongfu_fleet.services.notify_ports import OutboxView
from gongfu_fleet.services.oidc import SingleSignOn
from gongfu_fleet.services.people import PeopleDesk
from gongfu_fleet.services.policies import PolicyDesk
from gongfu_fleet.services.registry_in_force import RegistryInForce
from gongfu_fleet.services.sign_in import SignIn
from gongfu_fleet.services.tokens import Tokens


def packaged_static() -> Path:
    """Where the build leaves the web bundle; the folder may be missing."""
    return Path(__file__).parents[1] / "static"


def no_jobs() -> Sequence[JobState]:
    """Of a process that runs none and knows of none."""
    return ()


def unknown() -> None:
    """Of a process that cannot tell."""
    return


def no_token() -> str:
    """Nobody knows it."""
    return ""


def no_metrics() -> bytes:
    """Of a process that measures nothing."""
    return b""


@dataclass(frozen=True)
class ApiDeps:
    """Ports and services of one API process.

    ``clock`` is platform time, ``real_ms`` the time of sessions. ``stopping`` is set when the
    process begins to stop: live streams end then. ``troubles`` give sentences for /health;
    ``jobs`` gives the state of recurring jobs, whichever process runs them.
    ``flow`` and ``room`` give what waits where; ``metrics`` the text for Prometheus, which whoever
    knows what ``metrics_token`` gives may read; an empty one is nobody's.
    ``oidc``: where else one may sign in.
    ``links`` and ``notices`` are None in a process that tells nobody of anything.
    ``trying`` is held while a policy is tried, which takes the processor for a second.
    ``secure_cookies`` is for a proxy that ends https (a request seen as https gets them anyway).
    """

    clock: Clock
    registry: AssetRegistry
    readings: Readings
    connections: Connections
    ingest: IngestStatus
    incidents: IncidentBook
    commands: CommandBook
    desk: IncidentDesk
    quality: AlarmQuality
    devices: DeviceDesk
    sign_in: SignIn
    tokens: Tokens
    people: PeopleDesk
    policies: PolicyDesk
    audit: AuditLog
    stopping: asyncio.Event
    real_ms: Callable[[], int] = real_ms
    static: Path = field(default_factory=packaged_static)
    secure_cookies: bool = False
    troubles: tuple[Callable[[], Sequence[str]], ...] = ()
    jobs: Callable[[], Sequence[JobState]] = no_jobs
    flow: Callable[[], Flow | None] = unknown
    room: Callable[[], Room | None] = unknown
    metrics: Callable[[], bytes] = no_metrics
    metrics_token: Callable[[], str] = no_token
    oidc: SingleSignOn | None = None
    links: AcknowledgeLinks | None = None
    notices: OutboxView | None = None
    trying: Lock = field(default_factory=Lock)

    def viewer(self) -> FleetViewer:
        """A viewer of the fleet over these ports."""
        registry = RegistryInForce(self.registry, VersionedPolicies(self.policies.store))
        return FleetViewer(registry, self.readings, self.connections, self.incidents, self.commands)


def deps_of(request: Request) -> ApiDeps:
    """The dependencies of the app that serves this request."""
    deps: ApiDeps = request.app.state.deps
    return deps


def viewer_of(request: Request) -> FleetViewer:
    """The one viewer of the app that serves this request."""
    viewer: FleetViewer = request.app.state.viewer
    return viewer


Deps = Annotated[ApiDeps, Depends(deps_of)]
Viewer = Annotated[FleetViewer, Depends(viewer_of)]
