"""The duty roster in the relational store."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select

from gongfu_fleet.adapters.db.audit import append
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.outbox_rows import ShiftRow
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.notify.duty import Hours, Shift
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Scope, parse_grant, scope_of
from gongfu_fleet.errors import NotFoundError


@dataclass
class SqlRoster:
    """Fits the port Roster."""

    engine: Engine

    def shifts(self) -> Sequence[Shift]:
        """All shifts, by person."""
        order = (ShiftRow.person, ShiftRow.role, ShiftRow.id)
        with reading(self.engine) as session:
            return [_shift(row) for row in session.scalars(select(ShiftRow).order_by(*order))]

    def add(self, shifts: Sequence[Shift], deeds: Sequence[Deed]) -> None:
        """Add all of these shifts or none."""
        with writing(self.engine) as session:
            session.add_all(_row(shift) for shift in shifts)
            append(session, *deeds)

    def remove(self, shift_id: str, deed: Deed) -> None:
        """Remove a shift. Raises NotFoundError."""
        with writing(self.engine) as session:
            row = session.get(ShiftRow, shift_id)
            if row is None:
                raise NotFoundError(f"There is no shift {shift_id}.", "Look at 'gongfu duty list'.")
            session.delete(row)
            append(session, deed)


def _row(shift: Shift) -> ShiftRow:
    return ShiftRow(
        id=shift.id,
        person=shift.person,
        role=shift.role.value,
        weekdays=",".join(map(str, sorted(shift.hours.weekdays))),
        from_min=shift.hours.from_min,
        to_min=shift.hours.to_min,
        scope=_scope_text(shift.scope),
        channel=shift.channel,
        contact=shift.contact,
    )


def _shift(row: ShiftRow) -> Shift:
    weekdays = frozenset(map(int, row.weekdays.split(",")))
    grants = None if row.scope is None else map(parse_grant, json.loads(row.scope))
    return Shift(
        id=row.id,
        person=row.person,
        role=Role(row.role),
        hours=Hours(weekdays, row.from_min, row.to_min),
        scope=scope_of(grants),
        channel=row.channel,
        contact=row.contact,
    )


def _scope_text(scope: Scope) -> str | None:
    if scope.everything:
        return None
    return json.dumps(sorted(str(grant) for limit in scope.limits for grant in limit))
