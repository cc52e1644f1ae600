"""What judges one watched thing: the seam between the running watch and its rules.

A thing is zone n of an asset, or zone 0, the asset as a whole. A rulebook is bound to its policy
and is pure: following rows in pieces, from a stored state, gives what following them at once gives.

Rows are resolved and distinct in time. Only one row of each bucket of ``sample_ms`` is judged, so
that rows in between cost nothing: the first with a value in the first column if there is any, else
the first. Which row that is depends on nothing but the rows, so neither does what is found.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, Protocol

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Finding
from gongfu_fleet.domain.alarms.rules.rule import Message
from gongfu_fleet.domain.alarms.timeline import Episode

# (ts_ms, values in the order of the rulebook's columns); None is no value, not all are None.
Row = tuple[int, tuple[float | None, ...]]


class Found(NamedTuple):
    """What a rule found: an episode, raised or over."""

    hazard: Hazard
    episode: Episode


class Judged(NamedTuple):
    """The state after some rows; what was raised and what ended among them, and what is open."""

    state: Any  # each rulebook has its own
    raised: tuple[Found, ...]
    ended: tuple[Found, ...]
    open: tuple[Found, ...]


class Rulebook(Protocol):
    """The rules of one thing. States are immutable values of the rulebook's own type."""

    @property
    def kind(self) -> str:
        """What states are made for: states of one kind are followed on under another policy."""
        ...

    @property
    def key(self) -> str:
        """The kind and every value of the policy: what has another key is judged anew."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the wire that it reads; nothing is judged before the first has a value."""
        ...

    @property
    def sample_ms(self) -> int:
        """Length of a bucket of event time, which divides the hour."""
        ...

    @property
    def max_gap_ms(self) -> int:
        """Nothing heard for longer: what goes on is unknown."""
        ...

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Everything it can find."""
        ...

    @property
    def fresh(self) -> Any:  # noqa: ANN401 - each rulebook has its own state
        """The state before the first row."""
        ...

    def follow(self, state: Any, rows: Iterable[Row]) -> Judged:  # noqa: ANN401 - as fresh
        """Follow rows in order of time, later than all before, one of each bucket."""
        ...

    def open(self, state: Any) -> tuple[Found, ...]:  # noqa: ANN401 - as fresh
        """Episodes that are raised and not over."""
        ...

    def begun(self, state: Any) -> Mapping[Hazard, int]:  # noqa: ANN401 - as fresh
        """When what is pending or open began, UTC ms."""
        ...

    def finding(self, found: Found) -> Finding:
        """The episode with the limit and the version of the policy that judged it."""
        ...

    def severity(self, hazard: Hazard) -> Severity:
        """How grave an incident of this hazard is at first."""
        ...

    def message(self, found: Found) -> Message:
        """What is wrong and what to do, for people."""
        ...

    def to_text(self, state: Any) -> str:  # noqa: ANN401 - as fresh
        """The state as JSON; equal states give equal texts."""
        ...

    def from_text(self, text: str) -> Any:  # noqa: ANN401 - as fresh
        """The state of a text. Raises InvalidError for one of another age."""
        ...


def sampled(rows: Iterable[Row], sample_ms: int) -> list[Row]:
    """The rows to be judged, of resolved rows in order of time."""
    return [judged_row(list(own)) for _, own in groupby(rows, lambda row: row[0] // sample_ms)]


def judged_row(bucket: Sequence[Row]) -> Row:
    """The row of a bucket that is judged, of its rows in order of time."""
    return next((row for row in bucket if row[1][0] is not None), bucket[0])
