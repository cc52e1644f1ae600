"""An incident is an append-only list of events; its state is the fold of that list.

The timeline says what happened to the goods (``Finding``); the events on top of it say when that
was discovered, revised and acknowledged, and by whom. Nothing is deleted: what proves wrong is
retracted, what proves to be one incident is merged into the elder.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.handling import (
    UNTOUCHED,
    Closed,
    Handling,
    Moment,
    Standing,
    Step,
    handle,
    voided,
)
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.modifiers import Graver
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.errors import ConflictError, InvalidError


class Workflow(StrEnum):
    """What people did about an incident."""

    UNACK = "unack"
    ACKED = "acked"
    CLOSED = "closed"


@dataclass(frozen=True)
class Subject:
    """What an incident is about: one hazard of one zone of an asset."""

    asset: str
    zone: int
    hazard: Hazard


@dataclass(frozen=True)
class Finding:
    """What the timeline says, and by which limit of which policy version it was judged.

    ``limit_celsius`` is None where no temperature was compared.
    """

    episode: Episode
    limit_celsius: float | None
    product_class: str
    policy_version: int


@dataclass(frozen=True)
class Raised:
    """First discovery; ``late`` when the episode was over before anybody could know."""

    subject: Subject
    severity: Severity
    finding: Finding
    late: bool
    consequence: Consequence = Consequence.NONE


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
    """Somebody takes notice, and expects help to be there at ``eta_ms``, platform time."""

    note: str
    eta_ms: int | None = None


@dataclass(frozen=True)
class Merged:
    """It turned out to be the same episode as the elder incident ``into``."""

    into: str


@dataclass(frozen=True)
class Retracted:
    """Judged anew, the readings show no such episode; ``reason`` where there is another one."""

    reason: str = ""


_GRAVITY = tuple(Severity)  # the mildest first
Timed = ConditionChanged | Revised
Body = Raised | Timed | Silent | Heard | Graver | Acknowledged | Merged | Retracted | Step


@dataclass(frozen=True)
class Event:
    """One entry of the ledger: ``at_ms`` is platform time of the entry, ``by`` None for us.

    ``key`` was made by who asked for it, so that a request sent twice is done once.
    """

    at_ms: int
    by: str | None
    body: Body
    key: str = ""


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
    consequence: Consequence = Consequence.NONE
    eta_ms: int | None = None
    handling: Handling = UNTOUCHED

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
        """Whether somebody must still do something about it.

        Exposed goods need a word on what becomes of them, so only closing ends such an incident.
        What ended while it was suppressed is its parent's to acknowledge.
        """
        if not self.living or self.workflow is Workflow.CLOSED:
            return False
        if self.consequence is Consequence.PRODUCT:
            return True
        waits = self.workflow is Workflow.UNACK and self.handling.parent is None
        return self.condition is not Condition.NORMAL or waits

    def shelved(self, now_ms: int) -> bool:
        """Whether it is put aside at ``now_ms``, platform time; what is over never is."""
        shelf = self.handling.shelf
        return shelf is not None and now_ms < shelf.until_ms and self.running


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
    if _done_before(incident, event):
        return incident
    if not incident.living:
        raise _refused(incident_id, "it is no longer an incident of its own", _successor(incident))
    after = _stepped(incident, event)
    return after if after is incident else _counted(after, event)


def _stepped(incident: Incident, event: Event) -> Incident:
    match event.body:
        case Acknowledged():
            return _acknowledge(incident, event, event.body)
        case ConditionChanged() | Revised():
            return _find(incident, event.body)
        case Silent() | Heard():
            return _listen(incident, silent=isinstance(event.body, Silent))
        case Graver(severity):
            worse = _GRAVITY.index(severity) > _GRAVITY.index(incident.severity)
            return replace(incident, severity=severity) if worse else incident
        case Merged() | Retracted():
            return _leave(incident, event.body)
        case Raised():
            raise _refused(incident.id, "it was raised before", "Revise it instead.")
        case _:
            return _handle(incident, event, event.body)


def advanced(
    incident: Incident, bodies: Iterable[Body], *, at_ms: int, by: str | None, key: str = ""
) -> tuple[Incident, list[Event]]:
    """The incident after all of these, and the events among them that changed something.

    With a ``key`` each event gets its own from it. Raises as ``apply``: then none of them counts.
    """
    events = []
    for place, body in enumerate(bodies):
        event = Event(at_ms, by, body, f"{key}/{place}" if key and place else key)
        after = apply(incident.id, incident, event)
        if after is not incident:
            events.append(event)
        incident = after
    return incident, events


def measured(incident: Incident, finding: Finding) -> Incident:
    """The incident with what the timeline says now; peak and spans of a running one move on."""
    return incident if finding == incident.finding else replace(incident, finding=finding)


def _raise(incident_id: str, body: Body) -> Incident:
    if not isinstance(body, Raised):
        raise _refused(incident_id, "it was never raised", "Begin with the event that raises it.")
    return Incident(
        incident_id,
        1,
        body.subject,
        body.severity,
        body.finding,
        body.late,
        consequence=body.consequence,
    )


def _done_before(incident: Incident, event: Event) -> bool:
    return bool(event.key) and event.key in incident.handling.keys


def _counted(incident: Incident, event: Event) -> Incident:
    after = replace(incident, n=incident.n + 1)
    if not event.key:
        return after
    handling = replace(after.handling, keys=(*after.handling.keys, event.key))
    return replace(after, handling=handling)


def _handle(incident: Incident, event: Event, step: Step) -> Incident:
    standing = Standing(
        incident.id,
        over=incident.finding.episode.end_ms is not None,
        acked=incident.workflow is not Workflow.UNACK,
        exposed=incident.consequence is Consequence.PRODUCT,
    )
    handling = handle(incident.handling, step, standing, Moment(event.at_ms, event.by))
    if handling is incident.handling:
        return incident
    workflow = Workflow.CLOSED if isinstance(step, Closed) else incident.workflow
    return replace(incident, handling=handling, workflow=workflow)


def _acknowledge(incident: Incident, event: Event, body: Acknowledged) -> Incident:
    if incident.workflow is not Workflow.UNACK:
        return incident
    if body.eta_ms is not None and body.eta_ms < event.at_ms:
        raise InvalidError("Help cannot arrive in the past.", "Give a later time, or none.")
    return replace(
        incident,
        workflow=Workflow.ACKED,
        acked_by=event.by,
        acked_ms=event.at_ms,
        note=body.note or None,
        eta_ms=body.eta_ms,
    )


def _find(incident: Incident, body: Timed) -> Incident:
    was, now = incident.finding.episode, body.finding.episode
    if isinstance(body, ConditionChanged):
        same_past = (was.begin_ms, was.raised_ms) == (now.begin_ms, now.raised_ms)
        if was.end_ms is not None or not same_past:
            raise _refused(incident.id, "the past does not change by itself", "Revise it instead.")
    silent = incident.silent and now.end_ms is None
    after = replace(incident, finding=body.finding, silent=silent)
    return _reopen(after) if _worse(incident.subject.hazard, was, now) else after


def _reopen(incident: Incident) -> Incident:
    """Releases are void and a closed one is open again: it was judged on less than is known now."""
    handling = voided(incident.handling)
    after = replace(incident, handling=handling)
    if incident.workflow is not Workflow.CLOSED:
        return after
    return replace(
        after, workflow=Workflow.UNACK, acked_by=None, acked_ms=None, note=None, eta_ms=None
    )


def _worse(hazard: Hazard, was: Episode, now: Episode) -> bool:
    if was.end_ms is None:
        return False  # nothing was released or closed while it went on
    longer = now.end_ms is None or now.end_ms > was.end_ms or now.begin_ms < was.begin_ms
    if now.peak_celsius is None or was.peak_celsius is None:
        return longer
    further = now.peak_celsius - was.peak_celsius
    return longer or (further < 0 if hazard is Hazard.TEMPERATURE_LOW else further > 0)


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
