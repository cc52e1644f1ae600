"""Signing in, staying signed in, signing out. ``now_ms`` is real time, UTC ms, always passed in.

The browser holds a random 256-bit token; the store holds its SHA-256 only. The CSRF token is
derived from the session token, so it needs no storage and the database does not tell it.
"""

import hashlib
import hmac
import secrets
import threading
import unicodedata
from dataclasses import dataclass, field

from gongfu_fleet.domain.attempts import Attempts, attempt, forget
from gongfu_fleet.domain.identity import RANDOM_BYTES, uuid7
from gongfu_fleet.domain.people import Account, Principal, Role, WebSession, expired
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import (
    InvalidError,
    NotFoundError,
    SignInError,
    TooManyAttemptsError,
)
from gongfu_fleet.ports import Passwords, People

SEEN_STEP_MS = 60_000
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128
LONGEST_NAME = 80
FIRST_ADMIN = "admin"
GENERATED_BYTES = 15


@dataclass(frozen=True)
class SignedIn:
    """A session as the request that carries it sees it."""

    token: str
    principal: Principal

    @property
    def scope(self) -> Scope:
        """Which part of the fleet the caller may see and act on."""
        return self.principal.scope

    @property
    def csrf(self) -> str:
        """What unsafe requests of this session must send along."""
        return hmac.new(self.token.encode(), b"gongfu csrf", hashlib.sha256).hexdigest()

    def csrf_is(self, sent: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.csrf.encode(), sent.encode())


@dataclass
class SignIn:
    """The use cases of an account's own holder; safe to call from several threads."""

    people: People
    passwords: Passwords
    _attempts: Attempts = field(default_factory=Attempts)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sign_in(self, name: str, password: str, *, address: str, now_ms: int) -> SignedIn:
        """Open a session. Raises SignInError, TooManyAttemptsError (5 a minute)."""
        key = _key(name, address)
        self._count(key, now_ms)
        account = self.people.by_name(name)
        # An unknown name costs as much time as a wrong password.
        known = account.password_hash if account else self.passwords.decoy
        right = self.passwords.matches(known, password[:LONGEST_PASSWORD])
        if account is None or not right or not account.active:
            raise SignInError("The name or the password is wrong.", "Try again.")
        with self._lock:
            self._attempts = forget(self._attempts, key)
        token = secrets.token_urlsafe(32)
        self.people.drop_sessions_before(now_ms)
        self.people.add_session(WebSession(digest(token), account.id, now_ms, now_ms))
        return SignedIn(token, Principal(account.name, account.role, account.scope))

    def resume(self, token: str, *, now_ms: int) -> SignedIn:
        """The session of a token. Raises SignInError when there is none or it expired."""
        found = self.people.session(digest(token))
        if found is None or expired(found[0], now_ms) or not found[1].active:
            raise SignInError("You are not signed in.", "Sign in first.")
        session, account = found
        if now_ms - session.seen_ms >= SEEN_STEP_MS:
            self.people.touch_session(session.token_sha256, now_ms)
        return SignedIn(token, Principal(account.name, account.role, account.scope))

    def sign_out(self, token: str) -> None:
        """End the session; harmless when it ended already."""
        self.people.drop_session(digest(token))

    def change_password(
        self, signed_in: SignedIn, *, old: str, new: str, address: str, now_ms: int
    ) -> None:
        """Set a new password and end the account's other sessions.

        Raises SignInError, TooManyAttemptsError, InvalidError.
        """
        name = signed_in.principal.user
        self._count(_key(name, address), now_ms)
        account = self.people.by_name(name)
        if account is None or not self.passwords.matches(
            account.password_hash, old[:LONGEST_PASSWORD]
        ):
            raise SignInError("The old password is wrong.", "Type it again.")
        check_password(new)
        if new == old:
            raise InvalidError("The new password is the old one.", "Choose another.")
        self.people.set_password(account.id, self.passwords.hash(new))
        self.people.drop_sessions_of(account.id, keep=digest(signed_in.token))

    def _count(self, key: tuple[str, str], now_ms: int) -> None:
        with self._lock:
            self._attempts, allowed = attempt(self._attempts, key, now_ms)
        if not allowed:
            raise TooManyAttemptsError(
                "There were five attempts within a minute.", "Wait a minute, then try again."
            )


def _key(name: str, address: str) -> tuple[str, str]:
    return unicodedata.normalize("NFKC", name).casefold(), address


def digest(token: str) -> str:
    """SHA-256 of a session token, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_password(password: str) -> None:
    """Raise InvalidError unless it has 12 to 128 characters."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidError(
            f"The password has {len(password)} characters.",
            f"Choose {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}.",
        )


def add_account(
    people: People,
    passwords: Passwords,
    account: tuple[str, Role, str],
    *,
    now_ms: int,
    scope: Scope = EVERYTHING,
) -> None:
    """Add a person by (name, role, password). Raises InvalidError, ConflictError."""
    name, role, password = account
    check_password(password)
    if not 0 < len(name) <= LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise InvalidError("The name is empty, long or has odd spaces.", "Choose another name.")
    identity = uuid7(now_ms, secrets.token_bytes(RANDOM_BYTES))
    hashed = passwords.hash(password)
    people.add(Account(identity, name, role, hashed, active=True, created_ms=now_ms, scope=scope))


def ensure_first_admin(people: People, passwords: Passwords, *, now_ms: int) -> str | None:
    """Add ``admin`` with a generated password when nobody is registered; tell it this once."""
    if people.any():
        return None
    password = secrets.token_urlsafe(GENERATED_BYTES)
    add_account(people, passwords, (FIRST_ADMIN, Role.ADMIN, password), now_ms=now_ms)
    return password


def reset_password(people: People, passwords: Passwords, name: str) -> str:
    """Give an account a new generated password and end its sessions. Raises NotFoundError."""
    account = people.by_name(name)
    if account is None:
        raise NotFoundError(f"There is no account {name!r}.", "Check the name.")
    password = secrets.token_urlsafe(GENERATED_BYTES)
    people.set_password(account.id, passwords.hash(password))
    people.drop_sessions_of(account.id, keep="")
    return password
