"""The timeline of one zone: both hazards followed together, with checkpoints to go back to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from gongfu_fleet.domain.alarms.policy import Hazard, ZonePolicy
from gongfu_fleet.domain.alarms.timeline import Episode, Excursion, Sample, follow, ongoing

CHECKPOINT_MS = 6 * 3_600_000


@dataclass(frozen=True, slots=True)
class ZoneState:
    """Everything the past says about the future of a zone.

    ``last`` is the newest sample that was followed (ts_ms, celsius).
    """

    metric: str
    policy: ZonePolicy
    last: Sample | None = None
    high: Excursion | None = None
    low: Excursion | None = None

    def excursion(self, hazard: Hazard) -> Excursion | None:
        """The open excursion of one hazard."""
        return self.high if hazard is Hazard.TEMPERATURE_HIGH else self.low

    @property
    def last_ms(self) -> int | None:
        """Event time of the newest sample."""
        return self.last[0] if self.last else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state from all samples before ``at_ms``, a multiple of CHECKPOINT_MS."""

    at_ms: int
    state: ZoneState


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


def advance(state: ZoneState, samples: Sequence[Sample], *, from_ms: int) -> Run:
    """Follow samples that are distinct in time, in order, and later than the state's newest.

    ``from_ms`` is where the samples begin at the earliest. Following them in pieces gives the
    same states and the same episodes.
    """
    before, checkpoints = state, []
    ended: dict[Hazard, tuple[Episode, ...]] = dict.fromkeys(Hazard, ())
    for at_ms, block in groupby(samples, key=lambda sample: block_start(sample[0])):
        if state.last_ms is None or state.last_ms < at_ms:
            checkpoints.append(Checkpoint(at_ms, state))
        state, over = _follow_block(state, list(block))
        ended = {hazard: ended[hazard] + over[hazard] for hazard in Hazard}
    return Run(
        before=before,
        after=state,
        checkpoints=tuple(checkpoints),
        episodes={hazard: ended[hazard] + _going_on(state, hazard) for hazard in Hazard},
        since_ms={hazard: _since(before, hazard, from_ms) for hazard in Hazard},
    )


def block_start(ts_ms: int) -> int:
    """Where a checkpoint before this time can stand."""
    return ts_ms - ts_ms % CHECKPOINT_MS


def _follow_block(
    state: ZoneState, block: list[Sample]
) -> tuple[ZoneState, dict[Hazard, tuple[Episode, ...]]]:
    open_: dict[Hazard, Excursion | None] = {}
    ended: dict[Hazard, tuple[Episode, ...]] = {}
    for hazard in Hazard:
        limit = state.policy.limit(hazard)
        if limit is None:
            open_[hazard], ended[hazard] = None, ()
            continue
        open_[hazard], ended[hazard] = follow(
            limit, state.excursion(hazard), last_ms=state.last_ms, samples=block
        )
    after = ZoneState(
        metric=state.metric,
        policy=state.policy,
        last=block[-1],
        high=open_[Hazard.TEMPERATURE_HIGH],
        low=open_[Hazard.TEMPERATURE_LOW],
    )
    return after, ended


def _going_on(state: ZoneState, hazard: Hazard) -> tuple[Episode, ...]:
    episode = ongoing(state.excursion(hazard))
    return (episode,) if episode else ()


def _since(before: ZoneState, hazard: Hazard, from_ms: int) -> int:
    excursion = before.excursion(hazard)
    return excursion.begin_ms if excursion else from_ms
