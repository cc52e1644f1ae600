"""Who may do what. Denied is what is not written here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gongfu_fleet.domain.scope import EVERYTHING, Scope


class Role(StrEnum):
    """What a person, a token or a device is here; devices speak MQTT and may call no route."""

    VIEWER = "viewer"
    AUDITOR = "auditor"
    CREW = "crew"
    DISPATCHER = "dispatcher"
    MANAGER = "manager"
    ADMIN = "admin"
    DEVICE = "device"


class Permission(StrEnum):
    """What a route may ask for."""

    OWN_ACCOUNT = "own_account"
    READ = "read"
    ACKNOWLEDGE = "acknowledge"
    COMMAND = "command"
    UNLOCK = "unlock"
    AUDIT = "audit"
    DEVICES = "devices"
    PEOPLE = "people"
    METRICS = "metrics"


_ANY = frozenset({Permission.OWN_ACCOUNT, Permission.READ})
ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _ANY,
    Role.AUDITOR: _ANY | {Permission.AUDIT},
    Role.CREW: _ANY | {Permission.ACKNOWLEDGE, Permission.UNLOCK},
    Role.DISPATCHER: _ANY | {Permission.ACKNOWLEDGE, Permission.COMMAND},
    Role.MANAGER: _ANY
    | {Permission.ACKNOWLEDGE, Permission.COMMAND, Permission.UNLOCK, Permission.METRICS},
    Role.ADMIN: frozenset(Permission),
    Role.DEVICE: frozenset(),
}


@dataclass(frozen=True)
class Principal:
    """Who calls: a signed-in person, or a token (``token_id``) acting for ``user``."""

    user: str
    role: Role
    scope: Scope = EVERYTHING
    token_id: str | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it."""
        return permission in ALLOWED[self.role]


@dataclass(frozen=True)
class Account:
    """A person's account; ``password_hash`` is opaque to everyone but the hasher."""

    id: str
    name: str
    role: Role
    password_hash: str
    active: bool
    created_ms: int
    scope: Scope = EVERYTHING


@dataclass(frozen=True)
class WebSession:
    """A signed-in browser by the SHA-256 of its token; real time, UTC ms."""

    token_sha256: str
    account_id: str
    created_ms: int
    seen_ms: int


IDLE_MS = 8 * 3_600_000
ABSOLUTE_MS = 7 * 24 * 3_600_000


def expired(session: WebSession, now_ms: int) -> bool:
    """Whether 8 h without use or 7 d since sign-in have passed; a clock set back ends it too."""
    idle, age = now_ms - session.seen_ms, now_ms - session.created_ms
    return idle >= IDLE_MS or age >= ABSOLUTE_MS or age < -IDLE_MS
