"""The limit of sign-in attempts per account and address. Times are UTC ms."""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_ATTEMPTS = 5
PERIOD_MS = 60_000
MAX_KEYS = 10_000

Key = tuple[str, str]


@dataclass(frozen=True)
class Attempts:
    """Times of recent attempts per (account, address)."""

    recent: Mapping[Key, tuple[int, ...]] = field(default_factory=dict)


def attempt(state: Attempts, key: Key, now_ms: int) -> tuple[Attempts, bool]:
    """Count one attempt; False when five were made within the last minute (it is not counted)."""
    recent = {k: v for k, v in state.recent.items() if _lately(v, now_ms)}
    mine = _lately(recent.get(key, ()), now_ms)
    if len(mine) >= MAX_ATTEMPTS:
        return Attempts(recent), False
    # A flood of invented names must not grow the table; the eldest entry makes room.
    if key not in recent and len(recent) >= MAX_KEYS:
        del recent[next(iter(recent))]
    recent[key] = (*mine, now_ms)
    return Attempts(recent), True


def forget(state: Attempts, key: Key) -> Attempts:
    """A right password clears the count."""
    return Attempts({k: v for k, v in state.recent.items() if k != key})


def _lately(times: tuple[int, ...], now_ms: int) -> tuple[int, ...]:
    return tuple(t for t in times if -PERIOD_MS < now_ms - t < PERIOD_MS)
