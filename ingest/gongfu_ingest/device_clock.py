"""How far off a device's clock is, per (device, boot): pure arithmetic on live messages.

Evidence is the lateness of each live message: when it was received minus its newest stamp. A delay
only makes that larger, so the smallest of up to an hour is the offset. It counts once live messages
have agreed for a minute; until then stamps are believed where they can be true. A stamp that runs
backwards, or leaps ahead, means that the clock was set: the estimate begins anew, and what was
numbered before keeps the offset of its own time. All times and offsets are UTC milliseconds.
"""

import json
from enum import StrEnum
from typing import NamedTuple

from gongfu_broker.payloads import Reason

FOREVER_MS = 2**62
# Limits of reference/cold-chain.md: correct beyond the first, refuse beyond the second.
TOLERATED_MS = 120_000
FUTURE_MS = 300_000
# No device of ours was made before 2020; an unset clock starts in 1970 or 2000.
EARLIEST_MS = 1_577_836_800_000
SURE_AFTER_MS = 60_000
# Two of these make the hour; the older one goes when the newer one is full of live messages.
HALF_HOUR_MS = 1_800_000
# Smaller changes are no news, so that the state of a good clock rarely changes.
NEWS_MS = 5_000
NEWER_MS = 60_000


class Flag(StrEnum):
    """What became of a message's stamps; AHEAD and UNSET are refused."""

    RIGHT = "right"
    CORRECTED = "corrected"
    UNPROVEN = "unproven"
    AHEAD = "ahead"
    UNSET = "unset"


REASONS = {Flag.AHEAD: Reason.CLOCK_AHEAD, Flag.UNSET: Reason.CLOCK_UNSET}


class DeviceClock(NamedTuple):
    """What live messages have shown of one boot's clock since it was last set.

    ``offset_ms`` is added to stamps with numbers from ``first_seq`` on, once ``known``; older
    numbers get ``earlier_ms``. ``low_ms`` and ``before_ms``: the smallest lateness since
    ``begun_ms`` (a time of receipt) and in the half hour before it. ``seq`` and ``newest_ms``: a
    recent message and its newest stamp. ``sure_ms``: when the minute was over for a clock that
    seems slow; only what is received later makes it known, for a queue may drain all at once.
    """

    offset_ms: int
    known: bool
    low_ms: int
    before_ms: int
    begun_ms: int
    seq: int
    newest_ms: int
    first_seq: int = 0
    earlier_ms: int = 0
    sure_ms: int = 0

    @property
    def estimate_ms(self) -> int:
        """The offset as far as the evidence goes."""
        return min(self.low_ms, self.before_ms)

    def offset_of(self, seq: int) -> int:
        """What to add to the stamps of a message of this number."""
        return self.offset_ms if seq >= self.first_seq else self.earlier_ms


class Stamps(NamedTuple):
    """When a message was received, its number, and its oldest and newest stamps by the device."""

    received_ms: int
    seq: int
    oldest_ms: int
    newest_ms: int


class Resolved(NamedTuple):
    """The clock after a message, what to add to the message's stamps, and what to think of them."""

    clock: DeviceClock | None
    offset_ms: int
    flag: Flag


def resolve(
    clock: DeviceClock | None, stamps: Stamps, *, live: bool, kept_ms: int = FOREVER_MS
) -> Resolved:
    """Judge a message's stamps by its boot's clock. Only ``live`` ones (``tel``) are evidence.

    A clock that is not known yet and seems slower than ``kept_ms`` is not believed: rows of that
    time would be forgotten before it is known.
    """
    if live:
        clock = observe(clock, stamps)
    offset = clock.offset_of(stamps.seq) if clock else 0
    flag = judge(stamps.oldest_ms + offset, stamps.newest_ms + offset, stamps.received_ms)
    if flag is Flag.RIGHT:
        if offset:
            flag = Flag.CORRECTED
        elif clock and not clock.known and stamps.seq >= clock.first_seq:
            if clock.low_ms > kept_ms:
                flag = Flag.UNSET
            elif live and clock.low_ms > TOLERATED_MS:
                flag = Flag.UNPROVEN
    return Resolved(clock, offset, flag)


def judge(oldest_ms: int, newest_ms: int, received_ms: int) -> Flag:
    """Whether resolved stamps can be true: RIGHT, AHEAD or UNSET."""
    if newest_ms > received_ms + FUTURE_MS:
        return Flag.AHEAD
    return Flag.UNSET if oldest_ms < EARLIEST_MS else Flag.RIGHT


