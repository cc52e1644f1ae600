"""Samples that say nothing new: most of them, so they are told from the others at a glance.

While no excursion is open, a sample within the limits opens none. A newer one only becomes the
zone's ``last``; one that reaches back over a stretch without excursions changes nothing at all.
"""

import math
from typing import NamedTuple

from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS, ZoneState, block_start


class Calm(NamedTuple):
    """Samples with low <= celsius <= high and from_ms <= ts_ms < until_ms are calm.

    Of two values at one time stamp the store decides, so a value other than the newest sample's
    at the newest sample's time is not for this.
    """

    low_celsius: float
    high_celsius: float
    from_ms: int
    until_ms: int


def calm(state: ZoneState) -> Calm | None:
    """Which samples change nothing but ``last``; None while none do.

    Only within the six hours of the newest sample: beyond them a checkpoint is due, before them
    one would have to be corrected.
    """
    if state.last is None or state.high or state.low:
        return None
    block_ms = block_start(state.last[0])
    from_ms = block_ms if state.disturbed_ms is None else max(block_ms, state.disturbed_ms + 1)
    low, high = state.policy.low_celsius, state.policy.high_celsius
    return Calm(
        low_celsius=-math.inf if low is None else low,
        high_celsius=math.inf if high is None else high,
        from_ms=from_ms,
        until_ms=block_ms + CHECKPOINT_MS,
    )
