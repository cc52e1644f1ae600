"""From evidence to a standing: pending until the on-delay, clearing until the off-delay.

The same state machine as the plain rule's (``alarms/timeline.py``): a gap neither raises nor
clears, and evidence for neither side ends what is pending and takes clearing back to active.
"""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.rules.rule import NORMAL, Standing
from gongfu_fleet.domain.alarms.timeline import Condition


class Latch(NamedTuple):
    """``begin_ms`` None: nothing is wrong."""

    begin_ms: int | None = None
    raised_ms: int | None = None
    clearing_ms: int | None = None


class Evidence(NamedTuple):
    """What one reading says: wrong since ``begin_ms``, or well; neither is neither.

    Delays are ms of event time; ``gap``: nobody measured just before.
    """

    wrong: bool
    well: bool
    begin_ms: int
    on_delay_ms: float
    off_delay_ms: float
    gap: bool = False


CALM = Latch()


def turned(latch: Latch, ts_ms: int, evidence: Evidence) -> tuple[Latch, Standing]:
    """The latch after one reading's evidence."""
    if evidence.wrong:
        return _wrong(latch, ts_ms, evidence)
    if latch.begin_ms is None or latch.raised_ms is None:
        return CALM, NORMAL
    if not evidence.well:
        return held(Latch(latch.begin_ms, latch.raised_ms))
    clearing_ms = latch.clearing_ms
    if clearing_ms is None or evidence.gap:
        clearing_ms = ts_ms
    if ts_ms - clearing_ms >= evidence.off_delay_ms:
        return CALM, Standing(Condition.NORMAL, latch.begin_ms, latch.raised_ms, clearing_ms)
    return held(Latch(latch.begin_ms, latch.raised_ms, clearing_ms))


def held(latch: Latch) -> tuple[Latch, Standing]:
    """The latch as it is: the reading says nothing."""
    if latch.begin_ms is None:
        return latch, NORMAL
    if latch.raised_ms is None:
        return latch, Standing(Condition.PENDING, latch.begin_ms)
    condition = Condition.ACTIVE if latch.clearing_ms is None else Condition.CLEARING
    return latch, Standing(condition, latch.begin_ms, latch.raised_ms)


def _wrong(latch: Latch, ts_ms: int, evidence: Evidence) -> tuple[Latch, Standing]:
    begin_ms = evidence.begin_ms if latch.begin_ms is None else latch.begin_ms
    raised_ms = latch.raised_ms
    if raised_ms is None and ts_ms - begin_ms >= evidence.on_delay_ms:
        raised_ms = ts_ms
    return held(Latch(begin_ms, raised_ms))
