"""The plain rule as a state machine over (ts_ms, celsius) in event time.

normal ─beyond the limit▶ pending ─still beyond after the on-delay▶ active ─recovered▶ clearing
─still recovered after the off-delay▶ normal. A value inside the deadband supports neither side:
it ends a pending excursion and takes a clearing one back to active.

A gap longer than the policy allows becomes an unknown span. It neither raises nor clears: pending
goes on counting when the next sample is still beyond, clearing starts its delay anew.

Everything here is a pure function of the samples, which are distinct in time and in order, and of
the limit; following them in pieces gives what following them at once gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from gongfu_fleet.domain.alarms.policy import Limit

Sample = tuple[int, float]


class Condition(StrEnum):
    """Where a hazard stands; ``unknown`` while nothing is heard of it."""

    NORMAL = "normal"
    PENDING = "pending"
    ACTIVE = "active"
    CLEARING = "clearing"
    UNKNOWN = "unknown"


class Span(NamedTuple):
    """A stretch of event time without samples, between two that are there."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Excursion:
    """A departure from the limit that is not over: pending, active or clearing."""

    begin_ms: int
    peak_celsius: float
    raised_ms: int | None = None
    clearing_ms: int | None = None
    unknown: tuple[Span, ...] = ()

    @property
    def condition(self) -> Condition:
        """Where the excursion stands."""
        if self.raised_ms is None:
            return Condition.PENDING
        return Condition.ACTIVE if self.clearing_ms is None else Condition.CLEARING


@dataclass(frozen=True, slots=True)
class Episode:
    """An excursion that outlived the on-delay, as far as it is known.

    ``begin_ms`` is the first sample beyond the limit, ``raised_ms`` the one that met the on-delay,
    ``end_ms`` the first of the recovered samples that met the off-delay (None: not over).
    ``peak_celsius`` is the worst value between, None where the hazard is no temperature;
    ``unknown`` lists the spans without samples.
    """

    condition: Condition
    begin_ms: int
    raised_ms: int
    end_ms: int | None
    peak_celsius: float | None
    unknown: tuple[Span, ...]

    @property
    def unknown_ms(self) -> int:
        """How much of the episode nobody measured."""
        return sum(span.end_ms - span.start_ms for span in self.unknown)


class Course(NamedTuple):
    """What following some samples gave for one limit.

    ``excursion`` is open after them; ``ended`` lists the episodes that ended among them;
    ``disturbed_ms`` is the newest of them at which an excursion was open, before or after it.
    """

    excursion: Excursion | None
    ended: tuple[Episode, ...]
    disturbed_ms: int | None


def ongoing(excursion: Excursion | None) -> Episode | None:
    """The excursion as an episode that is not over; None before it was raised."""
    if excursion is None or excursion.raised_ms is None:
        return None
    return Episode(
        condition=excursion.condition,
        begin_ms=excursion.begin_ms,
        raised_ms=excursion.raised_ms,
        end_ms=None,
        peak_celsius=excursion.peak_celsius,
        unknown=excursion.unknown,
    )


def follow(
    limit: Limit, excursion: Excursion | None, *, last_ms: int | None, samples: Iterable[Sample]
) -> Course:
    """Step through samples later than ``last_ms``, oldest first."""
    ended: list[Episode] = []
    disturbed_ms: int | None = None
    for ts_ms, celsius in samples:
        if excursion is not None:
            disturbed_ms = ts_ms
            excursion = _seen(limit, excursion, last_ms, (ts_ms, celsius))
            if episode := _over(limit, excursion, ts_ms):
                ended.append(episode)
                excursion = None
        elif limit.beyond(celsius):
            disturbed_ms = ts_ms
            excursion = Excursion(ts_ms, celsius, ts_ms if limit.on_delay_ms == 0 else None)
        last_ms = ts_ms
    return Course(excursion, tuple(ended), disturbed_ms)


def _seen(
    limit: Limit, excursion: Excursion, last_ms: int | None, sample: Sample
) -> Excursion | None:
    ts_ms, celsius = sample
    unknown, raised_ms, clearing_ms = excursion.unknown, excursion.raised_ms, None
    gap = last_ms is not None and ts_ms - last_ms > limit.max_gap_ms
    if gap and last_ms is not None:
        unknown = _with_span(unknown, Span(last_ms, ts_ms))
    if limit.beyond(celsius):
        if raised_ms is None and ts_ms - excursion.begin_ms >= limit.on_delay_ms:
            raised_ms = ts_ms
    elif raised_ms is None:
        return None
    elif limit.recovered(celsius):
        clearing_ms = ts_ms if gap or excursion.clearing_ms is None else excursion.clearing_ms
    peak = limit.worse(excursion.peak_celsius, celsius)
    return Excursion(excursion.begin_ms, peak, raised_ms, clearing_ms, unknown)


def _with_span(spans: tuple[Span, ...], span: Span) -> tuple[Span, ...]:
    # Touching spans are one, so that a slow sensor does not grow the list without end.
    if spans and spans[-1].end_ms == span.start_ms:
        return (*spans[:-1], Span(spans[-1].start_ms, span.end_ms))
    return (*spans, span)


def _over(limit: Limit, excursion: Excursion | None, ts_ms: int) -> Episode | None:
    if excursion is None or excursion.clearing_ms is None:
        return None
    if ts_ms - excursion.clearing_ms < limit.off_delay_ms:
        return None
    episode = ongoing(excursion)
    return episode and replace(episode, condition=Condition.NORMAL, end_ms=excursion.clearing_ms)
