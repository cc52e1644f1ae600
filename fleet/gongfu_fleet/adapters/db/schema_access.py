"""Tables of who may do what, and of what they did: people, scopes, tokens, audit.

``*_sha256`` are hex digests of secrets that are never kept themselves; ``*_ms`` UTC milliseconds,
real time.
"""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import ScopeKind

ROLES = ", ".join(f"'{role}'" for role in Role if role is not Role.DEVICE)
KINDS = ", ".join(f"'{kind}'" for kind in ScopeKind)


class UserRow(Base):
    """A person who signs in; ``password_hash`` is an argon2id string.

    ``scoped`` false is everything; true is what ``user_grant`` lists.
    """

    __tablename__ = "user"
    __table_args__ = (CheckConstraint(f"role IN ({ROLES})", name="role"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool]
    created_ms: Mapped[int] = mapped_column(BigInteger)
    scoped: Mapped[bool] = mapped_column(default=False, server_default=false())


class UserGrantRow(Base):
    """One part of the fleet that a person may see."""

    __tablename__ = "user_grant"
    __table_args__ = (CheckConstraint(f"kind IN ({KINDS})", name="kind"),)

    user_id: Mapped[str] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    ref: Mapped[str] = mapped_column(String(40), primary_key=True)


class WebSessionRow(Base):
    """A signed-in browser; see ``domain/web_session.py`` for the two tokens."""

    __tablename__ = "web_session"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    previous_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    seen_ms: Mapped[int] = mapped_column(BigInteger)
    rotated_ms: Mapped[int] = mapped_column(BigInteger)
    confirmed_ms: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(String(60))
    agent: Mapped[str] = mapped_column(String(200))


class KnownBrowserRow(Base):
    """A browser and an address at which a person signed in: attempts elsewhere shut out neither."""

    __tablename__ = "known_browser"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("user.id", ondelete="CASCADE"), primary_key=True
    )
    browser_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    address: Mapped[str] = mapped_column(String(60), primary_key=True)
    seen_ms: Mapped[int] = mapped_column(BigInteger)


class SignInTallyRow(Base):
    """Failed attempts by account, address, both, or known browser; ``bucket`` is a SHA-256."""

    __tablename__ = "sign_in_tally"

    bucket: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class ApiTokenRow(Base):
    """A program that calls for a person: never more than the person may, often less."""

    __tablename__ = "api_token"
    __table_args__ = (CheckConstraint(f"role IN ({ROLES})", name="role"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    scoped: Mapped[bool]
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)
    used_ms: Mapped[int | None] = mapped_column(BigInteger)


class ApiTokenGrantRow(Base):
    """One part of the fleet that a token is narrowed to."""

    __tablename__ = "api_token_grant"
    __table_args__ = (CheckConstraint(f"kind IN ({KINDS})", name="kind"),)

    token_id: Mapped[str] = mapped_column(
        ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    ref: Mapped[str] = mapped_column(String(40), primary_key=True)


class AuditRow(Base):
    """One thing somebody did; rows are only ever added, each holds the hash of the one before."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(120), index=True)
    action: Mapped[str] = mapped_column(String(60), index=True)
    object: Mapped[str] = mapped_column(String(120), index=True)
    outcome: Mapped[str] = mapped_column(String(20))
    data: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
