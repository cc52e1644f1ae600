"""What a rule is: a fold ``(state, scene) -> (state, standing)``, and how it speaks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.coldchain.unit import Scene


class Standing(NamedTuple):
    """Where a rule stands after a reading.

    ``begin_ms`` is when the trouble began, ``raised_ms`` the reading that proved it, ``end_ms`` the
    first of the good readings that ended it (only with ``normal``, only once).
    """

    condition: Condition
    begin_ms: int | None = None
    raised_ms: int | None = None
    end_ms: int | None = None


NORMAL = Standing(Condition.NORMAL)


class Message(NamedTuple):
    """One sentence for people: what is wrong and what to do."""

    zh: str
    en: str


Told = Callable[[Episode, ColdPolicy], Message]


@dataclass(frozen=True)
class Rule:
    """One rule. ``check`` takes and gives its own state, of which ``fresh`` is the first."""

    hazard: Hazard
    severity: Severity
    fresh: Any  # each rule has its own state, a NamedTuple
    check: Callable[[Any, Scene, ColdPolicy], tuple[Any, Standing]]  # Any: as fresh
    message: Told