def is_quiet(clock: DeviceClock, seq: int, *, received_ms: int, newest_ms: int) -> bool:
    """Whether a live message is as expected: no news, its stamps can be true as they are."""
    late_ms = received_ms - newest_ms
    return (
        clock.offset_ms == 0
        and received_ms < clock.begun_ms + (HALF_HOUR_MS if clock.known else SURE_AFTER_MS)
        and late_ms >= clock.low_ms - NEWS_MS
        and late_ms >= -FUTURE_MS
        and (clock.known or clock.low_ms <= TOLERATED_MS)
        and clock.newest_ms - TOLERATED_MS <= newest_ms < clock.newest_ms + NEWER_MS
        and seq >= clock.first_seq
    )


def observe(clock: DeviceClock | None, stamps: Stamps) -> DeviceClock:
    """Take a live message as evidence; the very same object when it is no news."""
    received_ms, seq, _, newest_ms = stamps
    late_ms = received_ms - newest_ms
    if clock is None:
        return DeviceClock(
            offset_ms=0,
            known=False,
            low_ms=late_ms,
            before_ms=late_ms,
            begun_ms=received_ms,
            seq=seq,
            newest_ms=newest_ms,
        )
    if seq <= clock.seq or is_quiet(clock, seq, received_ms=received_ms, newest_ms=newest_ms):
        return clock
    if _was_set(clock, stamps, late_ms):
        return _begin_anew(clock, stamps, late_ms)
    return _learn(clock, stamps, late_ms)


def _was_set(clock: DeviceClock, stamps: Stamps, late_ms: int) -> bool:
    """Whether this message cannot come from the same clock at the same setting."""
    if stamps.newest_ms < clock.newest_ms - TOLERATED_MS:
        return True
    if not clock.known:
        # A queue that drains delivers stamps faster than time passes: its delays prove nothing.
        passed_ms = max(0, stamps.received_ms - clock.begun_ms)
        return late_ms < clock.before_ms - NEWS_MS - passed_ms // 4
    estimate = clock.estimate_ms
    if late_ms < estimate - TOLERATED_MS:
        return True
    # Right by itself while we correct it: the device's clock, or ours, was put right.
    right = abs(late_ms) <= TOLERATED_MS
    return clock.offset_ms < 0 and right and late_ms > estimate + TOLERATED_MS


def _begin_anew(clock: DeviceClock, stamps: Stamps, late_ms: int) -> DeviceClock:
    back = stamps.newest_ms < clock.newest_ms - TOLERATED_MS
    return DeviceClock(
        offset_ms=0,
        known=False,
        low_ms=late_ms,
        before_ms=late_ms,
        begun_ms=stamps.received_ms,
        seq=stamps.seq,
        newest_ms=stamps.newest_ms,
        # What was never sure of itself has left no offset behind.
        first_seq=stamps.seq if clock.known or back else clock.first_seq,
        earlier_ms=clock.offset_ms if clock.known else clock.earlier_ms,
    )


def _learn(clock: DeviceClock, stamps: Stamps, late_ms: int) -> DeviceClock:
    low, before, begun = clock.low_ms, clock.before_ms, clock.begun_ms
    if late_ms < low - NEWS_MS:
        low = late_ms
    passed_ms = stamps.received_ms - begun
    if clock.known and passed_ms >= HALF_HOUR_MS:
        low, before, begun = late_ms, low, stamps.received_ms
    estimate = min(low, before)
    sure, sure_ms = passed_ms >= SURE_AFTER_MS, clock.sure_ms
    if sure and estimate > TOLERATED_MS:
        sure = 0 < sure_ms < stamps.received_ms - NEWS_MS
        sure_ms = sure_ms or stamps.received_ms
    known = clock.known or sure
    newer = stamps.newest_ms >= clock.newest_ms + NEWER_MS
    learnt = DeviceClock(
        offset_ms=estimate if known and abs(estimate) > TOLERATED_MS else 0,
        known=known,
        low_ms=low,
        before_ms=before,
        begun_ms=begun,
        seq=stamps.seq if newer else clock.seq,
        newest_ms=stamps.newest_ms if newer else clock.newest_ms,
        first_seq=clock.first_seq,
        earlier_ms=clock.earlier_ms,
        sure_ms=sure_ms,
    )
    return clock if learnt == clock else learnt


def to_text(clock: DeviceClock) -> str:
    """One clock as JSON, for the column of a table."""
    return json.dumps(clock, separators=(",", ":"))


def from_text(text: str) -> DeviceClock:
    """Read what ``to_text`` wrote."""
    return DeviceClock(*json.loads(text))
