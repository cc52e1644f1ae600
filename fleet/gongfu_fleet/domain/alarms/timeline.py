"""What a timeline is made of: conditions, unmeasured spans, episodes. Event time, UTC ms."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


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
class Episode:
    """Something that was wrong, as far as it is known.

    ``begin_ms`` is when it began, ``raised_ms`` the row that proved it, ``end_ms`` the first of the
    good rows that ended it (None: not over).
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
