"""An incident is an append-only list of events; its state is the fold of that list.

The timeline says what happened to the goods (``Finding``); the events on top of it say when that
was discovered, revised and acknowledged, and by whom. Nothing is deleted: what proves wrong is
retracted, what proves to be one incident is merged into the elder.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from gongfu_fleet.domain.alarms.policy import Hazard
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.errors import ConflictError


class Workflow(StrEnum):
    """What people did about an incident."""

    UNACK = "unack"
    ACKED = "acked"
    CLOSED = "closed"


class Severity(StrEnum):
    """How much it matters."""

    LOW = "low"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Subject:
    """What an incident is about: one hazard of one zone of an asset."""

    asset: str
    zone: int
    hazard: Hazard


@dataclass(frozen=True)
class Finding:
    """What the timeline says, and by which limit of which policy version it was judged."""

    episode: Episode
    limit_celsius: float
    product_class: str
    policy_version: int


@dataclass(frozen=True)
class Raised:
    """First discovery; ``late`` when the episode was over before anybody could know."""

    subject: Subject
    severity: Severity
    finding: Finding
    late: bool


@dataclass(frozen=True)
class ConditionChanged:
    """Time went on: active, clearing or normal."""

    finding: Finding


@dataclass(frozen=True)
class Revised:
    """Late data or another policy version changed what was believed of the past."""

    finding: Finding


@dataclass(frozen=True)
class Silent:
    """Nothing newer than ``since_ms`` is known of the zone."""

    since_ms: int


@dataclass(frozen=True)
class Heard:
    """Data of the zone up to ``upto_ms`` is there again."""

    upto_ms: int


@dataclass(frozen=True)
class Acknowledged:
    """Somebody takes notice."""

    note: str


@dataclass(frozen=True)
class Merged:
    """It turned out to be the same episode as the elder incident ``into``."""

    into: str


@dataclass(frozen=True)
class Retracted:
    """Judged anew, the readings show no such episode."""


Timed = ConditionChanged | Revised
Body = Raised | Timed | Silent | Heard | Acknowledged | Merged | Retracted


@dataclass(frozen=True)
class Event:
    """One entry of the ledger: ``at_ms`` is platform time of the entry, ``by`` None for us."""

    at_ms: int
    by: str | None
    body: Body


@dataclass(frozen=True)
class Incident:
    """The fold of ``n`` events."""

    id: str
    n: int
    subject: Subject
    severity: Severity
    finding: Finding
    late: bool
    silent: bool = False
    workflow: Workflow = Workflow.UNACK
    acked_by: str | None = None
    acked_ms: int | None = None
    note: str | None = None
    merged_into: str | None = None
    retracted: bool = False

    @property
    def running(self) -> bool:
        """Whether the episode is still going on."""
        return self.living and self.finding.episode.end_ms is None

    @property
    def living(self) -> bool:
        """Whether it still stands for an episode of its own."""
        return self.merged_into is None and not self.retracted

    @property
    def condition(self) -> Condition:
        """The hazard's condition; unknown while a running incident's zone is silent."""
        if not self.living:
            return Condition.NORMAL
        return Condition.UNKNOWN if self.silent else self.finding.episode.condition

    @property
    def open(self) -> bool:
        """Whether somebody must still do something about it."""
        done = self.condition is Condition.NORMAL and self.workflow is not Workflow.UNACK
        return self.living and not done


def fold(incident_id: str, events: Iterable[Event]) -> Incident:
    """The state that a list of events leads to. Raises ConflictError for an illegal one."""
    incident: Incident | None = None
    for event in events:
        incident = apply(incident_id, incident, event)
    if incident is None:
        raise _refused(incident_id, "it has no events", "Begin with the event that raises it.")
    return incident


def apply(incident_id: str, incident: Incident | None, event: Event) -> Incident:
    """The state after one more event; the same object when the event changes nothing.

    Raises ConflictError when the event is not possible in this state.
    """
    if incident is None:
        return _raise(incident_id, event.body)
    if not incident.living:
        raise _refused(incident_id, "it is no longer an incident of its own", _successor(incident))
    match event.body:
        case Acknowledged():
            after = _acknowledge(incident, event, event.body)
        case ConditionChanged() | Revised():
            after = _find(incident, event.body)
        case Silent() | Heard():
            after = _listen(incident, silent=isinstance(event.body, Silent))
        case Merged() | Retracted():
            after = _leave(incident, event.body)
        case Raised():
            raise _refused(incident_id, "it was raised before", "Revise it instead.")
    return after if after is incident else replace(after, n=incident.n + 1)


def measured(incident: Incident, finding: Finding) -> Incident:
    """The incident with what the timeline says now; peak and spans of a running one move on."""
    return incident if finding == incident.finding else replace(incident, finding=finding)


def _raise(incident_id: str, body: Body) -> Incident:
    if not isinstance(body, Raised):
        raise _refused(incident_id, "it was never raised", "Begin with the event that raises it.")
    return Incident(incident_id, 1, body.subject, body.severity, body.finding, body.late)


def _acknowledge(incident: Incident, event: Event, body: Acknowledged) -> Incident:
    if incident.workflow is not Workflow.UNACK:
        return incident
    return replace(
        incident,
        workflow=Workflow.ACKED,
        acked_by=event.by,
        acked_ms=event.at_ms,
        note=body.note or None,
    )


def _find(incident: Incident, body: Timed) -> Incident:
    was, now = incident.finding.episode, body.finding.episode
    if isinstance(body, ConditionChanged):
        same_past = (was.begin_ms, was.raised_ms) == (now.begin_ms, now.raised_ms)
        if was.end_ms is not None or not same_past:
            raise _refused(incident.id, "the past does not change by itself", "Revise it instead.")
    silent = incident.silent and now.end_ms is None
    return replace(incident, finding=body.finding, silent=silent)


def _listen(incident: Incident, *, silent: bool) -> Incident:
    if not incident.running:
        raise _refused(incident.id, "it is over", "Watch only running incidents for silence.")
    return incident if incident.silent is silent else replace(incident, silent=silent)


def _successor(incident: Incident) -> str:
    if incident.merged_into:
        return f"Go on with {incident.merged_into}, into which it was merged."
    return "It was retracted because the readings do not bear it out; nothing is to be done."


def _leave(incident: Incident, body: Merged | Retracted) -> Incident:
    after = replace(incident, silent=False, workflow=Workflow.CLOSED)
    if isinstance(body, Merged):
        return replace(after, merged_into=body.into)
    return replace(after, retracted=True)


def _refused(incident_id: str, why: str, remedy: str) -> ConflictError:
    return ConflictError(f"Incident {incident_id} cannot take this step: {why}.", remedy)
