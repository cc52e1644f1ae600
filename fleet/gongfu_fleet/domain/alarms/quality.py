"""Alarm quality as numbers (ISA-18.2, EEMUA 191): a pure fold over what the ledger tells.

An annunciation is a new incident that asks for attention now: ``raised``, not ``late_raised``,
which nobody could have heeded. Times are UTC ms, platform time of the ledger's entries.
"""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gongfu_fleet.domain.alarms.incident import Subject

TEN_MINUTES_MS = 600_000
MINUTE_MS = 60_000
DAY_MS = 86_400_000
FLOOD_BEGINS = 10  # in ten minutes, ISA-18.2
FLOOD_ENDS_BELOW = 5
MANY_IN_TEN_MINUTES = 10
CHATTER = 3  # of one subject within a minute
MOST_FREQUENT = 10


class Entry(NamedTuple):
    """One event of the ledger, with what it is about and when its incident was first noted."""

    at_ms: int
    kind: str
    subject: Subject
    noted_ms: int


@dataclass(frozen=True)
class Standing:
    """What stands at the end of the period, counted by the store.

    ``stale``: running for more than a day; ``unacknowledged``: open and nobody took notice, the
    oldest since ``oldest_unacknowledged_ms``.
    """

    stale: int = 0
    shelved: int = 0
    out_of_service: int = 0
    unacknowledged: int = 0
    oldest_unacknowledged_ms: int | None = None


@dataclass(frozen=True)
class Frequent:
    """How often a subject was annunciated."""

    subject: Subject
    count: int


@dataclass(frozen=True)
class Quality:
    """The figures of one period; shares are 0 to 1, None where nothing can be said.

    ``per_10_min`` is the mean rate, ``most_in_10_min`` the highest of any ten minutes;
    ``over_10_share`` of the whole ten-minute slots had more than ten; ``flood_share`` of the time
    was flood: from the tenth within ten minutes until fewer than five. ``chattering`` counts
    subjects that came three times within a minute. ``top_share`` is that of the ten most frequent.
    """

    annunciated: int
    late: int
    per_10_min: float
    most_in_10_min: int
    over_10_share: float
    floods: int
    flood_share: float
    top: tuple[Frequent, ...]
    top_share: float | None
    chattering: int
    shelvings: int
    acknowledged: int
    acknowledge_p50_s: float | None
    acknowledge_p95_s: float | None
    standing: Standing


@dataclass
class _Flood:
    """Whether the last ten minutes are a flood, and for how long floods lasted."""

    recent: deque[int] = field(default_factory=deque)
    most: int = 0
    count: int = 0
    since_ms: int | None = None
    lasted_ms: int = 0

    def hear(self, at_ms: int) -> None:
        self.forget(at_ms)
        self.recent.append(at_ms)
        self.most = max(self.most, len(self.recent))
        if self.since_ms is None and len(self.recent) >= FLOOD_BEGINS:
            self.since_ms = at_ms
            self.count += 1

    def forget(self, now_ms: int) -> None:
        while self.recent and self.recent[0] <= now_ms - TEN_MINUTES_MS:
            gone_ms = self.recent.popleft() + TEN_MINUTES_MS
            if self.since_ms is not None and len(self.recent) < FLOOD_ENDS_BELOW:
                self.lasted_ms += gone_ms - self.since_ms
                self.since_ms = None

    def until(self, end_ms: int) -> int:
        self.forget(end_ms)
        running_ms = 0 if self.since_ms is None else end_ms - self.since_ms
        return self.lasted_ms + running_ms


def quality(entries: Iterable[Entry], *, start_ms: int, end_ms: int, standing: Standing) -> Quality:
    """The figures of ``start_ms <= at_ms < end_ms``; entries in any order."""
    inside = sorted(
        (entry for entry in entries if start_ms <= entry.at_ms < end_ms),
        key=lambda entry: entry.at_ms,
    )
    raised = [entry for entry in inside if entry.kind == "raised"]
    flood = _Flood()
    for entry in raised:
        flood.hear(entry.at_ms)
    flooded_ms = flood.until(end_ms)
    top = _most_frequent(raised)
    waits = sorted(e.at_ms - e.noted_ms for e in inside if e.kind == "acknowledged")
    length_ms = max(1, end_ms - start_ms)
    return Quality(
        annunciated=len(raised),
        late=sum(entry.kind == "late_raised" for entry in inside),
        per_10_min=len(raised) * TEN_MINUTES_MS / length_ms,
        most_in_10_min=flood.most,
        over_10_share=_crowded(raised, start_ms, length_ms),
        floods=flood.count,
        flood_share=flooded_ms / length_ms,
        top=tuple(Frequent(subject, count) for subject, count in top),
        top_share=sum(count for _, count in top) / len(raised) if raised else None,
        chattering=_chattering(raised),
        shelvings=sum(entry.kind == "shelved" for entry in inside),
        acknowledged=len(waits),
        acknowledge_p50_s=_percentile_s(waits, 50),
        acknowledge_p95_s=_percentile_s(waits, 95),
        standing=standing,
    )


def _most_frequent(raised: Sequence[Entry]) -> list[tuple[Subject, int]]:
    counts = Counter(entry.subject for entry in raised).items()
    ranked = sorted(counts, key=lambda one: (-one[1], one[0].asset, one[0].zone, one[0].hazard))
    return ranked[:MOST_FREQUENT]


def _crowded(raised: Sequence[Entry], start_ms: int, length_ms: int) -> float:
    slots = -(-length_ms // TEN_MINUTES_MS)
    filled = Counter((entry.at_ms - start_ms) // TEN_MINUTES_MS for entry in raised)
    return sum(count > MANY_IN_TEN_MINUTES for count in filled.values()) / slots


def _chattering(raised: Sequence[Entry]) -> int:
    times: dict[Subject, list[int]] = {}
    for entry in raised:
        times.setdefault(entry.subject, []).append(entry.at_ms)
    return sum(
        any(last - first < MINUTE_MS for first, last in zip(at, at[CHATTER - 1 :], strict=False))
        for at in times.values()
    )


def _percentile_s(waits_ms: Sequence[int], percent: int) -> float | None:
    """The nearest-rank percentile of sorted waits, in seconds."""
    if not waits_ms:
        return None
    return waits_ms[-(-len(waits_ms) * percent // 100) - 1] / 1000
