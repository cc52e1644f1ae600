"""Signing in, staying signed in, signing out. ``now_ms`` is real time, UTC ms, always passed in.

The browser holds a random token of two parts; the store holds the SHA-256 of the whole only. The
first part stays while the token is replaced every hour, and the CSRF token is derived from it: it
needs no storage, and the database does not tell it.
"""

import hashlib
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from gongfu_fleet.domain import attempts
from gongfu_fleet.domain.attempts import Bucket, Counts
from gongfu_fleet.domain.audit import Deed, Outcome
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.domain.people import Account, Change, Principal
from gongfu_fleet.domain.scope import Scope
from gongfu_fleet.domain.web_session import (
    SEEN_STEP_MS,
    Step,
    WebSession,
    expired,
    rotated,
    step,
)
from gongfu_fleet.errors import (
    InvalidError,
    NotFoundError,
    SignInError,
    TooManyAttemptsError,
)
from gongfu_fleet.services.passwords import LONGEST, check_password
from gongfu_fleet.services.people_ports import Opening, Passwords, People, Sessions
from gongfu_fleet.services.refusals import Refusals

STRANGERS_IN_LINE = 16
BUSY_S = 2
# Known browsers go first, but a crowd of them does not keep strangers out for good.
STEP_BACK_S = 1.0
LONGEST_AGENT = 200
LONGEST_ADDRESS = 60


class Store(People, Sessions, Protocol):
    """What holds accounts and sessions."""


@dataclass(frozen=True)
class Visit:
    """Where a person signs in from: ``browser`` and ``session`` are what its cookies say."""

    address: str
    agent: str = ""
    browser: str = ""
    session: str = ""


@dataclass(frozen=True)
class SignedIn:
    """A session, or a token, as the request that carries it sees it.

    ``fresh`` says that ``token`` is new and the browser must be told. ``browser`` is set at
    sign-in: what makes this browser known the next time.
    """

    token: str
    principal: Principal
    account_id: str = ""
    session_id: str = ""
    fresh: bool = False
    browser: str = ""

    @property
    def scope(self) -> Scope:
        """Which part of the fleet the caller may see and act on."""
        return self.principal.scope

    @property
    def csrf(self) -> str:
        """What unsafe requests of this session must send along."""
        root = self.token.partition(".")[0]
        return hmac.new(root.encode(), b"gongfu csrf", hashlib.sha256).hexdigest()

    def csrf_is(self, sent: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.csrf.encode(), sent.encode())


