"""State of the watch and the incident ledger in the relational store."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, bindparam, func, insert, or_, select, true
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db import audit
from gongfu_fleet.adapters.db.cursor_rows import cursor_of, move_cursor
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.incident_rows import (
    IncidentEventRow,
    IncidentRow,
    ZoneCheckpointRow,
    ZoneStateRow,
    read_incident,
    write_incident,
)
from gongfu_fleet.adapters.db.visible import visible
from gongfu_fleet.adapters.db.zone_states import write_checkpoints, write_states
from gongfu_fleet.domain.alarms import event_data, zone_data
from gongfu_fleet.domain.alarms.arrivals import Covered
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Event, Finding, Incident, Subject, apply, measured
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.zone import Checkpoint, ZoneState
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import NotFoundError
from gongfu_fleet.services.watch_ports import Cursor, Followed, Turn, ZoneKey, ZoneUpdate

_LIVING = (IncidentRow.merged_into.is_(None), IncidentRow.retracted.is_(False))
# The judge asks these for every zone it judges anew; built once they cost half.
_NEWEST_CHECKPOINT = (
    select(ZoneCheckpointRow)
    .where(ZoneCheckpointRow.asset == bindparam("asset"))
    .where(ZoneCheckpointRow.zone == bindparam("zone"))
    .where(ZoneCheckpointRow.at_ms <= bindparam("at_ms"))
    .order_by(ZoneCheckpointRow.at_ms.desc())
    .limit(1)
)
_LIVING_SINCE = (
    select(IncidentRow)
    .where(IncidentRow.asset == bindparam("asset"), IncidentRow.zone == bindparam("zone"))
    .where(IncidentRow.hazard == bindparam("hazard"))
    .where(*_LIVING)
    .where(or_(IncidentRow.end_ms.is_(None), IncidentRow.end_ms >= bindparam("since_ms")))
)


@dataclass
class SqlIncidentStore:
    """Fits the ports WatchStore and IncidentLedger."""

    engine: Engine

    def cursor(self, consumer: str) -> Cursor | None:
        """Where the consumer stands."""
        with reading(self.engine) as session:
            return cursor_of(session, consumer)

    def states(self) -> Mapping[ZoneKey, Followed]:
        """The state of every zone."""
        with reading(self.engine) as session:
            rows = session.scalars(select(ZoneStateRow))
            return {ZoneKey(row.asset, row.zone): _followed(row) for row in rows}

    def zone_state(self, key: ZoneKey) -> ZoneState | None:
        """As it was saved last."""
        with reading(self.engine) as session:
            row = session.get(ZoneStateRow, (key.asset, key.zone))
            return zone_data.from_text(row.state) if row else None

    def checkpoint(self, key: ZoneKey, at_ms: int) -> Checkpoint | None:
        """The newest checkpoint not after ``at_ms``."""
        with reading(self.engine) as session:
            row = session.scalar(_NEWEST_CHECKPOINT, {**key._asdict(), "at_ms": at_ms})
            if row is None:
                return None
            return Checkpoint(row.at_ms, zone_data.from_text(row.state))

    def incidents_since(self, subject: Subject, since_ms: int) -> Sequence[Incident]:
        """Living incidents that run or ended at ``since_ms`` or later."""
        about = {"asset": subject.asset, "zone": subject.zone, "hazard": subject.hazard.value}
        with reading(self.engine) as session:
            rows = session.scalars(_LIVING_SINCE, {**about, "since_ms": since_ms})
            return [read_incident(row) for row in rows]

    def subjects(self) -> Collection[Subject]:
        """Every subject with a living incident."""
        about = IncidentRow.asset, IncidentRow.zone, IncidentRow.hazard
        with reading(self.engine) as session:
            rows = session.execute(select(*about).where(*_LIVING).distinct())
            return {Subject(asset, zone, Hazard(hazard)) for asset, zone, hazard in rows}

    def running(self) -> Sequence[Incident]:
        """Living incidents whose episode is not over."""
        found = select(IncidentRow).where(IncidentRow.open.is_(True), IncidentRow.end_ms.is_(None))
        with reading(self.engine) as session:
            return [read_incident(row) for row in session.scalars(found)]

    def save_turn(self, turn: Turn) -> None:
        """Store a turn in one transaction. Raises ConflictError."""
        with writing(self.engine) as session:
            move_cursor(session, turn.consumer, turn.before, turn.after)
            drafts = [draft for update in turn.zones for draft in update.drafts]
            _measure(session, turn.zones)
            _append(session, drafts, at_ms=turn.at_ms, by=None)
            write_states(session.connection(), turn.states())
            write_checkpoints(session.connection(), turn.zones)

    def append(
        self,
        drafts: Sequence[Draft],
        *,
        at_ms: int,
        by: str | None = None,
        deed: Deed | None = None,
    ) -> None:
        """Append events in one transaction, and the deed if any of them changed something.

        Raises ConflictError.
        """
        with writing(self.engine) as session:
            changed = _append(session, drafts, at_ms=at_ms, by=by)
            if changed and deed:
                audit.append(session, deed)

    def page(
        self,
        limit: int,
        before: str | None,
        *,
        asset: str | None,
        only_open: bool,
        scope: Scope = EVERYTHING,
    ) -> Sequence[Incident]:
        """Incidents below ``before``, newest id first."""
        found = select(IncidentRow).order_by(IncidentRow.id.desc()).limit(limit)
        if before is not None:
            found = found.where(IncidentRow.id < before)
        if asset is not None:
            found = found.where(IncidentRow.asset == asset)
        if only_open:
            found = found.where(IncidentRow.open.is_(True))
        found = found.where(_visible(scope))
        with reading(self.engine) as session:
            return [read_incident(row) for row in session.scalars(found)]

    def find(self, incident_id: str, *, scope: Scope = EVERYTHING) -> Incident:
        """One incident. Raises NotFoundError, for one outside the scope too."""
        found = select(IncidentRow).where(IncidentRow.id == incident_id, _visible(scope))
        with reading(self.engine) as session:
            row = session.scalar(found)
            if row is None:
                raise NotFoundError(
                    f"There is no incident {incident_id}.", "Take an id from the list of incidents."
                )
            return read_incident(row)

    def events(self, incident_id: str) -> Sequence[Event]:
        """Its events in order."""
        found = (
            select(IncidentEventRow)
            .where(IncidentEventRow.incident_id == incident_id)
            .order_by(IncidentEventRow.n)
        )
        with reading(self.engine) as session:
            return [_event(row) for row in session.scalars(found)]

    def version(self, scope: Scope = EVERYTHING) -> int:
        """How many events the ledger holds of the scope."""
        with reading(self.engine) as session:
            if scope.everything:
                return _last_seq(session)
            inside = select(func.count()).select_from(IncidentEventRow)
            inside = inside.join(IncidentRow, IncidentEventRow.incident_id == IncidentRow.id)
            return session.scalar(inside.where(_visible(scope))) or 0


def _event(row: IncidentEventRow) -> Event:
    body = event_data.from_data(row.kind, json.loads(row.data))
    return Event(row.at_ms, row.by, body, row.key or "")


def _visible(scope: Scope) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    return visible(scope)


def _last_seq(session: Session) -> int:
    return session.scalar(select(func.max(IncidentEventRow.seq))) or 0


def _followed(row: ZoneStateRow) -> Followed:
    covered = None
    if row.covered_seq is not None and row.covered_from_ms is not None:
        covered = Covered(row.covered_seq, row.covered_from_ms)
    return Followed(zone_data.from_text(row.state), covered)


def _locked(session: Session, ids: Iterable[str]) -> dict[str, IncidentRow]:
    found = select(IncidentRow).where(IncidentRow.id.in_(set(ids))).with_for_update()
    return {row.id: row for row in session.scalars(found)}


def _append(session: Session, drafts: Sequence[Draft], *, at_ms: int, by: str | None) -> bool:
    if not drafts:
        return False
    rows = _locked(session, (draft.incident_id for draft in drafts))
    seq = _last_seq(session)
    events = []
    for incident_id, body in drafts:
        row = rows.get(incident_id)
        before = read_incident(row) if row else None
        after = apply(incident_id, before, Event(at_ms, by, body))
        if after is before:
            continue
        if row is None:
            row = rows[incident_id] = IncidentRow()
            session.add(row)
        write_incident(row, after)
        seq += 1
        kind, data = event_data.to_data(body)
        about = {"incident_id": incident_id, "n": after.n, "seq": seq, "at_ms": at_ms, "by": by}
        events.append({**about, "kind": kind, "data": _json(data)})
    session.flush()
    if events:
        session.execute(insert(IncidentEventRow), events)
    return bool(events)


def _measure(session: Session, updates: Sequence[ZoneUpdate]) -> None:
    measures: dict[str, Finding] = {}
    for update in updates:
        measures.update(update.measures)
    if measures:
        for incident_id, row in _locked(session, measures).items():
            write_incident(row, measured(read_incident(row), measures[incident_id]))


def _json(data: Mapping[str, object]) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
