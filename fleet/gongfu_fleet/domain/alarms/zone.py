"""The timeline of one watched thing: what its rulebook found, with checkpoints to go back to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import dropwhile, groupby
from typing import Any

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rulebook import Found, Row, Rulebook
from gongfu_fleet.domain.alarms.timeline import Episode

CHECKPOINT_MS = 6 * 3_600_000
# Beyond this before the newest checkpoint, only the first of a day is kept: what is that late is
# rare, and costs a day's readings more.
KEEP_ALL_MS = 72 * 3_600_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class ZoneState:
    """Everything the past says about the future of a zone.

    ``kind`` and ``key`` are those of the rulebook that judged it, ``last`` is the newest row that
    was judged. ``text`` is the rulebook's own state ("" for none yet); ``rules`` is the same
    unpacked, None until somebody needs it.
    """

    kind: str
    key: str
    last: Row | None = None
    text: str = ""
    rules: Any = field(default=None, compare=False, repr=False)  # the rulebook's own type

    @property
    def last_ms(self) -> int | None:
        """Event time of the newest judged row."""
        return self.last[0] if self.last else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state from all rows before ``at_ms``, a multiple of CHECKPOINT_MS."""

    at_ms: int
    state: ZoneState


def fresh(book: Rulebook) -> ZoneState:
    """The state before the first row."""
    return ZoneState(book.kind, book.key)


def rules_of(book: Rulebook, state: ZoneState) -> Any:  # noqa: ANN401 - the rulebook's own type
    """The rulebook's own state. Raises InvalidError for a text of another age."""
    if state.rules is not None:
        return state.rules
    return book.from_text(state.text) if state.text else book.fresh


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
    """What following some rows gave.

    ``before`` are the episodes that were open before. ``episodes`` per hazard: those that ended,
    then the one still going on. ``since_ms`` per hazard, where it is not ``from_ms``: episodes
    that were over before it are not the run's business.
    """

    before: Mapping[Hazard, Episode]
    after: ZoneState
    checkpoints: tuple[Checkpoint, ...]
    episodes: Mapping[Hazard, tuple[Episode, ...]]
    begun_ms: Mapping[Hazard, int]
    from_ms: int

    def since_ms(self, hazard: Hazard) -> int:
        """Episodes that were over before this are not the run's business."""
        return self.begun_ms.get(hazard, self.from_ms)

    def changed(self, hazard: Hazard) -> bool:
        """Whether the run says anything new about raised episodes of this hazard."""
        was = self.before.get(hazard)
        return self.episodes.get(hazard, ()) != ((was,) if was else ())

    def only_measures(self, hazard: Hazard) -> bool:
        """Whether one episode went on as it was: its peak and unknown spans may have grown."""
        was, now = self.before.get(hazard), self.episodes.get(hazard, ())
        if was is None or len(now) != 1:
            return False
        same = replace(was, peak_celsius=now[0].peak_celsius, unknown=now[0].unknown)
        return same == now[0]

    def touched(self) -> Iterable[Hazard]:
        """Hazards that were or are open, or ended; of the others there is nothing to say."""
        return {**self.before, **self.episodes}


def advance(book: Rulebook, state: ZoneState, rows: Iterable[Row], *, from_ms: int) -> Run:
    """Follow rows that are to be judged, in order, later than the state's newest.

    ``from_ms`` is where the rows begin at the earliest. Following them in pieces gives the same
    states and the same episodes. Nothing begins before the first column has a value. Raises
    InvalidError for a state that cannot be read.
    """
    rules, last = rules_of(book, state), state.last
    before, begun_ms = _by_hazard(book.open(rules)), book.begun(rules)
    ended: list[Found] = []
    checkpoints = []
    if last is None:
        rows = dropwhile(lambda row: row[1][0] is None, rows)
    for at_ms, own in groupby(rows, key=lambda row: block_start(row[0])):
        if last is None or last[0] < at_ms:
            checkpoints.append(Checkpoint(at_ms, _state(book, last, rules)))
        block = list(own)
        judged = book.follow(rules, block)
        rules, last = judged.state, block[-1]
        ended += judged.ended
    episodes: dict[Hazard, tuple[Episode, ...]] = {}
    for hazard, episode in (*ended, *book.open(rules)):
        episodes[hazard] = (*episodes.get(hazard, ()), episode)
    return Run(
        before=before,
        after=_state(book, last, rules),
        checkpoints=tuple(checkpoints),
        episodes=episodes,
        begun_ms=begun_ms,
        from_ms=from_ms,
    )


def block_start(ts_ms: int) -> int:
    """Where a checkpoint before this time can stand."""
    return ts_ms - ts_ms % CHECKPOINT_MS


def _state(book: Rulebook, last: Row | None, rules: Any) -> ZoneState:  # noqa: ANN401 - see ZoneState
    if last is None:
        return fresh(book)
    return ZoneState(book.kind, book.key, last, book.to_text(rules), rules)


def _by_hazard(found: Iterable[Found]) -> dict[Hazard, Episode]:
    return dict(found)
