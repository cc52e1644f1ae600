"""Correct the stamps of a wrong clock, refuse those that cannot be true; both stamps are kept."""

from dataclasses import dataclass
from typing import Protocol

from gongfu_broker.topics import Leaf
from gongfu_ingest.device_clock import (
    EARLIEST_MS,
    FOREVER_MS,
    REASONS,
    DeviceClock,
    Flag,
    Stamps,
    is_quiet,
    judge,
    resolve,
)
from gongfu_ingest.messages import Draft, Numbered, Rejected

_TEL = Leaf.TEL


class Clocks(Protocol):
    """The clock of each (device, boot) as it stands after the message before."""

    def get(self, key: tuple[str, int], /) -> DeviceClock | None:
        """None: no live message yet."""
        ...

    def put(self, key: tuple[str, int], value: DeviceClock, /) -> None:
        """What a live message has shown; saved with the batch."""
        ...


@dataclass(frozen=True, slots=True)
class Clock:
    """Sees the clocks, and puts back what it learnt, whatever it thinks of the message."""

    clocks: Clocks
    kept_ms: int = FOREVER_MS

    def __call__(self, draft: Draft) -> Rejected | None:
        """Fill ``offset_ms`` and ``clock_unproven``, or reject."""
        number, samples = draft.number, draft.samples
        if number is None or draft.address is None or not samples:
            return self._without_samples(draft)
        clock = self.clocks.get((draft.address.dev, number.boot))
        newest_ms = oldest_ms = samples[0][0]
        if len(samples) > 1:
            stamps_ms = [sample[0] for sample in samples]
            oldest_ms, newest_ms = min(stamps_ms), max(stamps_ms)
        live = draft.address.leaf is _TEL and not draft.retained
        if live and clock is not None and oldest_ms >= EARLIEST_MS:
            received_ms = draft.received_ms
            if is_quiet(clock, number.seq, received_ms=received_ms, newest_ms=newest_ms):
                return None
        return self._resolve(draft, number, oldest_ms=oldest_ms, newest_ms=newest_ms)

    def _resolve(
        self, draft: Draft, number: Numbered, *, oldest_ms: int, newest_ms: int
    ) -> Rejected | None:
        if draft.address is None:
            raise ValueError("address comes before clock")
        key = (draft.address.dev, number.boot)
        stamps = Stamps(draft.received_ms, number.seq, oldest_ms, newest_ms)
        before = self.clocks.get(key)
        live = draft.address.leaf is _TEL and not draft.retained
        clock, draft.offset_ms, flag = resolve(before, stamps, live=live, kept_ms=self.kept_ms)
        draft.clock_unproven = flag is Flag.UNPROVEN
        if clock is not None and clock is not before:
            self.clocks.put(key, clock)
        return _refusal(flag, stamps, draft.offset_ms)

    def _without_samples(self, draft: Draft) -> Rejected | None:
        """Events are moved with their boot but are no evidence: they may have waited long."""
        if draft.event_ms is not None and draft.number is not None and draft.address is not None:
            clock = self.clocks.get((draft.address.dev, draft.number.boot))
            stamps = Stamps(draft.received_ms, draft.number.seq, draft.event_ms, draft.event_ms)
            _, draft.offset_ms, flag = resolve(clock, stamps, live=False, kept_ms=self.kept_ms)
            return _refusal(flag, stamps, draft.offset_ms)
        if draft.samples:
            # Without a number there is no clock to know: believed where it can be true.
            stamps_ms = [sample[0] for sample in draft.samples]
            stamps = Stamps(draft.received_ms, 0, min(stamps_ms), max(stamps_ms))
            return _refusal(judge(stamps.oldest_ms, stamps.newest_ms, stamps.received_ms), stamps)
        return None


def _refusal(flag: Flag, stamps: Stamps, offset_ms: int = 0) -> Rejected | None:
    if flag not in REASONS:
        return None
    after = f" after a correction by {offset_ms / 1000:.0f} s" if offset_ms else ""
    if flag is Flag.AHEAD:
        ahead_s = (stamps.newest_ms + offset_ms - stamps.received_ms) / 1000
        told = f"{ahead_s:.0f} s in the future{after}"
    elif stamps.oldest_ms + offset_ms < EARLIEST_MS:
        told = f"{stamps.oldest_ms} ms{after} is before 2020"
    else:
        told = f"{stamps.newest_ms} ms is older than what is kept, by a clock not known yet"
    return Rejected(REASONS[flag], f"{told}: set the device's clock")
