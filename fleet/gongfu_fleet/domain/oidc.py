"""Signing in at another door (OpenID Connect): who came, and what they may here. Pure.

A sign-in under way needs no storage: state, nonce and PKCE verifier are derived from one random
secret that the browser keeps in a cookie until it comes back.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Scope, parse_grant, scope_of
from gongfu_fleet.errors import InvalidError

FLOW_MS = 10 * 60_000
LONGEST_SUBJECT = 255
Claims = Mapping[str, Any]  # what a provider says of a person: any JSON


@dataclass(frozen=True)
class Identity:
    """A person of a provider: the two together name them for good, nothing else does."""

    issuer: str
    subject: str


@dataclass(frozen=True)
class Membership:
    """What somebody may, and on what."""

    role: Role
    scope: Scope


@dataclass(frozen=True)
class Rule:
    """Who has ``value`` among their roles at the provider gets this membership here."""

    value: str
    membership: Membership


@dataclass(frozen=True)
class Flow:
    """One sign-in under way; ``secret`` is ``{begun_ms}.{random}`` and leaves with the cookie."""

    secret: str

    @property
    def state(self) -> str:
        """Comes back in the address: whoever began is whoever comes back."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Comes back in the ID token: it was made for this sign-in."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Shown when the code is redeemed (RFC 7636): nobody else can."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """S256 of the verifier."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def is_fresh(self, now_ms: int) -> bool:
        """Whether it was begun in the last ten minutes."""
        begun = self.secret.partition(".")[0]
        return begun.isdecimal() and 0 <= now_ms - int(begun[:20]) < FLOW_MS

    def _derived(self, use: str) -> str:
        return _base64url(hmac.digest(self.secret.encode(), f"oidc {use}".encode(), "sha256"))


def same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def parse_rules(text: str) -> tuple[Rule, ...]:
    """Read ``cold-chain-admins=admin; hz=manager@operator:hangzhou+county:330802``.

    Raises InvalidError.
    """
    parts = (part.strip() for part in text.split(";"))
    return tuple(_rule(part) for part in parts if part)


def membership_of(claims: Claims, claim: str, rules: Iterable[Rule]) -> Membership | None:
    """What the first rule gives that fits; None denies."""
    values = _values(claims, claim)
    return next((rule.membership for rule in rules if rule.value in values), None)


def names_of(claims: Claims, claim: str, identity: Identity) -> tuple[str, ...]:
    """Names for a new account, the best first; the last is the provider's own for the person."""
    host = identity.issuer.partition("://")[2].partition("/")[0]
    told = claims.get(claim)
    subject = f"{identity.subject}@{host}"
    if not isinstance(told, str) or not told.strip():
        return (subject,)
    return told.strip(), f"{told.strip()}@{host}", subject


def _rule(part: str) -> Rule:
    value, found, rest = part.rpartition("=")
    name, _, grants = rest.partition("@")
    if not found or not value.strip() or name not in set(Role) - {Role.DEVICE}:
        raise InvalidError(
            f"{part!r:.60} is no rule for roles.",
            "Write VALUE=ROLE or VALUE=ROLE@KIND:CODE+KIND:CODE, rules separated by semicolons.",
        )
    scope = scope_of([parse_grant(grant) for grant in grants.split("+")] if grants else None)
    return Rule(value.strip(), Membership(Role(name), scope))


def _values(claims: Claims, claim: str) -> frozenset[str]:
    """The claim of this name; with dots also a claim inside of claims, as some providers have."""
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for name in claim.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    listed = found if isinstance(found, list) else [found]
    return frozenset(one for one in listed if isinstance(one, str))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
