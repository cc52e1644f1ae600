"""The inbox: open incidents by the queue in which they wait for people."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gongfu_fleet.api.deps import Deps, Viewer
from gongfu_fleet.api.incidents import MOST, Identity, IncidentAnswer, incident_answer
from gongfu_fleet.api.permissions import Reader
from gongfu_fleet.domain.alarms.queues import Queue
from gongfu_fleet.services.incident_ports import Wanted

router = APIRouter(prefix="/api/inbox", tags=["incidents"])


class InboxAnswer(BaseModel):
    """A page of one queue, newest first, and how many wait in each; ``next`` goes into ``before``.

    ``sites`` are those of the caller's assets.
    """

    now_ms: int
    items: list[IncidentAnswer]
    next: str | None
    counts: dict[Queue, int]
    sites: list[str]


class InboxQuery(BaseModel):
    """Which queue, of which site; ``before`` is the last id of the page before."""

    queue: Queue = Queue.WAITING
    site: Identity = None
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100
    before: Identity = None


@router.get("")
def get_inbox(
    query: Annotated[InboxQuery, Query()], caller: Reader, deps: Deps, viewer: Viewer
) -> InboxAnswer:
    """What waits for people, and for this one."""
    now_ms = deps.clock.now_ms()
    wanted = Wanted(caller.principal.user, now_ms, query.queue, query.site)
    found = deps.desk.inbox(wanted, query.limit + 1, query.before, scope=caller.scope)
    page = [incident_answer(view) for view in found[: query.limit]]
    assets = viewer.assets(caller.scope).values()
    return InboxAnswer(
        now_ms=now_ms,
        items=page,
        next=page[-1].id if len(found) > query.limit else None,
        counts=dict(deps.desk.counts(wanted, scope=caller.scope)),
        sites=sorted({asset.site for asset in assets}),
    )
