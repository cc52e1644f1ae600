"""What alarm quality is worked out from, in the relational store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, and_, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from gongfu_fleet.adapters.db.engine import reading
from gongfu_fleet.adapters.db.incident_rows import SUPPRESSED, IncidentEventRow, IncidentRow
from gongfu_fleet.adapters.db.schema import AssetRow
from gongfu_fleet.adapters.db.within import within
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Subject, Workflow
from gongfu_fleet.domain.alarms.quality import DAY_MS, Entry, Standing
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.services.alarm_quality import KINDS

_FIRST = aliased(IncidentEventRow)
_SECOND = aliased(IncidentEventRow)
_SUPPRESSED_AT_ONCE = (
    exists()
    .where(_SECOND.incident_id == IncidentEventRow.incident_id, _SECOND.n == 2)  # noqa: PLR2004 - right after the first
    .where(_SECOND.kind == "suppressed", _SECOND.at_ms == IncidentEventRow.at_ms)
)


@dataclass
class SqlLedgerFigures:
    """Fits the port LedgerFigures; assets that left the registry have the operator ''."""

    engine: Engine

    def entries(
        self, start_ms: int, end_ms: int, *, scope: Scope = EVERYTHING
    ) -> Mapping[str, Sequence[Entry]]:
        """Events of the period by operator; nobody was told of what was suppressed at once."""
        event, incident = IncidentEventRow, IncidentRow
        about = incident.asset, incident.zone, incident.hazard
        found = (
            select(AssetRow.operator, event.at_ms, event.kind, _FIRST.at_ms, *about)
            .join(incident, event.incident_id == incident.id)
            .join(_FIRST, and_(_FIRST.incident_id == incident.id, _FIRST.n == 1))
            .outerjoin(AssetRow, AssetRow.id == incident.asset)
            .where(event.at_ms >= start_ms, event.at_ms < end_ms, event.kind.in_(KINDS))
            .where(or_(event.kind != "raised", not_(_SUPPRESSED_AT_ONCE)))
            .where(within(scope))
        )
        entries: dict[str, list[Entry]] = {}
        with reading(self.engine) as session:
            for operator, at_ms, kind, noted_ms, asset, zone, hazard in session.execute(found):
                subject = Subject(asset, zone, Hazard(hazard))
                entries.setdefault(operator or "", []).append(Entry(at_ms, kind, subject, noted_ms))
        return entries

    def standing(self, now_ms: int, *, scope: Scope = EVERYTHING) -> Mapping[str, Standing]:
        """What stands now by operator."""
        row = IncidentRow
        running = row.end_ms.is_(None)
        unacknowledged = and_(row.workflow == Workflow.UNACK.value, not_(SUPPRESSED))
        noted_ms = func.min(_FIRST.at_ms).filter(unacknowledged)
        found = (
            select(
                AssetRow.operator,
                func.count().filter(and_(running, row.raised_ms < now_ms - DAY_MS)),
                func.count().filter(and_(running, row.shelved_until_ms > now_ms)),
                func.count().filter(row.out_of_service.is_(True)),
                func.count().filter(unacknowledged),
                noted_ms,
            )
            .select_from(row)
            .join(_FIRST, and_(_FIRST.incident_id == row.id, _FIRST.n == 1))
            .outerjoin(AssetRow, AssetRow.id == row.asset)
            .where(row.open.is_(True), within(scope))
            .group_by(AssetRow.operator)
        )
        with reading(self.engine) as session:
            return {
                operator or "": Standing(*figures) for operator, *figures in session.execute(found)
            }
