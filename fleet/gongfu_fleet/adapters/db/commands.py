"""Commands and their ledger in the relational store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, func, select, true
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db import audit
from gongfu_fleet.adapters.db.command_rows import (
    CommandEventRow,
    CommandRow,
    read_command,
    write_command,
)
from gongfu_fleet.adapters.db.cursor_rows import cursor_of, move_cursor
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.schema import AssetRow
from gongfu_fleet.adapters.db.within import within
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.commands import OPEN, Command, Name, State, answered
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import ConflictError, NotFoundError
from gongfu_fleet.services.command_ports import Answer
from gongfu_fleet.services.watch_ports import Cursor

_OPEN = CommandRow.state.in_(sorted(state.value for state in OPEN))


@dataclass
class SqlCommands:
    """Fits the port CommandStore."""

    engine: Engine

    def add(self, command: Command, deed: Deed) -> None:
        """Keep a new command and who wanted it. Raises ConflictError."""
        same = (CommandRow.asset == command.asset, CommandRow.name == command.name.value)
        with writing(self.engine) as session:
            if session.scalar(select(CommandRow.id).where(_OPEN, *same).limit(1)):
                raise ConflictError(
                    f"{command.asset} has not answered the last {command.name} yet.",
                    "Wait for its outcome: half a minute at most.",
                )
            audit.append(session, deed)
            row = CommandRow()
            session.add(row)
            write_command(row, command)
            session.flush()
            _note(session, command, command.requested_ms)

    def advance(self, step: Callable[[Command], Command], now_ms: int) -> Sequence[Command]:
        """Put ``step`` to every open command; returns those that were open, as they are now."""
        found = select(CommandRow).where(_OPEN).order_by(CommandRow.id)
        with reading(self.engine) as session:
            before = [read_command(row) for row in session.scalars(found)]
        if all(step(command) is command for command in before):
            return before
        after = []
        with writing(self.engine) as session:
            for row in session.scalars(found).all():
                command = read_command(row)
                after.append(_change(session, row, (command, step(command)), now_ms))
        return after

    def take(
        self, answers: Sequence[Answer], consumer: str, before: Cursor | None, after: Cursor
    ) -> int:
        """Note what devices answered, and how far the log was read; returns how many counted.

        Raises ConflictError when somebody else moved the cursor.
        """
        with writing(self.engine) as session:
            move_cursor(session, consumer, before, after)
            return sum(_answer(session, answer) for answer in answers)

    def cursor(self, consumer: str) -> Cursor | None:
        """Where the consumer stands."""
        with reading(self.engine) as session:
            return cursor_of(session, consumer)

    def find(self, command_id: str, *, asset: str, scope: Scope = EVERYTHING) -> Command:
        """One command of an asset. Raises NotFoundError, for one outside the scope too."""
        wanted = (CommandRow.id == command_id, CommandRow.asset == asset, _visible(scope))
        with reading(self.engine) as session:
            row = session.scalar(select(CommandRow).where(*wanted))
            if row is None:
                raise NotFoundError(
                    "There is no such command.", "Take an id from the asset's list of commands."
                )
            return read_command(row)

    def page(
        self, asset: str, limit: int, before: str | None = None, *, scope: Scope = EVERYTHING
    ) -> Sequence[Command]:
        """An asset's commands, newest first, older than id ``before``."""
        found = select(CommandRow).where(CommandRow.asset == asset, _visible(scope))
        found = found.order_by(CommandRow.id.desc()).limit(limit)
        if before is not None:
            found = found.where(CommandRow.id < before)
        with reading(self.engine) as session:
            return [read_command(row) for row in session.scalars(found)]

    def sale_locked(self) -> frozenset[str]:
        """The assets whose newest executed ``sale_lock`` locked it."""
        done = (CommandRow.name == Name.SALE_LOCK.value, CommandRow.state == State.OK.value)
        newest = select(func.max(CommandRow.id)).where(*done).group_by(CommandRow.asset)
        with reading(self.engine) as session:
            rows = session.scalars(select(CommandRow).where(CommandRow.id.in_(newest)))
            found = [read_command(row) for row in rows]
        return frozenset(command.asset for command in found if command.args["locked"])

    def version(self, scope: Scope = EVERYTHING) -> int:
        """How many entries the ledger has of the scope."""
        with reading(self.engine) as session:
            if scope.everything:
                return _last_seq(session)
            inside = select(func.count()).select_from(CommandEventRow)
            inside = inside.join(CommandRow, CommandEventRow.command_id == CommandRow.id)
            return session.scalar(inside.where(_visible(scope))) or 0


def _visible(scope: Scope) -> ColumnElement[bool]:
    if scope.everything:
        return true()
    return CommandRow.asset.in_(select(AssetRow.id).where(within(scope)))


def _last_seq(session: Session) -> int:
    return session.scalar(select(func.max(CommandEventRow.seq))) or 0


def _answer(session: Session, answer: Answer) -> bool:
    row = session.get(CommandRow, answer.command_id)
    # The topic says who answers: nobody answers for somebody else.
    if row is None or row.asset != answer.dev:
        return False
    before = read_command(row)
    after = answered(before, answer.verdict, answer.text, answer.at_ms)
    _change(session, row, (before, after), answer.at_ms)
    return after is not before


def _change(
    session: Session, row: CommandRow, change: tuple[Command, Command], at_ms: int
) -> Command:
    before, after = change
    if after is not before:
        write_command(row, after)
        session.flush()
        if after.state is not before.state:
            _note(session, after, at_ms)
    return after


def _note(session: Session, command: Command, at_ms: int) -> None:
    entry = CommandEventRow(
        seq=_last_seq(session) + 1, command_id=command.id, at_ms=at_ms, state=command.state.value
    )
    session.add(entry)
    session.flush()
