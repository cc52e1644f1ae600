"""The timeline of one zone: both hazards followed together, with checkpoints to go back to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.policy import LIMITED, ZonePolicy
from gongfu_fleet.domain.alarms.timeline import (
    Course,
    Episode,
    Excursion,
    Sample,
    follow,
    ongoing,
)

CHECKPOINT_MS = 6 * 3_600_000
# Beyond this before the newest checkpoint, only the first of a day is kept: what is that late is
# rare, and costs a day's readings more.
KEEP_ALL_MS = 72 * 3_600_000
DAY_MS = 86_400_000
_UNLIMITED = Course(None, (), None)


@dataclass(frozen=True, slots=True)
class ZoneState:
    """Everything the past says about the future of a zone.

    ``last`` is the newest sample that was followed (ts_ms, celsius), ``disturbed_ms`` the newest
    at which an excursion was open, before or after it.
    """

    metric: str
    policy: ZonePolicy
    last: Sample | None = None
    high: Excursion | None = None
    low: Excursion | None = None
    disturbed_ms: int | None = None

    def excursion(self, hazard: Hazard) -> Excursion | None:
        """The open excursion of one hazard."""
        return self.high if hazard is Hazard.TEMPERATURE_HIGH else self.low

    def heard(self, last: Sample) -> "ZoneState":
        """The state after a sample that only becomes the newest."""
        return ZoneState(
            self.metric, self.policy, last, self.high, self.low, self.disturbed_ms
        )  # three times as fast as replace()

    @property
    def last_ms(self) -> int | None:
        """Event time of the newest sample."""
        return self.last[0] if self.last else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state from all samples before ``at_ms``, a multiple of CHECKPOINT_MS."""

    at_ms: int
    state: ZoneState


def thinned(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Checkpoints of a zone, in order of time, without those that are not worth their place.

    The very first one stays, so that it is known since when the zone was judged.
    """
    if not checkpoints:
        return []
    recent_ms = checkpoints[-1].at_ms - KEEP_ALL_MS
    kept: list[Checkpoint] = []
    for checkpoint in checkpoints:
        at_ms = checkpoint.at_ms
        if at_ms >= recent_ms or not kept or kept[-1].at_ms // DAY_MS != at_ms // DAY_MS:
            kept.append(checkpoint)
    return kept


@dataclass(frozen=True)
class Run:
    """What following some samples gave.

    ``episodes`` per hazard: those that ended, then the one still going on, if any.
    ``since_ms`` per hazard: episodes that were over before it are not the run's business.
    """

    before: ZoneState
    after: ZoneState
    checkpoints: tuple[Checkpoint, ...]
    episodes: Mapping[Hazard, tuple[Episode, ...]]
    since_ms: Mapping[Hazard, int]

    def changed(self, hazard: Hazard) -> bool:
        """Whether the run says anything new about raised episodes of this hazard."""
        was = ongoing(self.before.excursion(hazard))
        return self.episodes[hazard] != ((was,) if was else ())

    def only_measures(self, hazard: Hazard) -> bool:
        """Whether one episode went on as it was: its peak and unknown spans may have grown."""
        was, now = ongoing(self.before.excursion(hazard)), self.episodes[hazard]
        if was is None or len(now) != 1:
            return False
        same = replace(was, peak_celsius=now[0].peak_celsius, unknown=now[0].unknown)
        return same == now[0]


def advance(state: ZoneState, samples: Sequence[Sample], *, from_ms: int) -> Run:
    """Follow samples that are distinct in time, in order, and later than the state's newest.

    ``from_ms`` is where the samples begin at the earliest. Following them in pieces gives the
    same states and the same episodes.
    """
    before, checkpoints = state, []
    ended: dict[Hazard, tuple[Episode, ...]] = dict.fromkeys(LIMITED, ())
    for at_ms, block in groupby(samples, key=lambda sample: block_start(sample[0])):
        if state.last_ms is None or state.last_ms < at_ms:
            checkpoints.append(Checkpoint(at_ms, state))
        state, courses = _follow_block(state, list(block))
        ended = {hazard: ended[hazard] + courses[hazard].ended for hazard in LIMITED}
    return Run(
        before=before,
        after=state,
        checkpoints=tuple(checkpoints),
        episodes={hazard: ended[hazard] + _going_on(state, hazard) for hazard in LIMITED},
        since_ms={hazard: _since(before, hazard, from_ms) for hazard in LIMITED},
    )


def block_start(ts_ms: int) -> int:
    """Where a checkpoint before this time can stand."""
    return ts_ms - ts_ms % CHECKPOINT_MS


def _follow_block(
    state: ZoneState, block: list[Sample]
) -> tuple[ZoneState, Mapping[Hazard, Course]]:
    courses = {hazard: _course(state, hazard, block) for hazard in LIMITED}
    disturbed = [c.disturbed_ms for c in courses.values() if c.disturbed_ms is not None]
    after = ZoneState(
        metric=state.metric,
        policy=state.policy,
        last=block[-1],
        high=courses[Hazard.TEMPERATURE_HIGH].excursion,
        low=courses[Hazard.TEMPERATURE_LOW].excursion,
        disturbed_ms=max(disturbed, default=state.disturbed_ms),
    )
    return after, courses


def _course(state: ZoneState, hazard: Hazard, block: list[Sample]) -> Course:
    limit = state.policy.limit(hazard)
    if limit is None:
        return _UNLIMITED
    return follow(limit, state.excursion(hazard), last_ms=state.last_ms, samples=block)


def _going_on(state: ZoneState, hazard: Hazard) -> tuple[Episode, ...]:
    episode = ongoing(state.excursion(hazard))
    return (episode,) if episode else ()


def _since(before: ZoneState, hazard: Hazard, from_ms: int) -> int:
    excursion = before.excursion(hazard)
    return excursion.begin_ms if excursion else from_ms
