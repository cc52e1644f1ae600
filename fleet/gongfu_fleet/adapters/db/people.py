"""Accounts in the relational store."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.audit import append
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.people_rows import account_of, grant_rows, user_row
from gongfu_fleet.adapters.db.schema_access import (
    ApiTokenRow,
    KnownBrowserRow,
    UserGrantRow,
    UserRow,
    WebSessionRow,
)
from gongfu_fleet.adapters.db.sessions import SqlSessions
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.people import Account, Change, Role
from gongfu_fleet.errors import ConflictError, NotFoundError


@dataclass
class SqlPeople(SqlSessions):
    """Fits the ports People and Sessions."""

    def any(self) -> bool:
        """Whether anybody is registered."""
        with reading(self.engine) as session:
            return session.scalar(select(UserRow.id).limit(1)) is not None

    def all(self) -> Sequence[Account]:
        """Everybody, by name."""
        with reading(self.engine) as session:
            rows = session.scalars(select(UserRow).order_by(UserRow.name)).all()
            return [account_of(session, row) for row in rows]

    def by_name(self, name: str) -> Account | None:
        """The account of exactly this name."""
        with reading(self.engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.name == name))
            return None if row is None else account_of(session, row)

    def by_id(self, account_id: str) -> Account | None:
        """The account of this id."""
        with reading(self.engine) as session:
            row = session.get(UserRow, account_id)
            return None if row is None else account_of(session, row)

    def add(self, account: Account, *deeds: Deed) -> None:
        """Register a person. Raises ConflictError when the name is taken."""
        try:
            with writing(self.engine) as session:
                session.add(user_row(account))
                session.flush()
                session.add_all(grant_rows(account.id, account.scope))
                append(session, *deeds)
        except IntegrityError as fault:
            raise ConflictError(
                f"There is an account {account.name} already.", "Choose another name."
            ) from fault

    def change(self, account_id: str, change: Change, *, deed: Deed, keep: str = "") -> Account:
        """Change an account and what hangs on it. Raises NotFoundError, ConflictError."""
        with writing(self.engine) as session:
            row = session.get(UserRow, account_id)
            if row is None:
                raise NotFoundError("There is no such account.", "Look at the list of people.")
            mattered = _administers(row)
            _apply(session, row, change)
            session.flush()
            if mattered and not _administers(row):
                _leave_an_admin(session)
            if change.signs_out:
                _sign_out(session, account_id, keep=keep, at_ms=deed.at_ms)
            else:
                # What they may is read at every request; their tokens are replaced at the next.
                mine = WebSessionRow.user_id == account_id
                session.execute(update(WebSessionRow).where(mine).values(rotated_ms=0))
            append(session, deed)
            return account_of(session, row)


def _apply(session: Session, row: UserRow, change: Change) -> None:
    if change.role is not None:
        row.role = change.role.value
    if change.active is not None:
        row.active = change.active
    if change.password_hash is not None:
        row.password_hash = change.password_hash
    if change.scope is not None:
        row.scoped = not change.scope.everything
        session.execute(delete(UserGrantRow).where(UserGrantRow.user_id == row.id))
        session.add_all(grant_rows(row.id, change.scope))


def _administers(row: UserRow) -> bool:
    return row.role == Role.ADMIN.value and row.active and not row.scoped


def _leave_an_admin(session: Session) -> None:
    rules = (UserRow.role == Role.ADMIN.value, UserRow.active, ~UserRow.scoped)
    if session.scalar(select(UserRow.id).where(*rules).limit(1)) is None:
        raise ConflictError(
            "Nobody would be left who may administer everything.",
            "Make somebody else an active admin without a scope first.",
        )


def _sign_out(session: Session, account_id: str, *, keep: str, at_ms: int) -> None:
    session.execute(
        delete(WebSessionRow).where(WebSessionRow.user_id == account_id, WebSessionRow.id != keep)
    )
    session.execute(delete(KnownBrowserRow).where(KnownBrowserRow.user_id == account_id))
    if not keep:
        living = (ApiTokenRow.user_id == account_id, ApiTokenRow.revoked_ms.is_(None))
        session.execute(update(ApiTokenRow).where(*living).values(revoked_ms=at_ms))
