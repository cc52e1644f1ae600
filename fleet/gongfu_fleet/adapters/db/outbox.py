"""The outbox in the relational store, as the recorder and people see it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.incident_rows import (
    IncidentEventRow,
    IncidentRow,
    read_incident,
)
from gongfu_fleet.adapters.db.outbox_rows import (
    AscentRow,
    ChannelRow,
    MessageRow,
    NoticeCursorRow,
    NoticeRow,
    ascent_of,
    ascent_row,
    message_of,
    notice_row,
)
from gongfu_fleet.domain.alarms import event_data
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.alarms.incident import Incident, Workflow
from gongfu_fleet.domain.notify.escalation import Ascent
from gongfu_fleet.domain.notify.failure import LOUD, TOLD_WITH
from gongfu_fleet.domain.notify.notice import Transition
from gongfu_fleet.domain.notify.text import text_of
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.notify_ports import (
    ChannelState,
    Heard,
    LedgerEntry,
    MessageView,
    Recording,
    Told,
)
from gongfu_fleet.services.notify_recorder import CONSUMER

RETIRED = "its channel is no longer configured"
_BEGINNINGS = (
    Transition.RAISED,
    Transition.LATE,
    Transition.REOPENED,
    Transition.ESCALATED,
    Transition.REMINDED,
    Transition.GRAVER,
    Transition.OUTLASTED,
)
_OPENINGS = (Transition.REOPENED.value, Transition.OUTLASTED.value)
# What was over before it was known says nothing of what goes on.
_LOUD = [transition.value for transition in LOUD]
_RUNS = and_(
    IncidentRow.end_ms.is_(None),
    IncidentRow.merged_into.is_(None),
    IncidentRow.retracted.is_(False),
)


@dataclass
class SqlOutbox:
    """Fits the ports Outbox and OutboxView."""

    engine: Engine

    def cursor(self) -> int | None:
        """The seq of the last event that was taken."""
        with reading(self.engine) as session:
            return _cursor(session)

    def newest(self) -> int:
        """The seq of the newest event."""
        with reading(self.engine) as session:
            return session.scalar(select(func.max(IncidentEventRow.seq))) or 0

    def entries(self, after: int, limit: int) -> Sequence[LedgerEntry]:
        """Events with a greater seq, with their incidents as they stand."""
        found = (
            select(IncidentEventRow, IncidentRow)
            .join(IncidentRow, IncidentEventRow.incident_id == IncidentRow.id)
            .where(IncidentEventRow.seq > after)
            .order_by(IncidentEventRow.seq)
            .limit(limit)
        )
        with reading(self.engine) as session:
            return [_entry(event, incident) for event, incident in session.execute(found)]

    def known(self, keys: Collection[str]) -> set[str]:
        """Which of these keys there are."""
        with reading(self.engine) as session:
            return set(session.scalars(select(NoticeRow.key).where(NoticeRow.key.in_(keys))))

    def told(self, incident_ids: Collection[str]) -> dict[Told, int]:
        """Which channels were or will be told, and of which opening last."""
        again = NoticeRow.transition.in_(_OPENINGS)
        opening = case((again, NoticeRow.step), else_=0)
        begun = NoticeRow.transition.in_([transition.value for transition in _BEGINNINGS])
        found = (
            select(NoticeRow.incident_id, NoticeRow.channel, func.max(opening))
            .where(NoticeRow.incident_id.in_(incident_ids), begun)
            .where(NoticeRow.dropped.is_(None))
            .group_by(NoticeRow.incident_id, NoticeRow.channel)
        )
        with reading(self.engine) as session:
            return {Told(one, channel): step for one, channel, step in session.execute(found)}

    def heard(self, assets: Collection[str]) -> Sequence[Heard]:
        """What channels were or will be told of what goes on there."""
        found = (
            select(IncidentRow, NoticeRow.channel, NoticeRow.severity)
            .join(NoticeRow, NoticeRow.incident_id == IncidentRow.id)
            .where(IncidentRow.asset.in_(assets), _RUNS)
            .where(NoticeRow.transition.in_(_LOUD), NoticeRow.dropped.is_(None))
            .distinct()
        )
        with reading(self.engine) as session:
            return [
                Heard(read_incident(row), channel, Severity(severity))
                for row, channel, severity in session.execute(found)
            ]

    def untold(self, assets: Collection[str]) -> Sequence[Incident]:
        """What goes on there unacknowledged, and was not told because of another one."""
        told_with = select(NoticeRow.incident_id).where(NoticeRow.dropped.startswith(TOLD_WITH))
        found = (
            select(IncidentRow)
            .where(IncidentRow.asset.in_(assets), _RUNS)
            .where(IncidentRow.workflow == Workflow.UNACK.value, IncidentRow.id.in_(told_with))
            .order_by(IncidentRow.id)
        )
        with reading(self.engine) as session:
            return [read_incident(row) for row in session.scalars(found)]

    def due(self, now_ms: int, limit: int) -> Sequence[tuple[Ascent, Incident]]:
        """Ascents whose next step is due."""
        found = (
            select(AscentRow, IncidentRow)
            .join(IncidentRow, AscentRow.incident_id == IncidentRow.id)
            .where(AscentRow.due_ms <= now_ms)
            .order_by(AscentRow.due_ms)
            .limit(limit)
        )
        with reading(self.engine) as session:
            return [
                (ascent_of(ascent), read_incident(row)) for ascent, row in session.execute(found)
            ]

    def climbing(self, incident_ids: Collection[str]) -> set[str]:
        """Which of these incidents are on the ladder."""
        found = select(AscentRow.incident_id).where(AscentRow.incident_id.in_(incident_ids))
        with reading(self.engine) as session:
            return set(session.scalars(found))

    def save(self, recording: Recording) -> None:
        """Store a step in one transaction. Raises ConflictError."""
        with writing(self.engine) as session:
            if _cursor(session) != recording.before:
                raise ConflictError(
                    "The cursor of the notifications was moved by somebody else.",
                    "Run one worker only on this database.",
                )
            session.add_all(notice_row(notice) for notice in recording.notices)
            session.add_all(notice_row(one.notice, one.why) for one in recording.dropped)
            for ascent in recording.ascents:
                session.merge(ascent_row(ascent))
            ended = AscentRow.incident_id.in_(recording.ended)
            session.execute(delete(AscentRow).where(ended))
            session.merge(NoticeCursorRow(name=CONSUMER, seq=recording.after))

    def retire(self, channels: Collection[str]) -> None:
        """Drop what waits for any other channel."""
        gone = and_(NoticeRow.message_id.is_(None), NoticeRow.channel.not_in(channels))
        others = and_(MessageRow.state == "waiting", MessageRow.channel.not_in(channels))
        with writing(self.engine) as session:
            session.execute(
                update(NoticeRow)
                .where(gone, NoticeRow.dropped.is_(None))
                .values(dropped=RETIRED)
                .execution_options(synchronize_session=False)
            )
            session.execute(
                update(MessageRow)
                .where(others)
                .values(state="failed", next_real_ms=None, error=RETIRED)
                .execution_options(synchronize_session=False)
            )

    def trim(self, before_real_ms: int) -> None:
        """Forget what was done with before; notices go before their messages."""
        old = and_(MessageRow.state != "waiting", MessageRow.made_real_ms < before_real_ms)
        messages = select(MessageRow.id).where(old)
        dropped = and_(NoticeRow.dropped.is_not(None), NoticeRow.made_real_ms < before_real_ms)
        plain = {"synchronize_session": False}
        with writing(self.engine) as session:
            gone = or_(NoticeRow.message_id.in_(messages), dropped)
            session.execute(delete(NoticeRow).where(gone).execution_options(**plain))
            session.execute(delete(MessageRow).where(old).execution_options(**plain))

    def channels(self) -> Mapping[str, ChannelState]:
        """Every channel that anything was ever meant for."""
        with reading(self.engine) as session:
            loose = session.execute(
                select(NoticeRow.channel, func.count())
                .where(NoticeRow.message_id.is_(None), NoticeRow.dropped.is_(None))
                .group_by(NoticeRow.channel)
            )
            waiting = {channel: count for channel, count in loose}  # noqa: C416 - Row is no pair
            states = session.execute(
                select(MessageRow.channel, MessageRow.state, func.count()).group_by(
                    MessageRow.channel, MessageRow.state
                )
            )
            counts = {(channel, state): count for channel, state, count in states}
            rows = {row.name: row for row in session.scalars(select(ChannelRow))}
            names = sorted({*waiting, *rows, *(channel for channel, _ in counts)})
            return {name: _state(name, waiting, counts, rows.get(name)) for name in names}

    def messages(self, limit: int) -> Sequence[MessageView]:
        """The newest messages."""
        newest = select(MessageRow).order_by(MessageRow.id.desc()).limit(limit)
        with reading(self.engine) as session:
            rows = session.scalars(newest).all()
            ids = [row.id for row in rows]
            parts: dict[str, list[NoticeRow]] = {}
            for notice in session.scalars(select(NoticeRow).where(NoticeRow.message_id.in_(ids))):
                parts.setdefault(str(notice.message_id), []).append(notice)
            return [_view(row, parts.get(row.id, [])) for row in rows]


def _cursor(session: Session) -> int | None:
    row = session.get(NoticeCursorRow, CONSUMER)
    return row.seq if row else None


def _entry(event: IncidentEventRow, incident: IncidentRow) -> LedgerEntry:
    body = event_data.from_data(event.kind, json.loads(event.data))
    return LedgerEntry(event.seq, event.at_ms, body, read_incident(incident))


def _state(
    name: str,
    waiting: Mapping[str, int],
    counts: Mapping[tuple[str, str], int],
    row: ChannelRow | None,
) -> ChannelState:
    return ChannelState(
        name=name,
        waiting=waiting.get(name, 0) + counts.get((name, "waiting"), 0),
        sent=counts.get((name, "sent"), 0),
        failed=counts.get((name, "failed"), 0),
        flood=row.flood if row else False,
        held_until_real_ms=row.held_until_real_ms if row else 0,
        held_why=row.held_why if row else "",
    )


def _view(row: MessageRow, notices: list[NoticeRow]) -> MessageView:
    message = message_of(row, notices)
    gravest = max(message.bundle.notices, key=lambda one: one.rank, default=None)
    text = text_of(message.bundle)
    return MessageView(
        id=row.id,
        channel=row.channel,
        form=row.form,
        severity=gravest.severity.value if gravest else Severity.LOW.value,
        state=row.state,
        title=text.title,
        lines=text.lines,
        made_real_ms=row.made_real_ms,
        sent_real_ms=row.ended_real_ms if row.state == "sent" else None,
        attempts=row.attempts,
        error=row.error,
        incident_ids=tuple(dict.fromkeys(one.incident_id for one in notices)),
    )
