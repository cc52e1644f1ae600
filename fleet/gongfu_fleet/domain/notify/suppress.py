"""Stage: what would be told of an incident that has been set aside, or is none any more."""

from dataclasses import dataclass

from gongfu_fleet.domain.notify.notice import Notice, Transition

CLIMBS = frozenset({Transition.ESCALATED, Transition.REMINDED, Transition.GRAVER})


@dataclass(frozen=True)
class Standing:
    """How an incident stands now. ``set_aside`` says why people do not want to hear of it.

    ``parent`` is the incident that it follows from, of which they are told instead.
    """

    living: bool
    running: bool
    unacknowledged: bool
    set_aside: str | None = None
    parent: str | None = None


def why_not(notice: Notice, standing: Standing) -> str | None:
    """Why a notice is not to be sent; None when it is.

    An end is told wherever the beginning was, whatever people did meanwhile.
    """
    if standing.set_aside is not None:
        return standing.set_aside
    if notice.transition in (Transition.CLEARED, Transition.RETRACTED):
        return None
    if standing.parent is not None:
        return f"follows from incident {standing.parent}"
    if not standing.living:
        return "merged or retracted meanwhile"
    if notice.transition in CLIMBS and not standing.running:
        return "over meanwhile"
    return None if standing.unacknowledged else "acknowledged meanwhile"
