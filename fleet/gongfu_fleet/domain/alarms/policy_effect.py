"""What a changed policy does to the incidents of a zone: gained, lost, or told otherwise. Pure."""

from collections.abc import Iterable, Sequence
from itertools import dropwhile
from typing import NamedTuple

from gongfu_fleet.domain.alarms.rulebook import Found, Row, Rulebook, sampled
from gongfu_fleet.domain.policy_fields import AnyPolicy


class Judging(NamedTuple):
    """The policy that holds, and the one that somebody proposes."""

    before: AnyPolicy
    after: AnyPolicy


class Effect(NamedTuple):
    """Incidents only the proposed policy finds, only the present one, and both but differently.

    ``same`` are found by both, with equal begin, end and peak.
    """

    gained: tuple[Found, ...]
    lost: tuple[Found, ...]
    changed: tuple[tuple[Found, Found], ...]
    same: tuple[Found, ...]


def effect(rows: Sequence[Row], before: Rulebook, after: Rulebook, *, since_ms: int) -> Effect:
    """Judge by both rulebooks; incidents that were over before ``since_ms`` do not count.

    Rows have the rulebooks' columns, are distinct in time and in order; those before ``since_ms``
    let the unit be learned.
    """
    old = _since(found(rows, before), since_ms)
    if before == after:
        return Effect((), (), (), tuple(old))
    return compared(old, _since(found(rows, after), since_ms))


def found(rows: Iterable[Row], book: Rulebook) -> list[Found]:
    """All incidents of the rows, over or not, in the order in which they began.

    The rows that are judged are those that the running watch judges.
    """
    begun = dropwhile(lambda row: row[1][0] is None, rows)
    judged = book.follow(book.fresh, sampled(begun, book.sample_ms))
    every = [*judged.ended, *judged.open]
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
