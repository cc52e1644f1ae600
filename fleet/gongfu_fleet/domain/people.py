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
    ASSIGN = "assign"
    SHELVE = "shelve"
    DISPOSE = "dispose"
    COMMAND = "command"
    UNLOCK = "unlock"
    POLICIES = "policies"
    AUDIT = "audit"
    DEVICES = "devices"
    PEOPLE = "people"
    METRICS = "metrics"


_ANY = frozenset({Permission.OWN_ACCOUNT, Permission.READ})
ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _ANY,
    Role.AUDITOR: _ANY | {Permission.AUDIT},
    Role.CREW: _ANY | {Permission.ACKNOWLEDGE, Permission.UNLOCK},
    Role.DISPATCHER: _ANY
    | {Permission.ACKNOWLEDGE, Permission.ASSIGN, Permission.SHELVE, Permission.COMMAND},
    Role.MANAGER: _ANY
    | {Permission.ACKNOWLEDGE, Permission.COMMAND, Permission.UNLOCK, Permission.METRICS}
    | {Permission.ASSIGN, Permission.SHELVE, Permission.DISPOSE, Permission.POLICIES},
    Role.ADMIN: frozenset(Permission),
    Role.DEVICE: frozenset(),
}


# A stolen token must not become a password, another token or another person.
FOR_PEOPLE_ONLY = frozenset({Permission.OWN_ACCOUNT, Permission.PEOPLE})


def within_role(role: Role, owner: Role) -> bool:
    """Whether ``role`` allows nothing that ``owner`` does not."""
    return ALLOWED[role] <= ALLOWED[owner]


@dataclass(frozen=True)
class Principal:
    """Who calls: a signed-in person, or a token (``token_id``) acting for ``user``.

    A token may what its own role and its owner's (``owner_role``) both allow, whatever became of
    the owner since; ``scope`` is narrowed likewise.
    """

    user: str
    role: Role
    scope: Scope = EVERYTHING
    token_id: str | None = None
    owner_role: Role | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the role allows it."""
        if self.token_id and permission in FOR_PEOPLE_ONLY:
            return False
        return permission in ALLOWED[self.role] & ALLOWED[self.owner_role or self.role]

    @property
    def actor(self) -> str:
        """The name for the audit log."""
        return f"{self.user} (token {self.token_id})" if self.token_id else self.user


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

    @property
    def principal(self) -> Principal:
        """The person at a browser."""
        return Principal(self.name, self.role, self.scope)


@dataclass(frozen=True)
class Change:
    """What becomes of an account; None stays as it is."""

    role: Role | None = None
    scope: Scope | None = None
    active: bool | None = None
    password_hash: str | None = None

    @property
    def signs_out(self) -> bool:
        """Whether sessions, tokens and known browsers end with it."""
        return self.password_hash is not None or self.active is False
