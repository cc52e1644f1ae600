"""Signing in at a provider of OpenID Connect: authorization code with PKCE.

The provider says who somebody is and which roles they have there; rules of the settings say what
that means here, at every sign-in anew. Who no rule fits stays outside.
"""

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from gongfu_fleet.domain.attempts import Bucket, Counts, network_of
from gongfu_fleet.domain.audit import Deed, Outcome
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.domain.oidc import (
    LONGEST_SUBJECT,
    Claims,
    Flow,
    Identity,
    Membership,
    Rule,
    membership_of,
    names_of,
    same,
)
from gongfu_fleet.domain.people import Account, Change
from gongfu_fleet.errors import ConflictError, SignInError, TooManyAttemptsError
from gongfu_fleet.services.passwords import generated_password
from gongfu_fleet.services.people import COMMAND_LINE, LONGEST_NAME, SYSTEM, scope_text
from gongfu_fleet.services.sign_in import SignedIn, SignIn, Visit

AT_ONCE = 4
BUSY_S = 2
# In the audit log these stand for somebody else.
RESERVED = frozenset({SYSTEM, COMMAND_LINE, "unknown", "oidc"})
ACTOR = "oidc"


class Provider(Protocol):
    """Where people prove who they are."""

    @property
    def issuer(self) -> str:
        """Its name, an https URL."""
        ...

    def authorize_url(self, flow: Flow) -> str:
        """Where to send the browser. Raises ProviderError."""
        ...

    def claims(self, code: str, flow: Flow) -> Claims:
        """Redeem a code for the claims of an ID token that is signed, in time and meant for us.

        Raises SignInError with the reason as its fault, ProviderError.
        """
        ...


class Identities(Protocol):
    """Which account is whose."""

    def account_of(self, identity: Identity) -> Account | None:
        """The account of this person; None at the first time."""
        ...

    def add(self, identity: Identity, account: Account, deed: Deed) -> None:
        """Register both. Raises ConflictError when the name or the identity is taken."""
        ...


@dataclass(frozen=True)
class Mapping:
    """What claims mean: the claim with the roles, the one with the name, and the rules."""

    roles_claim: str
    name_claim: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Return:
    """With what a browser comes back: the query of its address."""

    code: str | None = None
    state: str | None = None
    issuer: str | None = None
    error: str | None = None


