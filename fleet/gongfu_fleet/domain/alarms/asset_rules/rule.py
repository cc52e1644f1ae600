"""What an asset rule is: a fold ``(state, scene) -> (state, standing)``, and how it speaks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.rule import Message, Standing
from gongfu_fleet.domain.alarms.timeline import Episode

Scene = TypeVar("Scene")
Policy = TypeVar("Policy")


@dataclass(frozen=True)
class AssetRule(Generic[Scene, Policy]):
    """One rule. ``check`` takes and gives its own state, of which ``fresh`` is the first.

    ``waiting``: since when it may still tell of something that its standing does not say.
    """

    hazard: Hazard
    fresh: Any  # each rule has its own state, a NamedTuple
    check: Callable[[Any, Scene, Policy], tuple[Any, Standing]]  # Any: as fresh
    message: Callable[[Episode, Policy], Message]
    waiting: Callable[[Any], int | None] = lambda _own: None


def minutes_of(episode: Episode) -> int:
    """How long it had lasted when it was proved, for people."""
    return round((episode.raised_ms - episode.begin_ms) / 60_000)
