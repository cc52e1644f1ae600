"""What people do to incidents beside acknowledging one; one request may reach many.

``key`` is made by the caller: the same request sent twice is done once.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gongfu_fleet.api.deps import ApiDeps, Deps
from gongfu_fleet.api.incidents import (
    Acknowledgement,
    IncidentAnswer,
    Note,
    actor_of,
    incident_answer,
)
from gongfu_fleet.api.permissions import Acknowledger, Assigner, Disposer, Shelver
from gongfu_fleet.domain.alarms.handling import (
    ALL_LOTS,
    LONGEST_SHELF_MS,
    MOST_LOTS,
    Closed,
    Commented,
    Decision,
    Disposed,
    OutOfService,
    Returned,
    Shelved,
    Unshelved,
)
from gongfu_fleet.domain.alarms.incident import Acknowledged, Body
from gongfu_fleet.services.incident_desk import MOST_AT_ONCE, Outcome, Request
from gongfu_fleet.services.sale_lock import SaleLockDesk
from gongfu_fleet.services.sign_in import SignedIn

router = APIRouter(prefix="/api/incidents", tags=["incidents"])
LONGEST_KEY = 40
Key = Annotated[str, Field(max_length=LONGEST_KEY, pattern=r"^[0-9A-Za-z_-]*$")]
Short = Annotated[str, Field(max_length=80)]
Ids = Annotated[
    list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=MOST_AT_ONCE)
]


class Keyed(BaseModel):
    """A request that may be sent again."""

    key: Key = ""


class Assignment(Keyed):
    """Who takes care of it; null is nobody."""

    to: Short | None


class Comment(Keyed):
    """What the others should know."""

    text: Note


class Shelving(Keyed):
    """For how long, in seconds of platform time, and why."""

    for_s: Annotated[int, Field(gt=0, le=LONGEST_SHELF_MS // 1000)]
    reason: Note

    def body(self, now_ms: int) -> Shelved:
        """The event."""
        return Shelved(now_ms + self.for_s * 1000, self.reason.strip())


class WorkOrder(Keyed):
    """The order of the repair."""

    work_order: Short
    note: Note = ""


class Remark(Keyed):
    """What there is to say."""

    note: Note = ""


class LotDecision(BaseModel):
    """One lot; ``*`` is all of the zone that no other line names."""

    lot: Short = ALL_LOTS
    decision: Decision


class Dispositions(Keyed):
    """What becomes of the goods, and with ``close`` that nothing is left to do."""

    items: Annotated[list[LotDecision], Field(min_length=1, max_length=MOST_LOTS)]
    note: Note = ""
    close: bool = False

    def bodies(self) -> tuple[Body, ...]:
        """The events."""
        note = self.note.strip()
        said = [Disposed(item.lot.strip(), item.decision, note) for item in self.items]
        return (*said, Closed(note)) if self.close else tuple(said)


class ManyAcknowledged(Acknowledgement):
    """Which incidents to acknowledge."""

    ids: Ids


class ManyShelved(Shelving):
    """Which incidents to shelve."""

    ids: Ids


class FaultAnswer(BaseModel):
    """Why nothing was done, and what to do about it."""

    detail: str
    remedy: str


class OutcomeAnswer(BaseModel):
    """What became of one of many; ``changed`` is false when it was so before, or with a fault."""

    id: str
    changed: bool
    incident: IncidentAnswer | None
    fault: FaultAnswer | None


class Outcomes(BaseModel):
    """In the order of the request."""

    items: list[OutcomeAnswer]


class AssigneeList(BaseModel):
    """Who may take care of an incident, by name."""

    items: list[str]


@router.post("/acknowledge")
def acknowledge_many(body: ManyAcknowledged, caller: Acknowledger, deps: Deps) -> Outcomes:
    """Acknowledge many; each answers for itself."""
    by = actor_of(caller, deps)
    step = Acknowledged(body.note.strip(), body.eta_ms(by.now_ms))
    return _outcomes(deps.desk.take_all(body.ids, Request("acknowledge", (step,)), by=by))


@router.post("/shelve")
def shelve_many(body: ManyShelved, caller: Shelver, deps: Deps) -> Outcomes:
    """Shelve many; each answers for itself."""
    by = actor_of(caller, deps)
    request = Request("shelve", (body.body(by.now_ms),), body.key)
    return _outcomes(deps.desk.take_all(body.ids, request, by=by))


@router.get("/{incident_id}/assignees")
def list_assignees(incident_id: str, caller: Assigner, deps: Deps) -> AssigneeList:
    """Who may take care of it."""
    return AssigneeList(items=list(deps.desk.assignees(incident_id, scope=caller.scope)))


@router.post("/{incident_id}/assign")
def assign(incident_id: str, body: Assignment, caller: Assigner, deps: Deps) -> IncidentAnswer:
    """Give it to somebody."""
    by = actor_of(caller, deps)
    return incident_answer(deps.desk.assign(incident_id, body.to, by=by, key=body.key))


@router.post("/{incident_id}/comment")
def comment(incident_id: str, body: Comment, caller: Acknowledger, deps: Deps) -> IncidentAnswer:
    """Tell the others; without a key a comment sent twice stands there twice."""
    request = Request("comment", (Commented(body.text.strip()),), body.key)
    return _take(deps, incident_id, request, caller)


@router.post("/{incident_id}/shelve")
def shelve(incident_id: str, body: Shelving, caller: Shelver, deps: Deps) -> IncidentAnswer:
    """Put it aside for at most 24 hours; it comes back by itself."""
    request = Request("shelve", (body.body(deps.clock.now_ms()),), body.key)
    return _take(deps, incident_id, request, caller)


@router.post("/{incident_id}/unshelve")
def unshelve(incident_id: str, body: Keyed, caller: Shelver, deps: Deps) -> IncidentAnswer:
    """Take it back before its time."""
    return _take(deps, incident_id, Request("unshelve", (Unshelved(),), body.key), caller)


@router.post("/{incident_id}/out-of-service")
def out_of_service(
    incident_id: str, body: WorkOrder, caller: Shelver, deps: Deps
) -> IncidentAnswer:
    """The equipment is being repaired."""
    step = OutOfService(body.work_order.strip(), body.note.strip())
    return _take(deps, incident_id, Request("out_of_service", (step,), body.key), caller)


@router.post("/{incident_id}/return")
def return_to_service(
    incident_id: str, body: Remark, caller: Shelver, deps: Deps
) -> IncidentAnswer:
    """The equipment is in service again."""
    request = Request("return", (Returned(body.note.strip()),), body.key)
    return _take(deps, incident_id, request, caller)


@router.post("/{incident_id}/disposition")
def dispose(incident_id: str, body: Dispositions, caller: Disposer, deps: Deps) -> IncidentAnswer:
    """Say what becomes of the goods; all lines or none."""
    return _take(deps, incident_id, Request("dispose", body.bodies(), body.key), caller)


@router.post("/{incident_id}/sale-unlock")
def unlock_sale(incident_id: str, body: Remark, caller: Disposer, deps: Deps) -> IncidentAnswer:
    """Let the cabinet sell again: needs a note, and a last word on the goods."""
    desk, by = SaleLockDesk(deps.desk, deps.commands), actor_of(caller, deps)
    return incident_answer(desk.unlock(incident_id, body.note, by=by, key=body.key))


@router.post("/{incident_id}/close")
def close(incident_id: str, body: Remark, caller: Acknowledger, deps: Deps) -> IncidentAnswer:
    """Nothing is left to do."""
    request = Request("close", (Closed(body.note.strip()),), body.key)
    return _take(deps, incident_id, request, caller)


def _take(deps: ApiDeps, incident_id: str, request: Request, caller: SignedIn) -> IncidentAnswer:
    return incident_answer(deps.desk.take(incident_id, request, by=actor_of(caller, deps)))


def _outcomes(found: Sequence[Outcome]) -> Outcomes:
    return Outcomes(items=[_outcome(one) for one in found])


def _outcome(one: Outcome) -> OutcomeAnswer:
    fault = one.fault
    return OutcomeAnswer(
        id=one.id,
        changed=one.changed,
        incident=incident_answer(one.incident) if one.incident else None,
        fault=FaultAnswer(detail=fault.fault, remedy=fault.remedy) if fault else None,
    )
