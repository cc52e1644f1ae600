"""People and what they may: added, changed, shut out by administrators.

An administrator with a scope sees and changes only people whose scope lies inside; everybody else
is as if they were not there. ``at_ms`` is real time, UTC ms.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.domain.people import Account, Change, Role
from gongfu_fleet.domain.scope import EVERYTHING, Grant, Scope, ScopeKind
from gongfu_fleet.errors import ForbiddenError, InvalidError, NotFoundError
from gongfu_fleet.ports import AssetRegistry
from gongfu_fleet.services.passwords import check_password, generated_password
from gongfu_fleet.services.people_ports import Passwords, People

LONGEST_NAME = 80
FIRST_ADMIN = "admin"
SYSTEM = "gongfu"
COMMAND_LINE = "command line"


@dataclass(frozen=True)
class By:
    """Who does it, when, and for which part of the fleet."""

    user: str
    at_ms: int
    scope: Scope = EVERYTHING


@dataclass
class PeopleDesk:
    """What administrators do with accounts."""

    people: People
    passwords: Passwords
    registry: AssetRegistry

    def all(self, by: By) -> Sequence[Account]:
        """Everybody whose scope lies inside, by name."""
        return [account for account in self.people.all() if self._inside(account.scope, by.scope)]

    def get(self, account_id: str, by: By) -> Account:
        """One of them. Raises NotFoundError."""
        return self._visible(self.people.by_id(account_id), by)

    def named(self, name: str, by: By) -> Account:
        """One of them by name. Raises NotFoundError."""
        return self._visible(self.people.by_name(name), by)

    def add(self, name: str, role: Role, scope: Scope, *, by: By) -> tuple[Account, str]:
        """Add a person; returns the account and its generated password, told this once.

        Raises InvalidError, ConflictError, ForbiddenError.
        """
        self._require_inside(scope, by)
        password = generated_password()
        account = add_account(
            self.people,
            self.passwords,
            (name, role, password),
            by=by,
            scope=scope,
        )
        return account, password

    def set_role(self, account: Account, role: Role, *, by: By) -> Account:
        """Change what a person may. Raises ConflictError, InvalidError."""
        _require_person(role)
        data = {"from": account.role.value, "to": role.value}
        deed = _deed("user.role", account.name, by, **data)
        return self.people.change(account.id, Change(role=role), deed=deed)

    def set_scope(self, account: Account, scope: Scope, *, by: By) -> Account:
        """Change on what a person may act. Raises ConflictError, ForbiddenError."""
        self._require_inside(scope, by)
        data = {"from": scope_text(account.scope), "to": scope_text(scope)}
        deed = _deed("user.scope", account.name, by, **data)
        return self.people.change(account.id, Change(scope=scope), deed=deed)

    def set_active(self, account: Account, *, active: bool, by: By) -> Account:
        """Let a person in again, or shut them out: sessions end, tokens are revoked.

        Raises ConflictError.
        """
        verb = "activate" if active else "deactivate"
        deed = _deed(f"user.{verb}", account.name, by)
        return self.people.change(account.id, Change(active=active), deed=deed)

    def reset(self, account: Account, *, by: By) -> str:
        """A new generated password, told this once: sessions end, tokens are revoked."""
        password = generated_password()
        change = Change(password_hash=self.passwords.hash(password))
        deed = _deed("password.reset", account.name, by)
        self.people.change(account.id, change, deed=deed)
        return password

    def _visible(self, account: Account | None, by: By) -> Account:
        if account is None or not self._inside(account.scope, by.scope):
            raise NotFoundError("There is no such account.", "Look at the list of people.")
        return account

    def _require_inside(self, scope: Scope, by: By) -> None:
        if not self._inside(scope, by.scope):
            raise ForbiddenError(
                "The scope reaches further than your own.", "Choose a narrower one."
            )

    def _inside(self, scope: Scope, outer: Scope) -> bool:
        if outer.everything:
            return True
        # An account has one list of grants; none at all is everything.
        return len(scope.limits) == 1 and all(
            self._grant_inside(grant, outer) for grant in scope.limits[0]
        )

    def _grant_inside(self, grant: Grant, outer: Scope) -> bool:
        if all(_covers(limit, grant) for limit in outer.limits):
            return True
        if grant.kind not in (ScopeKind.TRUCK, ScopeKind.CABINET):
            return False
        asset = self.registry.assets(outer).get(grant.ref)
        return asset is not None and Scope((frozenset({grant}),)).covers(asset)


def add_account(
    people: People,
    passwords: Passwords,
    account: tuple[str, Role, str],
    *,
    by: By,
    scope: Scope = EVERYTHING,
) -> Account:
    """Add a person by (name, role, password). Raises InvalidError, ConflictError."""
    name, role, password = account
    check_password(password)
    _require_person(role)
    if not 0 < len(name) <= LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise InvalidError("The name is empty, long or has odd spaces.", "Choose another name.")
    identity = uuid7(by.at_ms, secrets.token_bytes(RANDOM_BYTES))
    hashed = passwords.hash(password)
    added = Account(identity, name, role, hashed, active=True, created_ms=by.at_ms, scope=scope)
    data = {"role": role.value, "scope": scope_text(scope)}
    people.add(added, _deed("user.add", name, by, **data))
    return added


def ensure_first_admin(people: People, passwords: Passwords, *, now_ms: int) -> str | None:
    """Add ``admin`` with a generated password when nobody is registered; tell it this once."""
    if people.any():
        return None
    password = generated_password()
    add_account(people, passwords, (FIRST_ADMIN, Role.ADMIN, password), by=By(SYSTEM, now_ms))
    return password


def scope_list(scope: Scope) -> list[str] | None:
    """The grants of a person or a token; None is everything."""
    if scope.everything:
        return None
    return sorted(str(grant) for limit in scope.limits for grant in limit)


def scope_text(scope: Scope) -> str:
    """A person's scope in one line: ``everything``, ``nothing``, or its grants."""
    grants = scope_list(scope)
    return "everything" if grants is None else " ".join(grants) or "nothing"


def _covers(limit: frozenset[Grant], grant: Grant) -> bool:
    county = Grant(ScopeKind.COUNTY, grant.ref[:6])
    return grant in limit or (grant.kind is ScopeKind.TOWN and county in limit)


def _require_person(role: Role) -> None:
    if role is Role.DEVICE:
        raise InvalidError("A device is no person.", "Use 'gongfu devices' for it.")


def _deed(action: str, name: str, by: By, **data: str) -> Deed:
    return Deed(by.at_ms, by.user, action, f"user:{name}", data=data)
