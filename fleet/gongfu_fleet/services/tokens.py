"""API tokens: made by a person for a program, shown once. ``now_ms`` is real time, UTC ms."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.domain.people import Account, Role, within_role
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.domain.tokens import DAY_MS, MOST_DAYS, PREFIX, ApiToken, acts_as
from gongfu_fleet.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    SignInError,
)
from gongfu_fleet.services.people import By, scope_text
from gongfu_fleet.services.people_ports import TokenStore
from gongfu_fleet.services.sign_in import SignedIn, digest

USED_STEP_MS = 60_000
MOST_TOKENS = 50
LONGEST_NAME = 80


@dataclass(frozen=True)
class Wish:
    """The token somebody asks for."""

    name: str
    role: Role
    days: int
    scope: Scope = EVERYTHING


@dataclass
class Tokens:
    """Make, use and revoke them."""

    store: TokenStore

    def add(self, owner: Account, wish: Wish, *, by: By) -> tuple[ApiToken, str]:
        """Make a token; returns it and its secret, told this once.

        Raises InvalidError, ForbiddenError for a role beyond the owner's, ConflictError.
        """
        _check(wish)
        if wish.role is Role.DEVICE or not within_role(wish.role, owner.role):
            raise ForbiddenError(
                f"A token of {owner.role} cannot be {wish.role}.", "Choose a lesser role."
            )
        living = [token for token in self.store.of(owner.id) if token.lives(by.at_ms)]
        if len(living) >= MOST_TOKENS:
            raise ConflictError(f"There are {MOST_TOKENS} tokens.", "Revoke one that rests.")
        secret = PREFIX + secrets.token_urlsafe(32)
        token = ApiToken(
            id=uuid7(by.at_ms, secrets.token_bytes(RANDOM_BYTES)),
            account_id=owner.id,
            name=wish.name,
            token_sha256=digest(secret),
            role=wish.role,
            created_ms=by.at_ms,
            expires_ms=by.at_ms + wish.days * DAY_MS,
            scope=wish.scope,
        )
        data = {
            "owner": owner.name,
            "name": token.name,
            "role": token.role.value,
            "scope": scope_text(token.scope),
            "expires_ms": token.expires_ms,
        }
        self.store.add(token, Deed(by.at_ms, by.user, "token.add", f"token:{token.id}", data=data))
        return token, secret

    def of(self, account_id: str) -> Sequence[ApiToken]:
        """The account's tokens, newest first, those that ended too."""
        return self.store.of(account_id)

    def revoke(self, token_id: str, account_id: str | None, *, by: By) -> None:
        """End a token (of this account) at once. Raises NotFoundError."""
        deed = Deed(by.at_ms, by.user, "token.revoke", f"token:{token_id}")
        if not self.store.revoke(token_id, account_id, deed):
            raise NotFoundError("There is no such token in use.", "Look at the list of tokens.")

    def resume(self, secret: str, *, now_ms: int) -> SignedIn:
        """Who calls with this secret. Raises SignInError."""
        found = self.store.find(digest(secret)) if secret.startswith(PREFIX) else None
        if found is None or not found[0].lives(now_ms) or not found[1].active:
            raise SignInError(
                "The token is wrong, expired or revoked.", "Make a new one on the account page."
            )
        token, owner = found
        if token.used_ms is None or abs(now_ms - token.used_ms) >= USED_STEP_MS:
            self.store.used(token.id, now_ms)
        return SignedIn(secret, acts_as(token, owner), owner.id)


def _check(wish: Wish) -> None:
    name = wish.name
    if not 0 < len(name) <= LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise InvalidError("The name is empty, long or has odd spaces.", "Choose another name.")
    if not 1 <= wish.days <= MOST_DAYS:
        raise InvalidError(f"{wish.days} days are not possible.", f"Choose 1 to {MOST_DAYS}.")
