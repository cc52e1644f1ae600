"""What a changed policy does to the incidents of a zone: gained, lost, or told otherwise. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, Found, follow, open_findings
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.coldchain.reading import Reading

SECOND_MS = 1_000


class Judging(NamedTuple):
    """The policy that holds, and the one that somebody proposes."""

    before: ColdPolicy
    after: ColdPolicy


class Effect(NamedTuple):
    """Incidents only the proposed policy finds, only the present one, and both but differently.

    ``same`` are found by both, with equal begin, end and peak.
    """

    gained: tuple[Found, ...]
    lost: tuple[Found, ...]
    changed: tuple[tuple[Found, Found], ...]
    same: tuple[Found, ...]


def effect(readings: Sequence[Reading], judging: Judging, *, since_ms: int) -> Effect:
    """Judge by both policies; incidents that were over before ``since_ms`` do not count.

    Readings are distinct in time and in order; those before ``since_ms`` let the unit be learned.
    """
    before = _since(found(readings, judging.before), since_ms)
    if judging.before == judging.after:
        return Effect((), (), (), tuple(before))
    return compared(before, _since(found(readings, judging.after), since_ms))


def found(readings: Iterable[Reading], policy: ColdPolicy) -> list[Found]:
    """All incidents of the readings, over or not, in the order in which they began."""
    judged = sampled(readings, round(policy.sample_s * SECOND_MS))
    followed = follow(FRESH, judged, policy)
    every = [*followed.ended, *open_findings(followed.state)]
    return sorted(every, key=lambda one: (one.episode.begin_ms, one.hazard))


def compared(before: Sequence[Found], after: Sequence[Found]) -> Effect:
    """Pair incidents of one hazard that overlap in time, each with the first that does."""
    left = list(after)
    lost, changed, same = [], [], []
    for old in before:
        new = next((one for one in left if _overlap(old, one)), None)
        if new is None:
            lost.append(old)
            continue
        left.remove(new)
        if _told(old) == _told(new):
            same.append(old)
        else:
            changed.append((old, new))
    return Effect(tuple(left), tuple(lost), tuple(changed), tuple(same))


def sampled(readings: Iterable[Reading], every_ms: int) -> list[Reading]:
    """The first reading of each stretch of event time: those that the running watch judges."""
    kept: list[Reading] = []
    for reading in readings:
        if not kept or reading.ts_ms // every_ms != kept[-1].ts_ms // every_ms:
            kept.append(reading)
    return kept


def _since(incidents: Iterable[Found], since_ms: int) -> list[Found]:
    ends = ((one, one.episode.end_ms) for one in incidents)
    return [one for one, end_ms in ends if end_ms is None or end_ms >= since_ms]


def _overlap(one: Found, other: Found) -> bool:
    if one.hazard != other.hazard:
        return False
    first, second = sorted((one.episode, other.episode), key=lambda episode: episode.begin_ms)
    return first.end_ms is None or second.begin_ms <= first.end_ms


def _told(one: Found) -> tuple[int, int, int | None, str]:
    # As text, so that a peak that nobody measured equals itself.
    episode = one.episode
    return episode.begin_ms, episode.raised_ms, episode.end_ms, str(episode.peak_celsius)
