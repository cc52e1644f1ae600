"""Tables of commands: ``command_event`` is their ledger and only grows, ``command`` is its fold.

Times are platform time, UTC ms.
"""

import json

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.domain.commands import Command, Name, State


class CommandRow(Base):
    """One command to one device; ``id`` is its nonce, ``args`` and ``answer`` are JSON."""

    __tablename__ = "command"
    __table_args__ = (
        Index("ix_command_state", "state"),
        Index("ix_command_asset_id", "asset", "id"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    asset: Mapped[str] = mapped_column(String(40))
    site: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(20))
    args: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(120))
    requested_ms: Mapped[int] = mapped_column(BigInteger)
    exp_ms: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))
    sent_ms: Mapped[int | None] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    answer: Mapped[str | None] = mapped_column(Text)


class CommandEventRow(Base):
    """A command entered a state, which it does once; ``seq`` numbers the whole ledger."""

    __tablename__ = "command_event"
    __table_args__ = (UniqueConstraint("command_id", "state"),)

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    command_id: Mapped[str] = mapped_column(ForeignKey("command.id"))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))


def read_command(row: CommandRow) -> Command:
    """The command of a row."""
    return Command(
        id=row.id,
        asset=row.asset,
        site=row.site,
        name=Name(row.name),
        args=json.loads(row.args),
        reason=row.reason,
        by=row.by,
        requested_ms=row.requested_ms,
        exp_ms=row.exp_ms,
        state=State(row.state),
        sent_ms=row.sent_ms,
        ended_ms=row.ended_ms,
        answer=row.answer,
    )


def write_command(row: CommandRow, command: Command) -> None:
    """Bring a row to what the command is."""
    for name in (
        "id", "asset", "site", "reason", "by", "requested_ms",
        "exp_ms", "sent_ms", "ended_ms", "answer",
    ):  # fmt: skip
        setattr(row, name, getattr(command, name))
    row.name, row.state = command.name.value, command.state.value
    row.args = json.dumps(command.args, ensure_ascii=False, sort_keys=True)
