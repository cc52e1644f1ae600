"""Accounts and web sessions in the relational store."""

from dataclasses import dataclass

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.schema_access import UserGrantRow, UserRow, WebSessionRow
from gongfu_fleet.domain.people import ABSOLUTE_MS, IDLE_MS, Account, Role, WebSession
from gongfu_fleet.domain.scope import Grant, Scope, ScopeKind, scope_of
from gongfu_fleet.errors import ConflictError


@dataclass
class SqlPeople:
    """Fits the port People."""

    engine: Engine

    def any(self) -> bool:
        """Whether anybody is registered."""
        with reading(self.engine) as session:
            return session.scalar(select(UserRow.id).limit(1)) is not None

    def add(self, account: Account) -> None:
        """Register a person. Raises ConflictError when the name is taken."""
        row = UserRow(
            id=account.id,
            name=account.name,
            role=account.role.value,
            password_hash=account.password_hash,
            active=account.active,
            created_ms=account.created_ms,
            scoped=not account.scope.everything,
        )
        try:
            with writing(self.engine) as session:
                session.add(row)
                session.flush()
                session.add_all(_grants(account))
        except IntegrityError as fault:
            raise ConflictError(
                f"There is an account {account.name} already.", "Choose another name."
            ) from fault

    def by_name(self, name: str) -> Account | None:
        """The account of exactly this name."""
        with reading(self.engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.name == name))
            return None if row is None else _account(session, row)

    def set_password(self, account_id: str, password_hash: str) -> None:
        """Replace the hash."""
        with writing(self.engine) as session:
            session.get_one(UserRow, account_id).password_hash = password_hash

    def add_session(self, web: WebSession) -> None:
        """Keep a new session."""
        with writing(self.engine) as session:
            session.add(
                WebSessionRow(
                    token_sha256=web.token_sha256,
                    user_id=web.account_id,
                    created_ms=web.created_ms,
                    seen_ms=web.seen_ms,
                )
            )

    def session(self, token_sha256: str) -> tuple[WebSession, Account] | None:
        """A session with its account, expired or not."""
        query = select(WebSessionRow, UserRow).join(UserRow, WebSessionRow.user_id == UserRow.id)
        with reading(self.engine) as session:
            found = session.execute(
                query.where(WebSessionRow.token_sha256 == token_sha256)
            ).one_or_none()
            if found is None:
                return None
            web, user = found
            return (
                WebSession(web.token_sha256, web.user_id, web.created_ms, web.seen_ms),
                _account(session, user),
            )

    def touch_session(self, token_sha256: str, seen_ms: int) -> None:
        """Note that the session was used."""
        with writing(self.engine) as session:
            session.execute(
                update(WebSessionRow)
                .where(WebSessionRow.token_sha256 == token_sha256)
                .values(seen_ms=seen_ms)
            )

    def drop_session(self, token_sha256: str) -> None:
        """Forget one session."""
        with writing(self.engine) as session:
            session.execute(delete(WebSessionRow).where(WebSessionRow.token_sha256 == token_sha256))

    def drop_sessions_of(self, account_id: str, *, keep: str) -> None:
        """Forget the account's sessions but one."""
        with writing(self.engine) as session:
            session.execute(
                delete(WebSessionRow).where(
                    WebSessionRow.user_id == account_id, WebSessionRow.token_sha256 != keep
                )
            )

    def drop_sessions_before(self, now_ms: int) -> None:
        """Forget the sessions that expired."""
        with writing(self.engine) as session:
            session.execute(
                delete(WebSessionRow).where(
                    (WebSessionRow.seen_ms <= now_ms - IDLE_MS)
                    | (WebSessionRow.created_ms <= now_ms - ABSOLUTE_MS)
                )
            )


def _account(session: Session, row: UserRow) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        active=row.active,
        created_ms=row.created_ms,
        scope=_scope(session, row),
    )


def _scope(session: Session, row: UserRow) -> Scope:
    if not row.scoped:
        return scope_of(None)
    found = session.scalars(select(UserGrantRow).where(UserGrantRow.user_id == row.id))
    return scope_of(Grant(ScopeKind(grant.kind), grant.ref) for grant in found)


def _grants(account: Account) -> list[UserGrantRow]:
    # An account has one list of grants; only tokens narrow a scope further.
    return [
        UserGrantRow(user_id=account.id, kind=grant.kind.value, ref=grant.ref)
        for limit in account.scope.limits
        for grant in limit
    ]
