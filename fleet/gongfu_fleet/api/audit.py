"""What people did, for auditors: read only, newest first."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from gongfu_fleet.api.deps import Deps
from gongfu_fleet.api.permissions import AUDITORS
from gongfu_fleet.domain.audit import Entry

router = APIRouter(prefix="/api/audit", tags=["audit"], dependencies=[AUDITORS])
MOST = 500
LARGEST_SEQ = 2**53 - 1


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
def list_entries(
    deps: Deps,
    text: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    before: Annotated[int | None, Query(ge=1, le=LARGEST_SEQ)] = None,
) -> AuditPage:
    """Entries; ``text`` is part of an actor, action or object."""
    found = deps.audit.page(limit + 1, before, text=text)
    page = [_answer(entry) for entry in found[:limit]]
    return AuditPage(items=page, next=page[-1].seq if len(found) > limit else None)


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
