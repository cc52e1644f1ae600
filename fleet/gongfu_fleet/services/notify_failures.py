"""What each channel knows of the failures that go on, while one step of the recorder is made."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from gongfu_fleet.domain.alarms.incident import Incident
from gongfu_fleet.domain.notify.failure import (
    LOUD,
    TOLD_WITH,
    Telling,
    carrier,
    explains,
    gravity_of,
)
from gongfu_fleet.domain.notify.notice import RANK, Notice, Transition
from gongfu_fleet.services.notify_ports import Heard


class KnownFailures:
    """Begins with what was told before this step; ``aside``: nobody wants to hear of it now."""

    def __init__(self, heard: Iterable[Heard], aside: Callable[[Incident], bool]) -> None:
        self._told: dict[str, dict[str, Telling]] = defaultdict(dict)
        self._aside = aside
        for one in heard:
            self._add(one.channel, one.incident, _telling(one.incident, one))

    def why_not(self, notice: Notice, incident: Incident) -> str | None:
        """Why the channel need not be told, if another incident of the same failure tells it."""
        new = _telling(incident, notice)
        found = carrier(new, notice.transition, self._told[notice.channel].values())
        return f"{TOLD_WITH}{found.incident_id}" if found else None

    def is_news(self, notice: Notice, incident: Incident) -> bool:
        """Whether the channel is to hear of it now that another one holds it back no more."""
        own = self._told[notice.channel].get(incident.id)
        known = own is not None and RANK[own.severity] >= RANK[notice.severity]
        return not known and self.why_not(notice, incident) is None

    def told_before(self, notice: Notice, incident: Incident) -> Notice:
        """The notice with what its channel heard of the same failure already."""
        if notice.transition not in LOUD:
            return notice
        here = self._told[notice.channel].values()
        others = [one for one in here if one.incident_id != incident.id]
        same = [one for one in others if _one_failure(one, incident)]
        same.sort(key=lambda one: (gravity_of(one.subject.hazard, one.severity), one.incident_id))
        hazards = dict.fromkeys(one.subject.hazard.value for one in reversed(same))
        return replace(notice, facts=replace(notice.facts, also=tuple(hazards)))

    def add(self, notice: Notice, incident: Incident) -> None:
        """The channel will be told of it."""
        if notice.transition in LOUD:
            self._add(notice.channel, incident, _telling(incident, notice))

    def _add(self, channel: str, incident: Incident, telling: Telling) -> None:
        if not incident.running or self._aside(incident):
            return
        here = self._told[channel]
        before = here.get(incident.id, telling)
        here[incident.id] = max(before, telling, key=lambda one: RANK[one.severity])


def outlasting(incidents: Iterable[Incident], aside: Callable[[Incident], bool]) -> set[str]:
    """The assets of those that hold nothing back any more: over, or set aside."""
    return {one.subject.asset for one in incidents if not one.running or aside(one)}


def in_turn(incident: Incident, transition: Transition) -> tuple[bool, int, bool, str]:
    """Sorts what is to be told: first what was raised, the gravest of it first; the rest stays."""
    if transition is not Transition.RAISED:
        return True, 0, False, ""
    rank, exposed = gravity_of(incident.subject.hazard, incident.severity)
    return False, -rank, not exposed, incident.id


def _telling(incident: Incident, told: Notice | Heard) -> Telling:
    return Telling(incident.id, incident.subject, told.severity)


def _one_failure(told: Telling, incident: Incident) -> bool:
    return explains(told.subject, incident.subject) or explains(incident.subject, told.subject)
