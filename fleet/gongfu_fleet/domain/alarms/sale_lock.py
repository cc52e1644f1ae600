"""When a cabinet has to stop selling, and when somebody may let it sell again. Pure.

After the FDA Food Code, 4-204.111: a machine that cannot hold its temperature does not sell until
it was serviced and restocked; shortly after it was filled or serviced it may be warm.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Incident
from gongfu_fleet.errors import ConflictError, InvalidError

LONGEST_GRACE_MS = 30 * 60_000


@dataclass(frozen=True)
class SaleLockPolicy:
    """Which incidents lock: of these hazards, at least this grave.

    Not within ``grace_ms`` after filling (a tray grew by ``filled_kg`` or more) or servicing. A
    command that did not arrive is sent again after ``retry_ms``.
    """

    hazards: frozenset[Hazard]
    severity: Severity
    grace_ms: int
    filled_kg: float
    retry_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.grace_ms <= LONGEST_GRACE_MS or min(self.filled_kg, self.retry_ms) <= 0:
            raise InvalidError(
                "The policy of the sale lock cannot hold.",
                "Allow at most 30 minutes of grace after filling and servicing.",
            )


def must_lock(incident: Incident, policy: SaleLockPolicy) -> bool:
    """Whether the incident is reason to stop selling, and has not done so yet."""
    return (
        incident.running
        and incident.handling.sale_lock is None
        and incident.consequence is Consequence.PRODUCT
        and incident.subject.hazard in policy.hazards
        and tuple(Severity).index(incident.severity) >= tuple(Severity).index(policy.severity)
    )


def lock_stands(incident: Incident) -> bool:
    """Whether the incident has locked the sale and nobody has unlocked it."""
    lock = incident.handling.sale_lock
    return incident.living and lock is not None and lock.stands


def filled_ms(trays: Iterable[Sequence[tuple[int, float]]], filled_kg: float) -> int | None:
    """When goods were put in last; ``trays`` are (ts_ms, kg) per tray, oldest first."""
    found = [
        later_ms
        for weights in trays
        for (_, before), (later_ms, after) in pairwise(weights)
        if after - before >= filled_kg
    ]
    return max(found, default=None)


def require_unlocked(incidents: Iterable[Incident]) -> None:
    """Raise ConflictError while one of these locks its cabinet."""
    for incident in incidents:
        if lock_stands(incident):
            raise ConflictError(
                f"The sale is locked by incident {incident.id}.",
                "Decide on its goods and unlock the sale there.",
            )


def require_decided(incidents: Iterable[Incident]) -> None:
    """Raise ConflictError while goods of an incident that locks this cabinet are undecided."""
    for incident in incidents:
        if lock_stands(incident) and not incident.handling.goods_decided:
            raise ConflictError(
                f"The sale is locked by incident {incident.id}, whose goods nobody has decided on.",
                "Release or withdraw its goods, and unlock the sale there.",
            )
