"""Stage: a flood of notices turns the channel to digests, for all but what is critical.

ISA-18.2 / EEMUA 191: ten new ones in ten minutes are more than a person can take; it is over when
fewer than five came in ten minutes. Counted in real time, for people read in real time.
"""

from collections.abc import Iterable

WINDOW_MS = 10 * 60_000
BEGINS_AT = 10
ENDS_BELOW = 5


def flooded(made_real_ms: Iterable[int], now_real_ms: int, *, before: bool) -> bool:
    """Whether the channel is in flood, from what it was and when its alarms were made."""
    recent = sum(now_real_ms - WINDOW_MS < made <= now_real_ms for made in made_real_ms)
    return recent >= (ENDS_BELOW if before else BEGINS_AT)
