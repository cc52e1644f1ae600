"""What acknowledge links stand for, and which were used."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select

from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.incident_rows import IncidentRow, read_incident
from gongfu_fleet.adapters.db.outbox_rows import LinkUseRow, MessageRow, NoticeRow
from gongfu_fleet.domain.alarms.incident import Incident


@dataclass
class SqlLinkUses:
    """Fits the port LinkUses."""

    engine: Engine

    def incidents(self, message_id: str) -> Sequence[Incident]:
        """The incidents of a message as they stand."""
        named = select(NoticeRow.incident_id).where(NoticeRow.message_id == message_id)
        found = select(IncidentRow).where(IncidentRow.id.in_(named)).order_by(IncidentRow.id)
        with reading(self.engine) as session:
            return [read_incident(row) for row in session.scalars(found)]

    def channel(self, message_id: str) -> str:
        """The channel that the message went to."""
        with reading(self.engine) as session:
            row = session.get(MessageRow, message_id)
            return row.channel if row else ""

    def used_real_ms(self, message_id: str) -> int | None:
        """When the link was used."""
        with reading(self.engine) as session:
            row = session.get(LinkUseRow, message_id)
            return row.used_real_ms if row else None

    def use(self, message_id: str, real_ms: int) -> None:
        """Note that the link was used; the first time stands."""
        with writing(self.engine) as session:
            if session.get(LinkUseRow, message_id) is None:
                session.add(LinkUseRow(message_id=message_id, used_real_ms=real_ms))
