"""The outbox as the sender of a channel sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.outbox_rows import (
    AttemptRow,
    ChannelRow,
    MessageRow,
    NoticeRow,
    message_of,
    notice_of,
)
from gongfu_fleet.domain.notify.flood import WINDOW_MS
from gongfu_fleet.domain.notify.notice import QUIET, Form, Notice
from gongfu_fleet.domain.notify.plan import Pace
from gongfu_fleet.domain.notify.rate import LONGEST_ATTEMPT_MS, Attempt
from gongfu_fleet.domain.notify.retry import Busy, Sent
from gongfu_fleet.services.notify_ports import Desk, Ended, Message

# More than a digest can name; what is beyond waits for the next one.
MOST = 1_000
_WAITING = (NoticeRow.message_id.is_(None), NoticeRow.dropped.is_(None))


@dataclass
class SqlSendingDesk:
    """Fits the port SendingDesk."""

    engine: Engine

    def look(self, channel: str, now_real_ms: int, memory_ms: int) -> Desk:
        """What stands there now."""
        with reading(self.engine) as session:
            row = session.get(ChannelRow, channel)
            waiting = _waiting(session, channel)
            retries = _retries(session, channel, now_real_ms)
            if not waiting and not retries and not (row and row.flood):
                pace = Pace()  # nearly always, and every second
            else:
                pace = _pace(session, row, channel, now_real_ms)
            return Desk(
                pace=pace,
                waiting=waiting,
                retries=retries,
                attempts=_attempts(session, channel, now_real_ms - memory_ms),
                held_until_real_ms=row.held_until_real_ms if row else 0,
            )

    def keep_flood(self, channel: str, *, flood: bool) -> None:
        """Remember whether the channel is in flood."""
        with writing(self.engine) as session:
            _channel(session, channel).flood = flood

    def begin(self, message: Message, now_real_ms: int, next_real_ms: int) -> None:
        """Note an attempt before it is made; a new message is sealed with it."""
        with writing(self.engine) as session:
            row = session.get(MessageRow, message.id)
            if row is None:
                row = _seal(session, message)
            row.attempts += 1
            row.next_real_ms = next_real_ms
            session.add(
                AttemptRow(
                    message_id=message.id,
                    n=row.attempts,
                    channel=message.channel,
                    started_real_ms=now_real_ms,
                )
            )

    def end(self, message: Message, ended: Ended) -> None:
        """Note how the newest attempt ended."""
        sent = isinstance(ended.outcome, Sent)
        with writing(self.engine) as session:
            attempt = session.get_one(AttemptRow, (message.id, message.attempts))
            attempt.ended_real_ms = ended.real_ms
            row = session.get_one(MessageRow, message.id)
            row.next_real_ms = ended.next_real_ms
            row.error = "" if isinstance(ended.outcome, Sent) else ended.outcome.why
            if ended.next_real_ms is None:
                row.state = "sent" if sent else "failed"
                row.ended_real_ms = ended.real_ms
            if isinstance(ended.outcome, Busy):
                channel = _channel(session, message.channel)
                channel.held_until_real_ms = ended.real_ms + ended.outcome.hold_ms
                channel.held_why = ended.outcome.why


def _waiting(session: Session, channel: str) -> list[Notice]:
    found = select(NoticeRow).where(NoticeRow.channel == channel, *_WAITING)
    rows = session.scalars(found.order_by(NoticeRow.made_real_ms, NoticeRow.key).limit(MOST))
    return [notice_of(row) for row in rows]


def _pace(session: Session, row: ChannelRow | None, channel: str, now_real_ms: int) -> Pace:
    loud = NoticeRow.transition.not_in([transition.value for transition in QUIET])
    made = session.scalars(
        select(NoticeRow.made_real_ms)
        .where(NoticeRow.channel == channel, NoticeRow.dropped.is_(None), loud)
        .where(NoticeRow.made_real_ms > now_real_ms - WINDOW_MS)
    )
    flood, digest = (row.flood, row.digest_real_ms) if row else (False, None)
    return Pace(flood, digest, tuple(made))


def _retries(session: Session, channel: str, now_real_ms: int) -> list[Message]:
    due = select(MessageRow).where(
        MessageRow.channel == channel,
        MessageRow.state == "waiting",
        MessageRow.next_real_ms <= now_real_ms,
    )
    rows = session.scalars(due.order_by(MessageRow.id).limit(MOST)).all()
    return [message_of(row, list(_notices(session, row.id))) for row in rows]


def _notices(session: Session, message_id: str) -> Sequence[NoticeRow]:
    return session.scalars(select(NoticeRow).where(NoticeRow.message_id == message_id)).all()


def _attempts(session: Session, channel: str, since_real_ms: int) -> list[Attempt]:
    ended, started = AttemptRow.ended_real_ms, AttemptRow.started_real_ms
    counts = or_(
        ended > since_real_ms, ended.is_(None) & (started > since_real_ms - LONGEST_ATTEMPT_MS)
    )
    found = select(started, ended).where(AttemptRow.channel == channel, counts)
    return [Attempt(*row) for row in session.execute(found)]


def _seal(session: Session, message: Message) -> MessageRow:
    row = MessageRow(
        id=message.id,
        channel=message.channel,
        form=message.bundle.form.value,
        # A trial is tried once, whatever becomes of it.
        state="failed" if message.bundle.form is Form.TRIAL else "waiting",
        made_real_ms=message.made_real_ms,
        attempts=0,
        error="",
    )
    session.add(row)
    session.flush()
    keys = [notice.key for notice in message.bundle.notices]
    session.execute(update(NoticeRow).where(NoticeRow.key.in_(keys)).values(message_id=row.id))
    if message.bundle.form is Form.DIGEST:
        _channel(session, message.channel).digest_real_ms = message.made_real_ms
    return row


def _channel(session: Session, name: str) -> ChannelRow:
    row = session.get(ChannelRow, name)
    if row is None:
        row = ChannelRow(name=name, flood=False, held_until_real_ms=0, held_why="")
        session.add(row)
    return row
