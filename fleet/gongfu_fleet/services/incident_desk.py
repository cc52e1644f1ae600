"""The desk: what people do to incidents beside acknowledging one, and the inbox they work from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gongfu_fleet.domain.alarms import event_data
from gongfu_fleet.domain.alarms.handling import Assigned
from gongfu_fleet.domain.alarms.incident import Body
from gongfu_fleet.domain.alarms.queues import Queue
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.people import ALLOWED, Account, Permission
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import FleetError, InvalidError
from gongfu_fleet.ports import Actor, AssetRegistry, IncidentView
from gongfu_fleet.services.incident_ports import IncidentActions, Taken, Task, Wanted
from gongfu_fleet.services.incidents import view_of
from gongfu_fleet.services.people_ports import People
from gongfu_fleet.services.watch_ports import AssetNames, IncidentLedger

MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Request:
    """What somebody wants done: ``verb`` for the audit log, the events, a key of their own.

    The events of one incident are taken all or none; a key that was done before does nothing.
    """

    verb: str
    bodies: tuple[Body, ...]
    key: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of one incident of many; ``fault`` tells why it is as it was."""

    id: str
    changed: bool
    incident: IncidentView | None = None
    fault: FleetError | None = None


@dataclass
class IncidentDesk:
    """Steps of people; every change is noted in the audit log in its own transaction."""

    ledger: IncidentLedger
    actions: IncidentActions
    names: AssetNames
    people: People
    registry: AssetRegistry

    def take(self, incident_id: str, request: Request, *, by: Actor) -> IncidentView:
        """Do it to one incident. Raises NotFoundError, ConflictError, InvalidError."""
        (taken,) = self.actions.take([_task(incident_id, request, by)], by=by)
        if taken.incident is None:
            raise taken.fault or InvalidError("Nothing was done.", "Try again.")
        return view_of(taken.incident, self.names)

    def take_all(
        self, incident_ids: Sequence[str], request: Request, *, by: Actor
    ) -> Sequence[Outcome]:
        """Do it to many, each on its own, in one transaction. Raises InvalidError."""
        ids = list(dict.fromkeys(incident_ids))
        if not 0 < len(ids) <= MOST_AT_ONCE:
            raise InvalidError(
                f"{len(ids)} incidents are named.", f"Name 1 to {MOST_AT_ONCE} of them at once."
            )
        taken = self.actions.take([_task(one, request, by) for one in ids], by=by)
        return [self._outcome(one, done) for one, done in zip(ids, taken, strict=True)]

    def assign(self, incident_id: str, to: str | None, *, by: Actor, key: str = "") -> IncidentView:
        """Give it to somebody who may act on it, or to nobody. Raises as ``take``."""
        if to is not None and to not in self.assignees(incident_id, scope=by.scope):
            raise InvalidError(
                "This person cannot take care of the incident.",
                "Choose somebody of the list: active, allowed to acknowledge, for this asset.",
            )
        return self.take(incident_id, Request("assign", (Assigned(to),), key), by=by)

    def assignees(self, incident_id: str, *, scope: Scope = EVERYTHING) -> Sequence[str]:
        """Who may take care of it, by name. Raises NotFoundError."""
        incident = self.ledger.find(incident_id, scope=scope)
        asset = self.registry.assets().get(incident.subject.asset)
        return [account.name for account in self.people.all() if _may_act(account, asset)]

    def inbox(
        self, wanted: Wanted, limit: int, before: str | None = None, *, scope: Scope = EVERYTHING
    ) -> Sequence[IncidentView]:
        """Open incidents of a queue, newest first, older than id ``before``."""
        found = self.actions.inbox(wanted, limit, before, scope=scope)
        return [view_of(incident, self.names) for incident in found]

    def counts(self, wanted: Wanted, *, scope: Scope = EVERYTHING) -> Mapping[Queue, int]:
        """How many wait in each queue."""
        return self.actions.counts(wanted, scope=scope)

    def _outcome(self, incident_id: str, taken: Taken) -> Outcome:
        view = view_of(taken.incident, self.names) if taken.incident else None
        return Outcome(incident_id, taken.changed, view, taken.fault)


def _may_act(account: Account, asset: Asset | None) -> bool:
    covers = account.scope.everything or (asset is not None and account.scope.covers(asset))
    return account.active and covers and Permission.ACKNOWLEDGE in ALLOWED[account.role]


def _task(incident_id: str, request: Request, by: Actor) -> Task:
    steps = [{"kind": kind, **data} for kind, data in map(event_data.to_data, request.bodies)]
    deed = Deed(
        by.real_ms,
        by.user,
        f"incident.{request.verb}",
        f"incident:{incident_id}",
        data={"steps": steps},
    )
    return Task(incident_id, request.bodies, deed, request.key)
