"""Accounts, scopes, sessions and tokens to rows and back."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.schema_access import (
    ApiTokenGrantRow,
    ApiTokenRow,
    UserGrantRow,
    UserRow,
    WebSessionRow,
)
from gongfu_fleet.domain.people import Account, Role
from gongfu_fleet.domain.scope import Grant, Scope, ScopeKind, scope_of
from gongfu_fleet.domain.tokens import ApiToken
from gongfu_fleet.domain.web_session import WebSession


def account_of(session: Session, row: UserRow) -> Account:
    """The account of a row, with its scope."""
    return Account(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        password_hash=row.password_hash,
        active=row.active,
        created_ms=row.created_ms,
        scope=_user_scope(session, row),
    )


def user_row(account: Account) -> UserRow:
    """The row of an account; its scope has rows of its own."""
    return UserRow(
        id=account.id,
        name=account.name,
        role=account.role.value,
        password_hash=account.password_hash,
        active=account.active,
        created_ms=account.created_ms,
        scoped=not account.scope.everything,
    )


def grant_rows(account_id: str, scope: Scope) -> list[UserGrantRow]:
    """An account has one list of grants; only tokens narrow a scope further."""
    return [
        UserGrantRow(user_id=account_id, kind=grant.kind.value, ref=grant.ref)
        for limit in scope.limits
        for grant in limit
    ]


def token_of(session: Session, row: ApiTokenRow) -> ApiToken:
    """The token of a row, with its scope."""
    return ApiToken(
        id=row.id,
        account_id=row.user_id,
        name=row.name,
        token_sha256=row.token_sha256,
        role=Role(row.role),
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        scope=_token_scope(session, row),
        revoked_ms=row.revoked_ms,
        used_ms=row.used_ms,
    )


def token_grant_rows(token: ApiToken) -> list[ApiTokenGrantRow]:
    """The grants of a token."""
    return [
        ApiTokenGrantRow(token_id=token.id, kind=grant.kind.value, ref=grant.ref)
        for limit in token.scope.limits
        for grant in limit
    ]


_SESSION_FIELDS = (
    "id", "token_sha256", "created_ms", "seen_ms", "rotated_ms", "previous_sha256",
    "confirmed_ms", "address", "agent",
)  # fmt: skip


def session_of(row: WebSessionRow) -> WebSession:
    """The session of a row."""
    return WebSession(
        account_id=row.user_id, **{name: getattr(row, name) for name in _SESSION_FIELDS}
    )


def session_row(web: WebSession) -> WebSessionRow:
    """The row of a session."""
    return WebSessionRow(
        user_id=web.account_id, **{name: getattr(web, name) for name in _SESSION_FIELDS}
    )


def _user_scope(session: Session, row: UserRow) -> Scope:
    if not row.scoped:
        return scope_of(None)
    found = session.scalars(select(UserGrantRow).where(UserGrantRow.user_id == row.id))
    return scope_of(Grant(ScopeKind(grant.kind), grant.ref) for grant in found)


def _token_scope(session: Session, row: ApiTokenRow) -> Scope:
    if not row.scoped:
        return scope_of(None)
    found = session.scalars(select(ApiTokenGrantRow).where(ApiTokenGrantRow.token_id == row.id))
    return scope_of(Grant(ScopeKind(grant.kind), grant.ref) for grant in found)
