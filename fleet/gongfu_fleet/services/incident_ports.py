"""What the desk needs from the store of incidents. Times are UTC ms, platform time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gongfu_fleet.domain.alarms.incident import Body, Incident
from gongfu_fleet.domain.alarms.queues import Queue
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import FleetError
from gongfu_fleet.ports import Actor


@dataclass(frozen=True)
class Task:
    """Events for one incident, taken all or none; the deed is noted if anything changed.

    ``key`` was made by who asks: a task whose key was taken before changes nothing.
    """

    incident_id: str
    bodies: tuple[Body, ...]
    deed: Deed
    key: str = ""


class Taken(NamedTuple):
    """The incident after a task, or why it could not be taken (then ``incident`` is None)."""

    incident: Incident | None
    changed: bool
    fault: FleetError | None = None


@dataclass(frozen=True)
class Wanted:
    """Which open incidents of the inbox: ``user`` and ``now_ms`` decide what is mine or shelved."""

    user: str
    now_ms: int
    queue: Queue = Queue.WAITING
    site: str | None = None


class IncidentActions(Protocol):
    """Adding to the ledger for people, and the lists they work from."""

    def take(self, tasks: Sequence[Task], *, by: Actor) -> Sequence[Taken]:
        """Every task on its own, all in one transaction; what is outside the scope is not found."""
        ...

    def inbox(
        self, wanted: Wanted, limit: int, before: str | None = None, *, scope: Scope = EVERYTHING
    ) -> Sequence[Incident]:
        """Open incidents of a queue below id ``before``, newest first."""
        ...

    def counts(self, wanted: Wanted, *, scope: Scope = EVERYTHING) -> Mapping[Queue, int]:
        """How many wait in each queue, whichever ``wanted`` names."""
        ...
