"""The queues in which open incidents wait for people. Pure; the stores ask the same in SQL."""

from enum import StrEnum

from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.incident import Incident, Workflow


class Queue(StrEnum):
    """Open incidents: those that wait for somebody, or a part of them, or those put aside.

    What is suppressed waits with its parent.
    """

    WAITING = "waiting"
    UNACKNOWLEDGED = "unacknowledged"
    MINE = "mine"
    DISPOSITION = "disposition"
    SHELVED = "shelved"
    OUT_OF_SERVICE = "out_of_service"
    SUPPRESSED = "suppressed"


def queues_of(incident: Incident, *, user: str, now_ms: int) -> frozenset[Queue]:
    """Where the incident waits for ``user`` at ``now_ms``, platform time."""
    if not incident.open:
        return frozenset()
    found = {Queue.SUPPRESSED if incident.handling.parent else Queue.WAITING}
    if incident.shelved(now_ms):
        found = {Queue.SHELVED}
    if incident.handling.service is not None:
        found.add(Queue.OUT_OF_SERVICE)
    if Queue.WAITING in found:
        found |= _waiting(incident, user)
    return frozenset(found)


def _waiting(incident: Incident, user: str) -> set[Queue]:
    over = incident.finding.episode.end_ms is not None
    conditions = {
        Queue.UNACKNOWLEDGED: incident.workflow is Workflow.UNACK,
        Queue.MINE: incident.handling.assignee == user,
        Queue.DISPOSITION: over and incident.consequence is Consequence.PRODUCT,
    }
    return {queue for queue, met in conditions.items() if met}
