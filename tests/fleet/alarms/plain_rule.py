"""The plain rule of the first platform as a rulebook: threshold, on-delay, deadband, off-delay.

The watch is tested with it because every step of it can be told in advance; each row is judged.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Finding
from gongfu_fleet.domain.alarms.rulebook import Found, Judged, Row
from gongfu_fleet.domain.alarms.rules.rule import Message
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Span

LIMITED = (Hazard.TEMPERATURE_HIGH, Hazard.TEMPERATURE_LOW)
Sample = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Limit:
    """One side of a policy. ``clear_celsius`` is where recovery begins, the deadband off the limit.

    A value between the limit and ``clear_celsius`` is evidence for neither side.
    """

    hazard: Hazard
    celsius: float
    clear_celsius: float
    on_delay_ms: int
    off_delay_ms: int
    max_gap_ms: int

    def beyond(self, celsius: float) -> bool:
        """Whether the value lies outside the limit; the limit itself is still good."""
        if self.hazard is Hazard.TEMPERATURE_HIGH:
            return celsius > self.celsius
        return celsius < self.celsius

    def recovered(self, celsius: float) -> bool:
        """Whether the value is back by at least the deadband."""
        if self.hazard is Hazard.TEMPERATURE_HIGH:
            return celsius <= self.clear_celsius
        return celsius >= self.clear_celsius

    def worse(self, one: float, other: float) -> float:
        """The value further out."""
        return max(one, other) if self.hazard is Hazard.TEMPERATURE_HIGH else min(one, other)


@dataclass(frozen=True, slots=True)
class ZonePolicy:
    """The rule of one zone: raised after the on-delay beyond a limit, over after the off-delay.

    Samples further apart than ``max_gap_ms`` leave an unknown span between them.
    """

    product_class: str
    version: int
    low_celsius: float | None
    high_celsius: float | None
    deadband_celsius: float
    on_delay_ms: int
    low_on_delay_ms: int
    off_delay_ms: int
    max_gap_ms: int

    def limit(self, hazard: Hazard) -> Limit | None:
        """The side of the policy that judges this hazard; None when it sets no such limit."""
        return _limit(self, hazard)


# Asked for each judged sample, while a county has a handful of policies.
@lru_cache(maxsize=1000)
def _limit(policy: ZonePolicy, hazard: Hazard) -> Limit | None:
    high = hazard is Hazard.TEMPERATURE_HIGH
    celsius = policy.high_celsius if high else policy.low_celsius
    if celsius is None:
        return None
    deadband = policy.deadband_celsius
    return Limit(
        hazard=hazard,
        celsius=celsius,
        clear_celsius=celsius - deadband if high else celsius + deadband,
        on_delay_ms=policy.on_delay_ms if high else policy.low_on_delay_ms,
        off_delay_ms=policy.off_delay_ms,
        max_gap_ms=policy.max_gap_ms,
    )


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


class Course(NamedTuple):
    """What following some samples gave for one limit.

    ``excursion`` is open after them; ``ended`` lists the episodes that ended among them.
    """

    excursion: Excursion | None
    ended: tuple[Episode, ...]


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
    for ts_ms, celsius in samples:
        if excursion is not None:
            excursion = _seen(limit, excursion, last_ms, (ts_ms, celsius))
            if episode := _over(limit, excursion, ts_ms):
                ended.append(episode)
                excursion = None
        elif limit.beyond(celsius):
            excursion = Excursion(ts_ms, celsius, ts_ms if limit.on_delay_ms == 0 else None)
        last_ms = ts_ms
    return Course(excursion, tuple(ended))


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


class PlainState(NamedTuple):
    """The newest sample's time and what is open."""

    last_ms: int | None = None
    high: Excursion | None = None
    low: Excursion | None = None


@dataclass(frozen=True)
class PlainBook:
    """Fits the port Rulebook."""

    metric: str
    policy: ZonePolicy
    sample_ms: int = 1

    @property
    def kind(self) -> str:
        """As the metric."""
        return f"plain:{self.metric}"

    @cached_property
    def key(self) -> str:
        """Metric and policy."""
        return f"{self.kind} {json.dumps(asdict(self.policy))}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The temperature alone."""
        return (self.metric,)

    @property
    def max_gap_ms(self) -> int:
        """As the policy says."""
        return self.policy.max_gap_ms

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Above and below."""
        return LIMITED

    @property
    def fresh(self) -> PlainState:
        """Nothing open."""
        return PlainState()

    def follow(self, state: PlainState, rows: Iterable[Row]) -> Judged:
        """Both sides of the policy, one after the other."""
        samples = [(ts_ms, values[0]) for ts_ms, values in rows if values[0] is not None]
        courses = {hazard: self._course(state, hazard, samples) for hazard in LIMITED}
        last_ms = samples[-1][0] if samples else state.last_ms
        after = PlainState(last_ms, *(course.excursion for course in courses.values()))
        ended = tuple(Found(h, one) for h, course in courses.items() for one in course.ended)
        return Judged(after, (), ended, self.open(after))

    def _course(self, state: PlainState, hazard: Hazard, samples: list[Sample]) -> Course:
        limit, excursion = self.policy.limit(hazard), _excursion(state, hazard)
        if limit is None:
            return Course(None, ())
        return follow(limit, excursion, last_ms=state.last_ms, samples=samples)

    def open(self, state: PlainState) -> tuple[Found, ...]:
        """What is raised."""
        found = ((hazard, ongoing(_excursion(state, hazard))) for hazard in LIMITED)
        return tuple(Found(hazard, episode) for hazard, episode in found if episode)

    def begun(self, state: PlainState) -> Mapping[Hazard, int]:
        """Begins of excursions."""
        found = ((hazard, _excursion(state, hazard)) for hazard in LIMITED)
        return {hazard: excursion.begin_ms for hazard, excursion in found if excursion}

    def finding(self, found: Found) -> Finding:
        """With the limit of its side."""
        limit, policy = self.policy.limit(found.hazard), self.policy
        assert limit
        return Finding(found.episode, limit.celsius, policy.product_class, policy.version)

    def severity(self, hazard: Hazard) -> Severity:
        """All alike."""
        del hazard
        return Severity.HIGH

    def message(self, found: Found) -> Message:
        """Its name."""
        return Message(found.hazard.value, found.hazard.value)

    def to_text(self, state: PlainState) -> str:
        """JSON."""
        return json.dumps(state, default=asdict)

    def from_text(self, text: str) -> PlainState:
        """The state of a text."""
        last_ms, high, low = json.loads(text)
        return PlainState(last_ms, _excursion_of(high), _excursion_of(low))


def _excursion(state: PlainState, hazard: Hazard) -> Excursion | None:
    return state.high if hazard is Hazard.TEMPERATURE_HIGH else state.low


def _excursion_of(data: dict[str, Any] | None) -> Excursion | None:
    if data is None:
        return None
    return Excursion(**{**data, "unknown": tuple(Span(*span) for span in data["unknown"])})
