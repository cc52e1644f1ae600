"""What sign-in, people and tokens need from outside; adapters fit these shapes.

Every method that changes something for somebody takes the ``Deed`` along and appends it to the
audit log in the same transaction. ``*_sha256`` are hex digests of secrets never kept themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gongfu_fleet.domain.attempts import Bucket
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.people import Account, Change
from gongfu_fleet.domain.tokens import ApiToken
from gongfu_fleet.domain.web_session import WebSession


class Passwords(Protocol):
    """Hashing of passwords."""

    @property
    def decoy(self) -> str:
        """A hash that nobody's password gives."""
        ...

    def hash(self, password: str) -> str:
        """A salted hash."""
        ...

    def matches(self, known: str, password: str) -> bool:
        """Whether the password gave this hash."""
        ...


class People(Protocol):
    """Accounts."""

    def any(self) -> bool:
        """Whether anybody is registered."""
        ...

    def all(self) -> Sequence[Account]:
        """Everybody, by name."""
        ...

    def by_name(self, name: str) -> Account | None:
        """The account of exactly this name."""
        ...

    def by_id(self, account_id: str) -> Account | None:
        """The account of this id."""
        ...

    def add(self, account: Account, *deeds: Deed) -> None:
        """Register a person. Raises ConflictError when the name is taken."""
        ...

    def change(self, account_id: str, change: Change, *, deed: Deed, keep: str = "") -> Account:
        """Change an account; what its sessions may changes at once.

        When the change signs out, its sessions but ``keep`` end, browsers are known no more, and
        without ``keep`` its tokens are revoked. Raises NotFoundError, and ConflictError when
        nobody would be left who can administer everything.
        """
        ...


@dataclass(frozen=True)
class Opening:
    """A session to open: in which known browser, ending which, having passed which counts."""

    web: WebSession
    browser_sha256: str
    instead_of: str | None
    passed: tuple[Bucket, ...]


class Sessions(Protocol):
    """Web sessions, the browsers that accounts signed in with, and failed attempts."""

    def knows_browser(self, browser_sha256: str, account_id: str, now_ms: int) -> bool:
        """Whether the account signed in with this browser in the last 180 days."""
        ...

    def knows_address(self, address: str, account_id: str, now_ms: int) -> bool:
        """Whether it signed in at this address in the last 180 days."""
        ...

    def reserve(self, buckets: Sequence[Bucket], now_ms: int) -> int:
        """Count one attempt in each and return 0, or count nothing and return the wait in ms."""
        ...

    def note(self, deed: Deed) -> None:
        """Append a deed that changes nothing else."""
        ...

    def open_session(self, opening: Opening, deed: Deed) -> None:
        """Keep a session, know its browser, take back what its attempt counted."""
        ...

    def session(self, token_sha256: str) -> tuple[WebSession, Account] | None:
        """The session whose token this is or was before the last rotation; expired or not."""
        ...

    def session_by_id(self, session_id: str) -> tuple[WebSession, Account] | None:
        """A session, expired or not."""
        ...

    def sessions_of(self, account_id: str) -> Sequence[WebSession]:
        """Its sessions, newest first, expired ones too."""
        ...

    def rotate(self, web: WebSession, instead_of: str) -> bool:
        """Store a rotated session if its token is still ``instead_of``; whether it was."""
        ...

    def seen(self, session_id: str, now_ms: int, *, confirmed: bool = False) -> None:
        """Note that the session was used; a store that is full is no reason to refuse."""
        ...

    def drop_session(self, session_id: str, account_id: str, deed: Deed) -> bool:
        """End a session of this account; whether there was one."""
        ...


class TokenStore(Protocol):
    """API tokens."""

    def add(self, token: ApiToken, deed: Deed) -> None:
        """Keep a token."""
        ...

    def find(self, token_sha256: str) -> tuple[ApiToken, Account] | None:
        """A token with its owner, living or not."""
        ...

    def of(self, account_id: str) -> Sequence[ApiToken]:
        """The account's tokens, newest first."""
        ...

    def used(self, token_id: str, now_ms: int) -> None:
        """Note that it was used; a store that is full is no reason to refuse."""
        ...

    def revoke(self, token_id: str, account_id: str | None, deed: Deed) -> bool:
        """End a token (of this account); whether there was one that was not revoked before."""
        ...
