"""What people do to incidents, in the relational store: one transaction with ledger and audit."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, func, insert, not_, select, true
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db import audit
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.incident_rows import (
    SUPPRESSED,
    IncidentEventRow,
    IncidentRow,
    read_incident,
    write_incident,
)
from gongfu_fleet.adapters.db.visible import visible
from gongfu_fleet.domain.alarms import event_data
from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.incident import Event, Incident, Workflow, advanced
from gongfu_fleet.domain.alarms.queues import Queue
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import FleetError, NotFoundError
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.incident_ports import Taken, Task, Wanted

_Row = dict[str, object]


@dataclass
class SqlIncidentDesk:
    """Fits the port IncidentActions."""

    engine: Engine

    def take(self, tasks: Sequence[Task], *, by: Actor) -> Sequence[Taken]:
        """Every task on its own, all in one transaction."""
        with writing(self.engine) as session:
            rows = _locked(session, tasks, by.scope)
            events: list[_Row] = []
            taken = [
                _take(rows.get(task.incident_id), task, by=by, events=events) for task in tasks
            ]
            _write_events(session, events)
            done = zip(tasks, taken, strict=True)
            audit.append(session, *(task.deed for task, outcome in done if outcome.changed))
            return taken

    def inbox(
        self, wanted: Wanted, limit: int, before: str | None = None, *, scope: Scope = EVERYTHING
    ) -> Sequence[Incident]:
        """Open incidents of a queue, newest id first."""
        found = select(IncidentRow).where(*_about(wanted, scope), _conditions(wanted)[wanted.queue])
        if before is not None:
            found = found.where(IncidentRow.id < before)
        found = found.order_by(IncidentRow.id.desc()).limit(limit)
        with reading(self.engine) as session:
            return [read_incident(row) for row in session.scalars(found)]

    def counts(self, wanted: Wanted, *, scope: Scope = EVERYTHING) -> Mapping[Queue, int]:
        """How many wait in each queue."""
        conditions = _conditions(wanted)
        sums = [func.count().filter(condition) for condition in conditions.values()]
        found = select(*sums).select_from(IncidentRow).where(*_about(wanted, scope))
        with reading(self.engine) as session:
            return dict(zip(conditions, session.execute(found).one(), strict=True))


def _about(wanted: Wanted, scope: Scope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [IncidentRow.open.is_(True)]
    if not scope.everything or wanted.site is not None:
        conditions.append(visible(scope, wanted.site))
    return conditions


def _conditions(wanted: Wanted) -> dict[Queue, ColumnElement[bool]]:
    """What ``queues_of`` says, of open incidents."""
    shelved = and_(
        IncidentRow.shelved_until_ms.is_not(None),
        IncidentRow.shelved_until_ms > wanted.now_ms,
        IncidentRow.end_ms.is_(None),
    )
    put_aside = func.coalesce(shelved, False)
    waiting = and_(not_(put_aside), not_(SUPPRESSED))
    exposed = IncidentRow.consequence == Consequence.PRODUCT.value
    return {
        Queue.WAITING: waiting,
        Queue.UNACKNOWLEDGED: and_(waiting, IncidentRow.workflow == Workflow.UNACK.value),
        Queue.MINE: and_(waiting, IncidentRow.assignee == wanted.user),
        Queue.DISPOSITION: and_(waiting, exposed, IncidentRow.end_ms.is_not(None)),
        Queue.SHELVED: shelved,
        Queue.OUT_OF_SERVICE: IncidentRow.out_of_service.is_(True),
        Queue.SUPPRESSED: and_(SUPPRESSED, not_(put_aside)),
    }


def _locked(session: Session, tasks: Sequence[Task], scope: Scope) -> dict[str, IncidentRow]:
    ids = {task.incident_id for task in tasks}
    seen = true() if scope.everything else visible(scope)
    found = select(IncidentRow).where(IncidentRow.id.in_(ids), seen).with_for_update()
    return {row.id: row for row in session.scalars(found)}


def _take(row: IncidentRow | None, task: Task, *, by: Actor, events: list[_Row]) -> Taken:
    if row is None:
        missing = NotFoundError(
            f"There is no incident {task.incident_id}.", "Take an id from the list of incidents."
        )
        return Taken(None, changed=False, fault=missing)
    before = read_incident(row)
    try:
        after, news = advanced(before, task.bodies, at_ms=by.now_ms, by=by.user, key=task.key)
    except FleetError as fault:
        return Taken(None, changed=False, fault=fault)
    if news:
        write_incident(row, after)
        events += [_row(after.id, n, event) for n, event in enumerate(news, start=before.n + 1)]
    return Taken(after, changed=bool(news))


def _row(incident_id: str, n: int, event: Event) -> _Row:
    kind, data = event_data.to_data(event.body)
    return {
        "incident_id": incident_id,
        "n": n,
        "at_ms": event.at_ms,
        "by": event.by,
        "kind": kind,
        "data": json.dumps(data, separators=(",", ":"), ensure_ascii=False),
        "key": event.key or None,
    }


def _write_events(session: Session, events: Sequence[_Row]) -> None:
    if events:
        session.flush()
        last_seq = session.scalar(select(func.max(IncidentEventRow.seq))) or 0
        rows = [{**event, "seq": last_seq + place} for place, event in enumerate(events, start=1)]
        session.execute(insert(IncidentEventRow), rows)
