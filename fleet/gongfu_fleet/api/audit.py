"""What people did, for auditors: read only, newest first."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import AUDITORS
from gongfu_fleet.domain.audit import Entry, Outcome, Sought

router = APIRouter(prefix="/api/audit", tags=["audit"], dependencies=[AUDITORS])
MOST = 500
# PostgreSQL knows no text with NUL in it.
NO_NUL = r"^[^\x00]*$"
LARGEST = 2**53 - 1


class AuditQuery(BaseModel):
    """Which entries: ``text`` is part of an actor, action or object, ``actor`` a whole name.

    ``action`` is a deed such as user.role, or all of a noun such as user. Times are UTC ms:
    from_ms <= at_ms < until_ms.
    """

    text: Annotated[str | None, Query(max_length=80, pattern=NO_NUL)] = None
    actor: Annotated[str | None, Query(max_length=120, pattern=NO_NUL)] = None
    action: Annotated[str | None, Query(max_length=60, pattern=NO_NUL)] = None
    outcome: Outcome | None = None
    from_ms: Annotated[int | None, Query(ge=0, le=LARGEST)] = None
    until_ms: Annotated[int | None, Query(ge=0, le=LARGEST)] = None
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100
    before: Annotated[int | None, Query(ge=1, le=LARGEST)] = None

    @property
    def sought(self) -> Sought:
        """Without the place in the list."""
        return Sought(**self.model_dump(exclude={"limit", "before"}))


class EntryAnswer(BaseModel):
    """One deed in the chain; ``at_ms`` is real time, UTC ms."""

    seq: int
    at_ms: int
    actor: str
    action: str
    object: str
    outcome: str
    data: dict[str, Any]  # each action has its own fields
    hash: str


class AuditPage(BaseModel):
    """A page, newest first; ``next`` goes into ``before`` for the next one."""

    items: list[EntryAnswer]
    next: int | None


class ChainAnswer(BaseModel):
    """The chain walked from its beginning: ``fault`` names the first broken place."""

    entries: int
    head: str
    fault: str | None


@router.get("")
def list_entries(query: Annotated[AuditQuery, Query()], deps: Deps) -> AuditPage:
    """Entries that fit all that is asked for."""
    found = deps.audit.page(query.limit + 1, query.before, sought=query.sought)
    page = [_answer(entry) for entry in found[: query.limit]]
    return AuditPage(items=page, next=page[-1].seq if len(found) > query.limit else None)


@router.get("/chain")
def check_chain(deps: Deps) -> ChainAnswer:
    """Walk the whole chain; takes a second for every hundred thousand entries or so."""
    verdict = deps.audit.verify()
    return ChainAnswer(entries=verdict.entries, head=verdict.head, fault=verdict.fault)


def _answer(entry: Entry) -> EntryAnswer:
    return EntryAnswer(
        seq=entry.seq,
        at_ms=entry.at_ms,
        actor=entry.actor,
        action=entry.action,
        object=entry.object,
        outcome=entry.outcome,
        data=_data(entry.data),
        hash=entry.hash,
    )


def _data(text: str) -> dict[str, Any]:  # Any: as above
    try:
        found = json.loads(text)
    except ValueError:
        return {"unreadable": text}
    return found if isinstance(found, dict) else {"unreadable": text}