@dataclass
class SignIn:
    """The use cases of an account's own holder; safe to call from several threads."""

    people: Store
    passwords: Passwords
    refusals: Refusals = field(default_factory=Refusals)
    _line: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(STRANGERS_IN_LINE)
    )
    _first: threading.Lock = field(default_factory=threading.Lock)
    _calm: threading.Condition = field(default_factory=threading.Condition)
    _known: int = 0

    def sign_in(self, name: str, password: str, *, visit: Visit, now_ms: int) -> SignedIn:
        """Open a session. Raises SignInError, TooManyAttemptsError with the wait."""
        account = self.people.by_name(name)
        caller = self._caller(name, account, visit, now_ms)
        attempt = _Attempt("session.open", attempts.buckets(caller), visit.address, now_ms)
        if caller.browser:
            with self._ahead():
                known = self._prove(account, password, attempt)
        else:
            with self._in_line():
                known = self._prove(account, password, attempt)
        if known is None:
            raise SignInError("The name or the password is wrong.", "Try again.")
        return self.enter(known, visit, passed=attempt.passed, now_ms=now_ms)

    def enter(
        self,
        account: Account,
        visit: Visit,
        *,
        passed: tuple[Bucket, ...] = (),
        now_ms: int,
        via: str = "",
    ) -> SignedIn:
        """Open a session for somebody who proved who they are; ``via``: to whom, if not to us."""
        token = f"{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}"
        browser = visit.browser or secrets.token_urlsafe(32)
        web = WebSession(
            id=uuid7(now_ms, secrets.token_bytes(RANDOM_BYTES)),
            account_id=account.id,
            token_sha256=digest(token),
            created_ms=now_ms,
            seen_ms=now_ms,
            rotated_ms=now_ms,
            address=visit.address[:LONGEST_ADDRESS],
            agent=visit.agent[:LONGEST_AGENT],
        )
        before = digest(visit.session) if visit.session else None
        opening = Opening(web, digest(browser), instead_of=before, passed=passed)
        told = {"address": web.address} | ({"via": via} if via else {})
        self.people.open_session(opening, _deed("session.open", account.name, now_ms, **told))
        return _signed_in(token, web, account, fresh=True, browser=browser)

    def resume(self, token: str, *, now_ms: int) -> SignedIn:
        """The session of a token. Raises SignInError when there is none or it expired."""
        shown = digest(token)
        found = self.people.session(shown)
        todo = step(found[0], shown, now_ms) if found else Step.REFUSE
        if found is None or todo is Step.REFUSE or not found[1].active:
            raise SignInError("You are not signed in.", "Sign in first.")
        web, account = found
        if todo is Step.ROTATE:
            new = _next_token(token)
            if self.people.rotate(rotated(web, shown, digest(new), now_ms), web.token_sha256):
                return _signed_in(new, web, account, fresh=True)
        elif todo is Step.CONFIRM:
            self.people.seen(web.id, now_ms, confirmed=True)
        elif now_ms - web.seen_ms >= SEEN_STEP_MS:
            self.people.seen(web.id, now_ms)
        return _signed_in(token, web, account)

    def still(self, signed_in: SignedIn, *, now_ms: int) -> SignedIn:
        """The session of a long stream as it is now, its token replaced or not.

        Raises SignInError.
        """
        found = self.people.session_by_id(signed_in.session_id)
        if found is None or expired(found[0], now_ms) or not found[1].active:
            raise SignInError("You are not signed in any more.", "Sign in again.")
        if now_ms - found[0].seen_ms >= SEEN_STEP_MS:
            self.people.seen(found[0].id, now_ms)
        return replace(signed_in, principal=found[1].principal)

    def sessions(self, signed_in: SignedIn, *, now_ms: int) -> list[WebSession]:
        """The living sessions of the caller's account, newest first."""
        found = self.people.sessions_of(signed_in.account_id)
        return [web for web in found if not expired(web, now_ms)]

    def sign_out(self, signed_in: SignedIn, *, now_ms: int, session_id: str | None = None) -> None:
        """End this session, or another one of the same account. Raises NotFoundError."""
        other = session_id or signed_in.session_id
        deed = _deed("session.close", signed_in.principal.user, now_ms, session=other)
        if not self.people.drop_session(other, signed_in.account_id, deed) and session_id:
            raise NotFoundError("There is no such session.", "Look at the list of sessions.")

    def change_password(self, signed_in: SignedIn, *, old: str, new: str, now_ms: int) -> SignedIn:
        """Set a new password, end the account's other sessions; this one gets a new token.

        Raises SignInError, TooManyAttemptsError, InvalidError.
        """
        # Whoever holds a stolen session does not get to guess the password with it.
        bucket = Bucket(Counts.BROWSER, f"{signed_in.account_id}\npassword")
        attempt = _Attempt("password.change", (bucket,), "", now_ms)
        account = self._prove(self.people.by_id(signed_in.account_id), old, attempt)
        if account is None:
            raise SignInError("The old password is wrong.", "Type it again.")
        check_password(new)
        if new == old:
            raise InvalidError("The new password is the old one.", "Choose another.")
        self.people.change(
            account.id,
            Change(password_hash=self.passwords.hash(new)),
            deed=_deed("password.change", account.name, now_ms),
            keep=signed_in.session_id,
        )
        found = self.people.session_by_id(signed_in.session_id)
        token = _next_token(signed_in.token)
        if found:
            # At once: the old token may be the reason for the change.
            web = replace(rotated(found[0], "", digest(token), now_ms), previous_sha256=None)
            self.people.rotate(web, found[0].token_sha256)
        return replace(signed_in, token=token, fresh=True)

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        """One stranger at a time: known browsers share processor and database with no more."""
        if not self._line.acquire(blocking=False):
            raise TooManyAttemptsError("Very many sign in right now.", "Try again.", wait_s=BUSY_S)
        try:
            with self._first:
                with self._calm:
                    self._calm.wait_for(lambda: not self._known, STEP_BACK_S)
                yield
        finally:
            self._line.release()

    @contextmanager
    def _ahead(self) -> Iterator[None]:
        """While a known browser's password is checked, no stranger's check begins."""
        with self._calm:
            self._known += 1
        try:
            yield
        finally:
            with self._calm:
                self._known -= 1
                self._calm.notify_all()

    def _prove(self, account: Account | None, password: str, attempt: "_Attempt") -> Account | None:
        """The account if this is its password; a wrong one is counted and noted."""
        if wait := self.people.reserve(attempt.passed, attempt.now_ms):
            wait_s = -(-wait // 1000)
            raise TooManyAttemptsError(
                "There were too many wrong attempts.",
                f"Wait {wait_s} s, then try again.",
                wait_s=wait_s,
            )
        # An unknown name costs as much time as a wrong password.
        known = account.password_hash if account else self.passwords.decoy
        right = self.passwords.matches(known, password[:LONGEST])
        if account is None or not right or not account.active:
            self._refuse(account, attempt)
            return None
        return account

    def _caller(
        self, name: str, account: Account | None, visit: Visit, now_ms: int
    ) -> attempts.Caller:
        key = unicodedata.normalize("NFKC", name).casefold()
        if account is None:
            return attempts.Caller(key, visit.address)
        browser = digest(visit.browser)
        if visit.browser and self.people.knows_browser(browser, account.id, now_ms):
            return attempts.Caller(key, visit.address, browser)
        known = self.people.knows_address(visit.address, account.id, now_ms)
        return attempts.Caller(key, visit.address, address_known=known)

    def _refuse(self, account: Account | None, attempt: "_Attempt") -> None:
        untold = self.refusals.told(attempt.now_ms)
        if untold is None:
            return
        # A name that nobody has may be a password typed into the wrong field.
        name = account.name if account else "unknown"
        data = {"address": attempt.address} | ({"untold_before": untold} if untold else {})
        deed = Deed(attempt.now_ms, name, attempt.action, f"user:{name}", Outcome.REFUSED, data)
        self.people.note(deed)


@dataclass(frozen=True)
class _Attempt:
    """A password shown: for what, past which counts, from where, when."""

    action: str
    passed: tuple[Bucket, ...]
    address: str
    now_ms: int


def digest(token: str) -> str:
    """SHA-256 of a token, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def _next_token(token: str) -> str:
    return f"{token.partition('.')[0]}.{secrets.token_urlsafe(32)}"


def _signed_in(
    token: str, web: WebSession, account: Account, *, fresh: bool = False, browser: str = ""
) -> SignedIn:
    return SignedIn(token, account.principal, account.id, web.id, fresh=fresh, browser=browser)


def _deed(action: str, user: str, now_ms: int, **data: str) -> Deed:
    return Deed(now_ms, user, action, f"user:{user}", data=data)
