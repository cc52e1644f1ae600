"""Stage: several incidents of one failure are told once, and again only when it grows graver.

A unit that stops raises up to five incidents of one zone, and each stays in the ledger. People are
told of the first; another one of the same failure is told when it matters more than what they were
told: a higher severity, or the goods after the equipment. Whatever is told nobody holds back later:
who is not told has a graver one, still running and set aside by nobody, that was.
"""

from collections.abc import Iterable
from typing import NamedTuple

from gongfu_fleet.domain.alarms.consequence import Consequence, consequence_of
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Subject
from gongfu_fleet.domain.notify.notice import RANK, Transition

# An end, a retraction and what was over before it was known are told as they are.
LOUD = frozenset(
    {
        Transition.RAISED,
        Transition.REOPENED,
        Transition.OUTLASTED,
        Transition.GRAVER,
        Transition.ESCALATED,
        Transition.REMINDED,
    }
)
TOLD_WITH = "told with incident "
# What warms a zone, in the order in which it usually shows.
WARMING = frozenset(
    {
        Hazard.RATE_OF_RISE,
        Hazard.REEFER_OFF_LOADED,
        Hazard.AIR_HIGH,
        Hazard.TEMPERATURE_HIGH,
        Hazard.DRIFT,
        Hazard.NO_COOLING,
        Hazard.PRODUCT_HIGH,
        Hazard.EXPOSURE,
    }
)
_DOOR = frozenset({Hazard.DOOR_AJAR, Hazard.SESSION_OPEN})
_PROBE = frozenset({Hazard.PROBE_FAULT, Hazard.PROBE_STUCK})
# Who was told of the key knows what the others are about. Nothing explains an open door or the loss
# of power but themselves: somebody can shut the one and look after the other.
_EXPLAINS = {
    Hazard.POWER_LOST: WARMING | {Hazard.POWER_LOST, Hazard.CHANNEL_SILENT},
    Hazard.DOOR_AJAR: WARMING | _DOOR,
    Hazard.SESSION_OPEN: frozenset({Hazard.SESSION_OPEN}),
    **dict.fromkeys(WARMING, WARMING),
    **dict.fromkeys(_PROBE, _PROBE | {Hazard.CHANNEL_SILENT}),
}


class Gravity(NamedTuple):
    """How much it matters; the greater, the more. Goods come after equipment that is as grave."""

    rank: int
    exposed: bool


class Telling(NamedTuple):
    """A channel was told of an incident that runs, at ``severity`` at the most."""

    incident_id: str
    subject: Subject
    severity: Severity

    @property
    def gravity(self) -> Gravity:
        """How much of it people know."""
        return gravity_of(self.subject.hazard, self.severity)


def gravity_of(hazard: Hazard, severity: Severity) -> Gravity:
    """What an incident of this hazard weighs at this severity."""
    return Gravity(RANK[severity], consequence_of(hazard) is Consequence.PRODUCT)


def carrier(new: Telling, transition: Transition, told: Iterable[Telling]) -> Telling | None:
    """The telling that makes ``new`` needless on this channel; None when it is to be told.

    A step of the ladder is left to a graver one, or to the elder of two that are alike: of those
    that were told at least the gravest climbs.
    """
    if transition not in LOUD:
        return None
    others = list(told)
    known = any(one.incident_id == new.incident_id for one in others)
    climbs = transition in (Transition.ESCALATED, Transition.REMINDED)
    found = [
        one
        for one in others
        if one.incident_id != new.incident_id
        and explains(one.subject, new.subject)
        and (_before(one, new) if known and climbs else one.gravity >= new.gravity)
    ]
    return max(found, key=lambda one: (one.gravity, one.incident_id), default=None)


def explains(told: Subject, new: Subject) -> bool:
    """Whether both are one failure: of one zone, of one door, or of the whole and one zone."""
    if told.asset != new.asset or new.hazard not in _EXPLAINS.get(told.hazard, ()):
        return False
    return told.hazard in _DOOR or told.zone == new.zone or 0 in (told.zone, new.zone)


def _before(one: Telling, other: Telling) -> bool:
    if one.gravity != other.gravity:
        return one.gravity > other.gravity
    return one.incident_id < other.incident_id
