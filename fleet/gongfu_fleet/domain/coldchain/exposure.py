"""How long and how far goods were beyond a limit: degree-minutes, the 4/6-hour rule, WHO's runs.

Sources: FDA Food Code 3-501.19 (time as a control), WHO PQS E006 (loggers' alarms). Each span says
that the goods had this temperature for so long; a sample stands for the time before it.
"""

from enum import StrEnum
from typing import NamedTuple

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
# FDA Food Code 3-501.19: 4 h in all, or 6 h when the food never passed 21 degrees (70 F).
FOUR_HOURS_MS = 4 * HOUR_MS
SIX_HOURS_MS = 6 * HOUR_MS
NEVER_ABOVE_CELSIUS = 21.0
# WHO PQS: above +8 for 10 h on end; at or below -0.5 for 60 min on end.
WHO_HIGH_CELSIUS, WHO_HIGH_MS = 8.0, 10 * HOUR_MS
WHO_LOW_CELSIUS, WHO_LOW_MS = -0.5, HOUR_MS


class Exposure(NamedTuple):
    """Time above a limit; ``possible_ms`` is time in which it may have been above: a gap."""

    over_ms: int = 0
    degree_minutes: float = 0.0
    possible_ms: int = 0
    unknown_ms: int = 0
    warmest_celsius: float | None = None


class TimeControl(StrEnum):
    """Which of the two rules the operator has chosen for the food."""

    FOUR_HOURS = "four_hours"
    SIX_HOURS = "six_hours"


def exposed(before: Exposure, limit: float, celsius: float, duration_ms: int) -> Exposure:
    """The goods were at ``celsius`` for ``duration_ms``; the limit itself is still good."""
    over = celsius > limit
    warmest = before.warmest_celsius
    return Exposure(
        before.over_ms + (duration_ms if over else 0),
        before.degree_minutes + (max(0.0, celsius - limit) * duration_ms / MINUTE_MS),
        before.possible_ms,
        before.unknown_ms,
        celsius if warmest is None else max(warmest, celsius),
    )


def unmeasured(before: Exposure, limit: float, high_celsius: float, duration_ms: int) -> Exposure:
    """Nobody measured; ``high_celsius`` is the warmest the goods can have become meanwhile."""
    possible = before.possible_ms + (duration_ms if high_celsius > limit else 0)
    return before._replace(possible_ms=possible, unknown_ms=before.unknown_ms + duration_ms)


def to_discard(exposure: Exposure, rule: TimeControl) -> bool:
    """Whether the time out of control is used up (FDA 3-501.19)."""
    if rule is TimeControl.FOUR_HOURS:
        return exposure.over_ms > FOUR_HOURS_MS
    warmest = exposure.warmest_celsius
    too_warm = warmest is not None and warmest > NEVER_ABOVE_CELSIUS
    return exposure.over_ms > (0 if too_warm else SIX_HOURS_MS)


class WhoRuns(NamedTuple):
    """How long it has been too warm, and too cold, without a break."""

    high_ms: int = 0
    low_ms: int = 0

    @property
    def high(self) -> bool:
        """WHO's high alarm."""
        return self.high_ms >= WHO_HIGH_MS

    @property
    def low(self) -> bool:
        """WHO's low alarm."""
        return self.low_ms >= WHO_LOW_MS


def who_run(before: WhoRuns, celsius: float, duration_ms: int) -> WhoRuns:
    """After ``duration_ms`` at ``celsius``; -0.5 itself is too cold, +8 is not too warm."""
    high = before.high_ms + duration_ms if celsius > WHO_HIGH_CELSIUS else 0
    low = before.low_ms + duration_ms if celsius <= WHO_LOW_CELSIUS else 0
    return WhoRuns(high, low)
