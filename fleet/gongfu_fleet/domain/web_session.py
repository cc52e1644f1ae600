"""A signed-in browser: how long it stays so, and when it gets a new token. Pure.

A token is replaced every hour. Requests that travel at that moment still carry the old one, and
the answer with the new one may be lost: the old one is good until the new one is seen, and for a
minute after that. Times are real, UTC ms.
"""

from dataclasses import dataclass, replace
from enum import Enum

IDLE_MS = 8 * 3_600_000
ABSOLUTE_MS = 7 * 24 * 3_600_000
ROTATE_MS = 3_600_000
GRACE_MS = 60_000
SEEN_STEP_MS = 60_000


@dataclass(frozen=True)
class WebSession:
    """A session by the SHA-256 (hex) of its token and of the one before.

    ``confirmed_ms`` is when the present token was first shown, None before. ``address`` and
    ``agent`` tell its holder which browser it is.
    """

    id: str
    account_id: str
    token_sha256: str
    created_ms: int
    seen_ms: int
    rotated_ms: int
    previous_sha256: str | None = None
    confirmed_ms: int | None = None
    address: str = ""
    agent: str = ""


class Step(Enum):
    """What a request that shows a token of the session leads to."""

    REFUSE = "refuse"
    PASS = "pass"  # noqa: S105 - no password
    CONFIRM = "confirm"
    ROTATE = "rotate"


def expired(session: WebSession, now_ms: int) -> bool:
    """Whether 8 h without use or 7 d since sign-in have passed; a clock set back ends it too."""
    idle, age = now_ms - session.seen_ms, now_ms - session.created_ms
    return idle >= IDLE_MS or age >= ABSOLUTE_MS or age < -IDLE_MS


def step(session: WebSession, shown_sha256: str, now_ms: int) -> Step:
    """Judge a token that belongs, or belonged, to the session."""
    if expired(session, now_ms):
        return Step.REFUSE
    if shown_sha256 == session.token_sha256:
        if session.previous_sha256 and session.confirmed_ms is None:
            return Step.CONFIRM
        return Step.ROTATE if now_ms - session.rotated_ms >= ROTATE_MS else Step.PASS
    if shown_sha256 != session.previous_sha256:
        return Step.REFUSE
    if session.confirmed_ms is not None:
        return Step.PASS if now_ms - session.confirmed_ms < GRACE_MS else Step.REFUSE
    # Nobody has shown the new token for a minute: its answer was lost, so make another.
    return Step.ROTATE if now_ms - session.rotated_ms >= GRACE_MS else Step.PASS


def rotated(session: WebSession, shown: str, new: str, now_ms: int) -> WebSession:
    """The session with a new token; ``shown`` and ``new`` are SHA-256."""
    return replace(
        session,
        token_sha256=new,
        previous_sha256=shown,
        rotated_ms=now_ms,
        confirmed_ms=None,
        seen_ms=now_ms,
    )
