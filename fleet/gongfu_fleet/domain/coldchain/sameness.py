"""How long a channel has said exactly the same, and how long that is natural for it."""

from typing import NamedTuple


class Sameness(NamedTuple):
    """The run of identical values that is going on, and the longest that was ended by another."""

    celsius: float | None = None
    since_ms: int = 0
    longest_ms: int | None = None


def repeated(
    before: Sameness, celsius: float, *, since_ms: int, ts_ms: int, learning: bool
) -> Sameness:
    """After a good value at ``ts_ms``; ``since_ms`` is where a new run starts (a gap ends one)."""
    if celsius == before.celsius and since_ms <= before.since_ms:
        return before
    longest = before.longest_ms
    if learning and before.celsius is not None and celsius != before.celsius:
        longest = max(longest or 0, ts_ms - before.since_ms)
    return Sameness(celsius, ts_ms, longest)