@dataclass
class SingleSignOn:
    """The use case; safe to call from several threads. ``now_ms`` is real time, UTC ms."""

    provider: Provider
    identities: Identities
    door: SignIn
    mapping: Mapping
    label: str = ""
    _places: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE)
    )

    def begin(self, *, now_ms: int) -> tuple[str, str]:
        """The secret for the cookie, and where to send the browser. Raises ProviderError."""
        flow = Flow(f"{now_ms}.{secrets.token_urlsafe(32)}")
        with self._place():
            return flow.secret, self.provider.authorize_url(flow)

    def finish(self, back: Return, secret: str, *, visit: Visit, now_ms: int) -> SignedIn:
        """Open a session for who comes back.

        Raises SignInError, ConflictError, TooManyAttemptsError, ProviderError.
        """
        passed = (Bucket(Counts.ADDRESS, network_of(visit.address)),)
        try:
            code = self._code(back, Flow(secret), now_ms)
            # Counted from here on: a page elsewhere that sends browsers to us has no cookie of
            # ours to show, and must not make their office wait.
            self._reserve(passed, now_ms)
            account = self._account(self._claims(code, Flow(secret)), now_ms)
        except (SignInError, ConflictError) as refused:
            self._note(refused.fault, visit, now_ms)
            raise
        issuer = self.provider.issuer
        return self.door.enter(account, visit, passed=passed, now_ms=now_ms, via=issuer)

    def _reserve(self, buckets: tuple[Bucket, ...], now_ms: int) -> None:
        if wait := self.door.people.reserve(buckets, now_ms):
            raise TooManyAttemptsError(
                "There were too many attempts.", "Wait, then try again.", wait_s=-(-wait // 1000)
            )

    def _code(self, back: Return, flow: Flow, now_ms: int) -> str:
        if not flow.is_fresh(now_ms):
            raise _refused("no sign-in is under way in this browser")
        if not same(back.state or "", flow.state):
            raise _refused("the state is another one")
        if back.issuer is not None and back.issuer != self.provider.issuer:
            raise _refused("another issuer answered")
        if back.error is not None or not back.code:
            raise _refused("the provider refused")
        return back.code

    def _claims(self, code: str, flow: Flow) -> Claims:
        with self._place():
            claims = self.provider.claims(code, flow)
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not same(nonce, flow.nonce):
            raise _refused("the nonce is another one")
        return claims

    def _account(self, claims: Claims, now_ms: int) -> Account:
        identity = Identity(self.provider.issuer, str(claims["sub"]))
        subject = identity.subject
        if not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
            raise _refused("the subject is empty, long or odd")
        member = membership_of(claims, self.mapping.roles_claim, self.mapping.rules)
        if member is None:
            raise _refused("no rule gives a role")
        known = self.identities.account_of(identity)
        if known is None:
            return self._add(claims, identity, member, now_ms)
        if not known.active:
            raise _refused("the account is shut out")
        if (known.role, known.scope) == (member.role, member.scope):
            return known
        data = {"from": _told(known), "to": _told(member), "via": identity.issuer}
        deed = Deed(now_ms, ACTOR, "user.role", f"user:{known.name}", data=data)
        change = Change(role=member.role, scope=member.scope)
        return self.door.people.change(known.id, change, deed=deed)

    def _add(self, claims: Claims, identity: Identity, member: Membership, now_ms: int) -> Account:
        name = self._name(names_of(claims, self.mapping.name_claim, identity))
        account = Account(
            id=uuid7(now_ms, secrets.token_bytes(RANDOM_BYTES)),
            name=name,
            role=member.role,
            # Nobody knows it; a reset by an administrator gives a password all the same.
            password_hash=self.door.passwords.hash(generated_password()),
            active=True,
            created_ms=now_ms,
            scope=member.scope,
        )
        data = {
            "role": member.role.value,
            "scope": scope_text(member.scope),
            "via": identity.issuer,
            "subject": identity.subject,
        }
        self.identities.add(
            identity, account, Deed(now_ms, ACTOR, "user.add", f"user:{name}", data=data)
        )
        return account

    def _name(self, names: tuple[str, ...]) -> str:
        """The first that nobody has; an account of that name is never taken over."""
        taken = {_folded(account.name) for account in self.door.people.all()}
        taken |= {_folded(name) for name in RESERVED}
        for name in names:
            fits = len(name) <= LONGEST_NAME and name.isprintable()
            if fits and _folded(name) not in taken:
                return name
        raise ConflictError("No name is left for the account.", "Ask an administrator.")

    def _note(self, why: str, visit: Visit, now_ms: int) -> None:
        untold = self.door.refusals.told(now_ms)
        if untold is None:
            return
        data = {"address": visit.address, "via": self.provider.issuer, "why": why}
        data |= {"untold_before": str(untold)} if untold else {}
        deed = Deed(now_ms, "unknown", "session.open", "user:unknown", Outcome.REFUSED, data)
        self.door.people.note(deed)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """A provider that hangs must not take every thread of the server with it."""
        if not self._places.acquire(blocking=False):
            raise TooManyAttemptsError("Very many sign in right now.", "Try again.", wait_s=BUSY_S)
        try:
            yield
        finally:
            self._places.release()


def _refused(why: str) -> SignInError:
    return SignInError(why, "Begin the sign-in once more, or ask an administrator.")


def _told(who: Account | Membership) -> str:
    return f"{who.role} {scope_text(who.scope)}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
