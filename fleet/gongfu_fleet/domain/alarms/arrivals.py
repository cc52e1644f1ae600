"""Sorting what arrived for a zone: what can be stepped in, and what reaches back in time."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from gongfu_fleet.domain.alarms.timeline import Sample
from gongfu_fleet.domain.alarms.zone import ZoneState


class Arrival(NamedTuple):
    """One sample as the log brought it."""

    seq: int
    ts_ms: int
    celsius: float


class Covered(NamedTuple):
    """Records up to ``seq`` with samples at ``from_ms`` or later are in the state already."""

    seq: int
    from_ms: int


class Sorted(NamedTuple):
    """Samples in order of time; ``late_ms`` is the oldest that cannot simply be stepped in.

    Such a sample is not newer than the state, or another value bears its time stamp: then the
    store's resolved rows decide, from ``late_ms`` on.
    """

    samples: tuple[Sample, ...]
    late_ms: int | None


def sort_arrivals(state: ZoneState, covered: Covered | None, arrivals: Iterable[Arrival]) -> Sorted:
    """Drop what the state has already, put the rest in order, find what is late."""
    fresh = {(a.ts_ms, a.celsius) for a in arrivals if not _has(covered, a)}
    if state.last:
        fresh.discard(state.last)
    samples = tuple(sorted(fresh))
    return Sorted(samples, _late(state, samples))


def _has(covered: Covered | None, arrival: Arrival) -> bool:
    return covered is not None and arrival.seq <= covered.seq and arrival.ts_ms >= covered.from_ms


def _late(state: ZoneState, samples: tuple[Sample, ...]) -> int | None:
    if not samples:
        return None
    if state.last_ms is not None and samples[0][0] <= state.last_ms:
        return samples[0][0]
    for earlier, later in pairwise(samples):
        if earlier[0] == later[0]:
            return later[0]
    return None
