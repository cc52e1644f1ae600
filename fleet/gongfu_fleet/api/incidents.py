"""Incidents: list, look, acknowledge."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import Acknowledger, Reader
from gongfu_fleet.ports import Actor, IncidentView
from gongfu_fleet.services.sign_in import SignedIn

router = APIRouter(prefix="/api/incidents", tags=["incidents"])
MOST = 500
LONGEST_NOTE = 500
MOST_ETA_S = 7 * 86_400
Note = Annotated[str, Field(max_length=LONGEST_NOTE)]
Identity = Annotated[str | None, Query(max_length=40)]


class EventAnswer(BaseModel):
    """One event of an incident; ``n`` counts from 1."""

    n: int
    at_ms: int
    kind: str
    by: str | None
    data: dict[str, Any]  # each kind of event has its own fields


class DispositionAnswer(BaseModel):
    """The newest word on a lot; the lot ``*`` is all of the zone that is not named."""

    lot: str
    decision: str
    note: str
    by: str | None
    at_ms: int


class IncidentAnswer(BaseModel):
    """An incident; celsius, seconds, UTC ms.

    ``consequence`` is ``product`` when goods were exposed; ``shelved_until_ms`` may have passed;
    ``work_order`` while out of service; ``parent`` is the incident that it follows from;
    ``sale_locked_ms`` since when it locks the sale of its cabinet.
    """

    id: str
    asset: str
    asset_name: str
    site: str
    zone: int
    hazard: str
    condition: str
    workflow: str
    severity: str
    begin_ms: int
    raised_ms: int
    end_ms: int | None
    peak_celsius: float | None
    limit_celsius: float | None
    unknown_s: int
    late: bool
    acked_by: str | None
    acked_ms: int | None
    note: str | None
    merged_into: str | None
    consequence: str
    eta_ms: int | None
    assignee: str | None
    shelved_until_ms: int | None
    shelved_by: str | None
    shelved_reason: str | None
    work_order: str | None
    dispositions: list[DispositionAnswer]
    closed_by: str | None
    closed_ms: int | None
    parent: str | None
    sale_locked_ms: int | None


class AdviceAnswer(BaseModel):
    """The rule's sentence in two languages: what is wrong and what to do."""

    zh: str
    en: str


class IncidentDetail(IncidentAnswer):
    """An incident with its events in order, and what its rule says of it.

    ``breach_min``: minutes until the goods pass their limit as it looks now, p10, p50 and p90; null
    among them is not as far as can be seen. ``advice`` is null where no rule of today tells of it.
    """

    events: list[EventAnswer]
    advice: AdviceAnswer | None
    breach_min: list[int | None] | None


class IncidentPage(BaseModel):
    """A page, newest first; ``next`` goes into ``before`` for the next one."""

    items: list[IncidentAnswer]
    next: str | None


class Acknowledgement(BaseModel):
    """What the person who acknowledges has to say; ``eta_in_s``: help is there in so long."""

    note: Note = ""
    eta_in_s: Annotated[int | None, Field(ge=0, le=MOST_ETA_S)] = None

    def eta_ms(self, now_ms: int) -> int | None:
        """When help is expected, platform time."""
        return None if self.eta_in_s is None else now_ms + self.eta_in_s * 1000


class IncidentQuery(BaseModel):
    """Which incidents; ``before`` is the last id of the page before."""

    state: Literal["open", "all"] = "open"
    asset: Identity = None
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100
    before: Identity = None


@router.get("")
def list_incidents(
    query: Annotated[IncidentQuery, Query()], deps: Deps, caller: Reader
) -> IncidentPage:
    """Open incidents, or all of them."""
    items = deps.incidents.open_items if query.state == "open" else deps.incidents.all_items
    found = items(query.limit + 1, query.before, asset=query.asset, scope=caller.scope)
    page = [incident_answer(view) for view in found[: query.limit]]
    return IncidentPage(items=page, next=page[-1].id if len(found) > query.limit else None)


@router.get("/{incident_id}")
def get_incident(incident_id: str, deps: Deps, caller: Reader) -> IncidentDetail:
    """One incident with its events."""
    view = deps.incidents.get(incident_id, scope=caller.scope)
    happened = deps.incidents.events(incident_id, scope=caller.scope)
    words = deps.incidents.words(incident_id, scope=caller.scope)
    return IncidentDetail(
        **asdict(view),
        events=[EventAnswer(**asdict(event)) for event in happened],
        advice=AdviceAnswer(zh=words.zh, en=words.en) if words.zh and words.en else None,
        breach_min=list(words.breach_min) if words.breach_min else None,
    )


@router.post("/{incident_id}/acknowledge")
def acknowledge(
    incident_id: str, body: Acknowledgement, caller: Acknowledger, deps: Deps
) -> IncidentAnswer:
    """Acknowledge; a second time is harmless."""
    by = actor_of(caller, deps)
    eta_ms = body.eta_ms(by.now_ms)
    return incident_answer(deps.incidents.acknowledge(incident_id, body.note, by=by, eta_ms=eta_ms))


def actor_of(caller: SignedIn, deps: Deps) -> Actor:
    """Who acts, now."""
    now_ms, real_ms = deps.clock.now_ms(), deps.real_ms()
    return Actor(caller.principal.user, now_ms, real_ms=real_ms, scope=caller.scope)


def incident_answer(view: IncidentView) -> IncidentAnswer:
    """An incident as the API tells it."""
    return IncidentAnswer(**asdict(view))
