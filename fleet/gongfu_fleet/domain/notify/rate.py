"""Stage: how long a bot must wait so that its service's limit is never passed.

An exact window instead of a token bucket: a bucket that holds n and refills n per minute lets up
to 2n - 1 pass within one minute, and DingTalk then blocks for ten (ADR 0030). An attempt counts
from its end, because it may have arrived as late as that; the next one cannot arrive before its
own start. So no window of the service holds more than ``most``, whatever the network does.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

# An attempt whose end is unknown, because we died in it, ended at the latest when it timed out.
LONGEST_ATTEMPT_MS = 15_000
# Two clocks never run quite alike.
MARGIN_MS = 500
# Of every four places one is kept for what is critical.
RESERVE = 4


class Attempt(NamedTuple):
    """One request to the service, real time; ``ended_ms`` is None while it runs."""

    started_ms: int
    ended_ms: int | None = None


class Window(NamedTuple):
    """At most ``most`` requests in any ``span_ms``."""

    most: int
    span_ms: int


@dataclass(frozen=True)
class Limits:
    """What a service allows: requests in each of the windows, bytes of one text or body."""

    windows: tuple[Window, ...]
    most_bytes: int

    @property
    def memory_ms(self) -> int:
        """Attempts that ended longer ago need not be remembered."""
        return max((window.span_ms for window in self.windows), default=0) + MARGIN_MS


def wait_ms(
    attempts: Iterable[Attempt], limits: Limits, now_real_ms: int, *, critical: bool
) -> int:
    """How long until the next attempt may start; 0 is now."""
    ends = sorted(_end_ms(attempt) for attempt in attempts)
    return max(
        (_wait_ms(ends, window, now_real_ms, critical=critical) for window in limits.windows),
        default=0,
    )


def _wait_ms(ends: list[int], window: Window, now_real_ms: int, *, critical: bool) -> int:
    places = window.most if critical else max(1, window.most - window.most // RESERVE)
    span_ms = window.span_ms + MARGIN_MS
    inside = [end for end in ends if end > now_real_ms - span_ms]
    if len(inside) < places:
        return 0
    return inside[len(inside) - places] + span_ms - now_real_ms


def _end_ms(attempt: Attempt) -> int:
    if attempt.ended_ms is None:
        return attempt.started_ms + LONGEST_ATTEMPT_MS
    return attempt.ended_ms
