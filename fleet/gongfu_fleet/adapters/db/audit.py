"""The audit log in the relational store. ``append`` runs in the transaction of the deed itself."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, or_, select
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.schema_access import AuditRow
from gongfu_fleet.domain.audit import (
    EVERY_ENTRY,
    GENESIS,
    Deed,
    Entry,
    Sought,
    Verdict,
    chained,
    verify,
)

_BLOCK = 1_000


def append(session: Session, *deeds: Deed) -> None:
    """Chain deeds to the log inside a ``writing`` transaction, which holds off other writers."""
    last = session.scalar(select(AuditRow).order_by(AuditRow.seq.desc()).limit(1))
    entry = _entry(last) if last else None
    for deed in deeds:
        entry = chained(deed, entry)
        session.add(_row(entry))
    session.flush()


@dataclass
class SqlAuditLog:
    """Fits the port AuditLog."""

    engine: Engine

    def note(self, deed: Deed) -> None:
        """Record a deed that changed nothing else in this database."""
        with writing(self.engine) as session:
            append(session, deed)

    def page(
        self, limit: int, before: int | None = None, *, sought: Sought = EVERY_ENTRY
    ) -> Sequence[Entry]:
        """Entries, newest first, older than seq ``before``."""
        query = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(AuditRow.seq < before)
        query = query.where(*_rules(sought))
        with reading(self.engine) as session:
            return [_entry(row) for row in session.scalars(query)]

    def has(self, digest: str) -> bool:
        """Whether an entry of this hash is in the log; true of the hash before the first."""
        with reading(self.engine) as session:
            found = session.scalar(select(AuditRow.seq).where(AuditRow.hash == digest).limit(1))
        return found is not None or digest == GENESIS

    def verify(self) -> Verdict:
        """Walk the whole chain."""
        query = select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=_BLOCK)
        # A broken chain is not read to its end, and the server's cursor wants to be closed.
        with reading(self.engine) as session, closing(session.scalars(query)) as rows:
            return verify(_entry(row) for row in rows)


_NAMES = ("seq", "at_ms", "actor", "action", "object", "outcome", "data", "previous", "hash")


def _rules(sought: Sought) -> Iterator[ColumnElement[bool]]:
    if sought.text:
        columns = (AuditRow.actor, AuditRow.action, AuditRow.object)
        yield or_(*(column.contains(sought.text, autoescape=True) for column in columns))
    if sought.actor:
        yield AuditRow.actor == sought.actor
    if sought.action:
        inside = AuditRow.action.startswith(f"{sought.action}.", autoescape=True)
        yield or_(AuditRow.action == sought.action, inside)
    if sought.outcome:
        yield AuditRow.outcome == sought.outcome.value
    if sought.from_ms is not None:
        yield AuditRow.at_ms >= sought.from_ms
    if sought.until_ms is not None:
        yield AuditRow.at_ms < sought.until_ms


def _row(entry: Entry) -> AuditRow:
    return AuditRow(**{name: getattr(entry, name) for name in _NAMES})


def _entry(row: AuditRow) -> Entry:
    return Entry(**{name: getattr(row, name) for name in _NAMES})
