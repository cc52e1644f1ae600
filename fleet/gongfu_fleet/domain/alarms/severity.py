"""The ladder of severities: what goes on for long and nobody has taken on matters more. Pure.

Age counts from the beginning of the episode, while it is active: of a zone that recovers, or of
which nothing is heard, nobody knows whether it still goes on. A suppressed one is its parent's.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Incident, Workflow
from gongfu_fleet.domain.alarms.modifiers import Graver
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition
from gongfu_fleet.errors import InvalidError

_ORDER = tuple(Severity)


@dataclass(frozen=True)
class Rung:
    """At least ``severity`` when an incident is ``after_ms`` old."""

    after_ms: int
    severity: Severity


Ladder = tuple[Rung, ...]
Ladders = Mapping[Hazard, Ladder]


def checked(ladder: Ladder) -> Ladder:
    """The ladder, if it goes up. Raises InvalidError."""
    up = all(
        low.after_ms < high.after_ms and _ORDER.index(low.severity) < _ORDER.index(high.severity)
        for low, high in pairwise(ladder)
    )
    if not up or any(rung.after_ms <= 0 for rung in ladder):
        raise InvalidError(
            "A ladder of severities must go up.", "Give growing times and growing severities."
        )
    return ladder


def growing(incidents: Iterable[Incident], ladders: Ladders, now_ms: int) -> Iterator[Draft]:
    """The events that make incidents graver at ``now_ms``, platform time."""
    for incident in incidents:
        severity = grown(incident, ladders.get(incident.subject.hazard, ()), now_ms)
        if severity is not incident.severity:
            yield Draft(incident.id, Graver(severity))


def grown(incident: Incident, ladder: Ladder, now_ms: int) -> Severity:
    """The severity it has at ``now_ms``; never less than it had."""
    taken_on = incident.workflow is not Workflow.UNACK or incident.handling.parent is not None
    if taken_on or not incident.running or incident.condition is not Condition.ACTIVE:
        return incident.severity
    age_ms = now_ms - incident.finding.episode.begin_ms
    reached = [rung.severity for rung in ladder if age_ms >= rung.after_ms]
    return max([incident.severity, *reached], key=_ORDER.index)
