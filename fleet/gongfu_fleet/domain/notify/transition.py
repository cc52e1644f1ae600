"""Which events of the ledger somebody is told of."""

from gongfu_fleet.domain.alarms.incident import (
    Body,
    ConditionChanged,
    Raised,
    Retracted,
    Revised,
)
from gongfu_fleet.domain.alarms.modifiers import Graver, Released
from gongfu_fleet.domain.alarms.timeline import Condition
from gongfu_fleet.domain.notify.notice import Transition


def transition_of(body: Body) -> Transition | None:
    """The transition an event stands for; None when nobody needs to hear of it.

    Silence is none: an incident whose zone is silent goes on as it was.
    """
    match body:
        case Raised(late=late):
            return Transition.LATE if late else Transition.RAISED
        case ConditionChanged(finding) | Revised(finding):
            episode = finding.episode
            over = episode.end_ms is not None and episode.condition is Condition.NORMAL
            return Transition.CLEARED if over else None
        case Graver():
            return Transition.GRAVER
        case Released():
            return Transition.REOPENED
        case Retracted():
            return Transition.RETRACTED
        case _:
            return None
