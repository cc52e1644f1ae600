"""Stage: what becomes of a message after an attempt; when to try again, when to give up."""

from dataclasses import dataclass

FIRST_MS = 5_000
LONGEST_MS = 15 * 60_000
GIVE_UP_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Sent:
    """The service took it."""


@dataclass(frozen=True)
class Later:
    """The network or the service failed; ``why`` names no address, for addresses hold keys."""

    why: str


@dataclass(frozen=True)
class Busy:
    """The service says that its limit was passed: nothing is sent there for ``hold_ms``."""

    why: str
    hold_ms: int


@dataclass(frozen=True)
class Refused:
    """The service will never take it: a wrong key, a wrong body."""

    why: str


Outcome = Sent | Later | Busy | Refused


def next_try_ms(attempts: int, made_real_ms: int, now_real_ms: int) -> int | None:
    """When to try again after ``attempts`` failed ones; None is never.

    The wait doubles from 5 s to 15 min; after a day the news is no longer any.
    """
    wait_ms = min(FIRST_MS << min(attempts - 1, 20), LONGEST_MS)
    due_ms = now_real_ms + wait_ms
    return due_ms if due_ms - made_real_ms <= GIVE_UP_MS else None
