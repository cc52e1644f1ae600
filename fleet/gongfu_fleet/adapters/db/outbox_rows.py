"""Tables of notifications: the outbox, what was sealed and tried, the ladder, duty, link uses.

``*_real_ms`` are wall time, other ``*_ms`` platform time, UTC ms.
"""

import json
from dataclasses import asdict

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify.escalation import Ascent
from gongfu_fleet.domain.notify.notice import Bundle, Facts, Form, Notice, Transition
from gongfu_fleet.services.notify_ports import Message


class NoticeCursorRow(Base):
    """How far the recorder has read the incident ledger; cursors of the log stand elsewhere."""

    __tablename__ = "notice_cursor"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


class NoticeRow(Base):
    """One notice: waits while it has no message; ``dropped`` says why it will never have one."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_channel_message_id", "channel", "message_id"),
        Index("ix_notice_channel_made_real_ms", "channel", "made_real_ms"),
    )

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    incident_id: Mapped[str] = mapped_column(String(36), index=True)
    transition: Mapped[str] = mapped_column(String(20))
    step: Mapped[int]
    channel: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(20))
    role: Mapped[str] = mapped_column(String(20))
    mentions: Mapped[str] = mapped_column(Text)
    facts: Mapped[str] = mapped_column(Text)
    made_real_ms: Mapped[int] = mapped_column(BigInteger)
    message_id: Mapped[str | None] = mapped_column(ForeignKey("notice_message.id"), index=True)
    dropped: Mapped[str | None] = mapped_column(Text)


class MessageRow(Base):
    """One sealed message; ``next_real_ms`` is when to try again, None when it is done with."""

    __tablename__ = "notice_message"
    __table_args__ = (Index("ix_notice_message_channel_state", "channel", "state"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    channel: Mapped[str] = mapped_column(String(40))
    form: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    made_real_ms: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int]
    next_real_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_real_ms: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str] = mapped_column(Text)


class AttemptRow(Base):
    """One request to a service; written before it is made."""

    __tablename__ = "notice_attempt"
    __table_args__ = (Index("ix_notice_attempt_channel_started", "channel", "started_real_ms"),)

    message_id: Mapped[str] = mapped_column(
        ForeignKey("notice_message.id", ondelete="CASCADE"), primary_key=True
    )
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    channel: Mapped[str] = mapped_column(String(40))
    started_real_ms: Mapped[int] = mapped_column(BigInteger)
    ended_real_ms: Mapped[int | None] = mapped_column(BigInteger)


class ChannelRow(Base):
    """What a channel remembers beside its messages."""

    __tablename__ = "notice_channel"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    flood: Mapped[bool]
    digest_real_ms: Mapped[int | None] = mapped_column(BigInteger)
    held_until_real_ms: Mapped[int] = mapped_column(BigInteger)
    held_why: Mapped[str] = mapped_column(Text)


class AscentRow(Base):
    """An unacknowledged incident on its way up the ladder."""

    __tablename__ = "notice_ascent"

    incident_id: Mapped[str] = mapped_column(ForeignKey("incident.id"), primary_key=True)
    severity: Mapped[str] = mapped_column(String(20))
    since_ms: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[int]
    due_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class LinkUseRow(Base):
    """An acknowledge link that was used."""

    __tablename__ = "notice_link_use"

    message_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    used_real_ms: Mapped[int] = mapped_column(BigInteger)


class ShiftRow(Base):
    """One shift of the duty roster; ``scope`` is a JSON list of grants, None is everything."""

    __tablename__ = "duty_shift"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    person: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20))
    weekdays: Mapped[str] = mapped_column(String(20))
    from_min: Mapped[int]
    to_min: Mapped[int]
    scope: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(String(40))
    contact: Mapped[str] = mapped_column(String(120))


def notice_row(notice: Notice, dropped: str | None = None) -> NoticeRow:
    """The row of a new notice."""
    return NoticeRow(
        key=notice.key,
        incident_id=notice.incident_id,
        transition=notice.transition.value,
        step=notice.step,
        channel=notice.channel,
        severity=notice.severity.value,
        role=notice.role,
        mentions=json.dumps(notice.mentions, ensure_ascii=False),
        facts=json.dumps(asdict(notice.facts), ensure_ascii=False, separators=(",", ":")),
        made_real_ms=notice.made_real_ms,
        dropped=dropped,
    )


def notice_of(row: NoticeRow) -> Notice:
    """The notice of a row."""
    return Notice(
        incident_id=row.incident_id,
        transition=Transition(row.transition),
        channel=row.channel,
        severity=Severity(row.severity),
        facts=_facts(row.facts),
        made_real_ms=row.made_real_ms,
        step=row.step,
        role=row.role,
        mentions=tuple(json.loads(row.mentions)),
    )


def _facts(text: str) -> Facts:
    told = json.loads(text)
    return Facts(**{**told, "also": tuple(told.get("also", ()))})


def message_of(row: MessageRow, notices: list[NoticeRow]) -> Message:
    """The message of a row and its notices, in the order in which they were made."""
    found = sorted(notices, key=lambda one: (one.made_real_ms, one.key))
    bundle = Bundle(Form(row.form), tuple(notice_of(one) for one in found))
    return Message(row.id, row.channel, bundle, row.made_real_ms, row.attempts)


def ascent_row(ascent: Ascent) -> AscentRow:
    """The row of an ascent."""
    return AscentRow(
        incident_id=ascent.incident_id,
        severity=ascent.severity.value,
        since_ms=ascent.since_ms,
        step=ascent.step,
        due_ms=ascent.due_ms,
    )


def ascent_of(row: AscentRow) -> Ascent:
    """The ascent of a row."""
    return Ascent(row.incident_id, Severity(row.severity), row.since_ms, row.step, row.due_ms)
