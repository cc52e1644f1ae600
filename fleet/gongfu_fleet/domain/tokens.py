"""API tokens: a program that calls for a person, never for more than the person may."""

from dataclasses import dataclass

from gongfu_fleet.domain.people import Account, Principal, Role
from gongfu_fleet.domain.scope import EVERYTHING, Scope

PREFIX = "gongfu_"
MOST_DAYS = 366
DAY_MS = 86_400_000


@dataclass(frozen=True)
class ApiToken:
    """A token by the SHA-256 of its secret. Times are real, UTC ms."""

    id: str
    account_id: str
    name: str
    token_sha256: str
    role: Role
    created_ms: int
    expires_ms: int
    scope: Scope = EVERYTHING
    revoked_ms: int | None = None
    used_ms: int | None = None

    def lives(self, now_ms: int) -> bool:
        """Whether it is neither expired nor revoked."""
        return self.revoked_ms is None and self.created_ms - DAY_MS <= now_ms < self.expires_ms


def acts_as(token: ApiToken, owner: Account) -> Principal:
    """Who calls with the token: what token and owner both may, on what both cover."""
    return Principal(
        owner.name,
        token.role,
        owner.scope.narrowed(token.scope),
        token_id=token.id,
        owner_role=owner.role,
    )
