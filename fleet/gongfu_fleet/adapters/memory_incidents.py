"""State of the watch and the incident ledger in memory: for tests and the rule bench."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence

from gongfu_fleet.domain.alarms.incident import (
    Event,
    Incident,
    Subject,
    advanced,
    apply,
    measured,
)
from gongfu_fleet.domain.alarms.parents import cause_of
from gongfu_fleet.domain.alarms.queues import Queue, queues_of
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.zone import Checkpoint, ZoneState, thinned
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import ConflictError, FleetError, NotFoundError
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.incident_ports import Taken, Task, Wanted
from gongfu_fleet.services.watch_ports import Cursor, Followed, Turn, ZoneKey, ZoneUpdate


class MemoryIncidentStore:
    """Everything in dicts; a failed turn leaves them as they were."""

    def __init__(self, assets: Mapping[str, Asset] | None = None) -> None:
        """``assets`` are those by which scopes are judged."""
        self._assets = assets or {}
        self.deeds: list[Deed] = []
        self._cursors: dict[str, Cursor] = {}
        self._states: dict[ZoneKey, Followed] = {}
        self._checkpoints: dict[ZoneKey, list[Checkpoint]] = {}
        self._incidents: dict[str, Incident] = {}
        self._events: dict[str, list[Event]] = {}

    def cursor(self, consumer: str) -> Cursor | None:
        """Where the consumer stands."""
        return self._cursors.get(consumer)

    def states(self) -> Mapping[ZoneKey, Followed]:
        """The state of every zone."""
        return dict(self._states)

    def zone_state(self, key: ZoneKey) -> ZoneState | None:
        """As it was saved last."""
        followed = self._states.get(key)
        return followed.state if followed else None

    def checkpoint(self, key: ZoneKey, at_ms: int) -> Checkpoint | None:
        """The newest checkpoint not after ``at_ms``."""
        checkpoints = self._checkpoints.get(key, [])
        index = bisect_right(checkpoints, at_ms, key=lambda checkpoint: checkpoint.at_ms)
        return checkpoints[index - 1] if index else None

    def incidents_since(self, subject: Subject, since_ms: int) -> Sequence[Incident]:
        """Living incidents that run or ended at ``since_ms`` or later."""
        return [
            incident
            for incident in self._incidents.values()
            if incident.subject == subject and incident.living and _reaches(incident, since_ms)
        ]

    def subjects(self) -> Collection[Subject]:
        """Every subject with a living incident."""
        return {incident.subject for incident in self._incidents.values() if incident.living}

    def running(self) -> Sequence[Incident]:
        """Living incidents whose episode is not over."""
        return [incident for incident in self._incidents.values() if incident.running]

    def save_turn(self, turn: Turn) -> None:
        """Store a turn as a whole. Raises ConflictError."""
        if self._cursors.get(turn.consumer) != turn.before:
            raise ConflictError(
                f"The cursor of {turn.consumer} was moved by somebody else.",
                "Run one worker only for this log.",
            )
        incidents: dict[str, Incident] = {}
        for update in turn.zones:
            for incident_id, finding in update.measures.items():
                incidents[incident_id] = measured(self.find(incident_id), finding)
        drafts = [draft for update in turn.zones for draft in update.drafts]
        self._append(drafts, incidents, at_ms=turn.at_ms, by=None)
        for update in turn.zones:
            self._keep_checkpoints(update)
        self._states.update(turn.states())
        self._cursors[turn.consumer] = turn.after

    def append(
        self,
        drafts: Sequence[Draft],
        *,
        at_ms: int,
        by: str | None = None,
        deed: Deed | None = None,
    ) -> None:
        """Append events as a whole. Raises ConflictError."""
        changed = self._append(drafts, {}, at_ms=at_ms, by=by)
        self.deeds += [deed] if changed and deed else []

    def _append(
        self, drafts: Sequence[Draft], incidents: dict[str, Incident], *, at_ms: int, by: str | None
    ) -> bool:
        events: list[tuple[str, Event]] = []
        for incident_id, body in drafts:
            before = incidents.get(incident_id) or self._incidents.get(incident_id)
            event = Event(at_ms, by, body)
            after = apply(incident_id, before, event)
            if after is not before:
                incidents[incident_id] = after
                events.append((incident_id, event))
        self._incidents.update(incidents)
        for incident_id, event in events:
            self._events.setdefault(incident_id, []).append(event)
        return bool(events)

    def take(self, tasks: Sequence[Task], *, by: Actor) -> Sequence[Taken]:
        """Every task on its own."""
        return [self._take(task, by) for task in tasks]

    def _take(self, task: Task, by: Actor) -> Taken:
        try:
            before = self.find(task.incident_id, scope=by.scope)
            after, events = advanced(before, task.bodies, at_ms=by.now_ms, by=by.user, key=task.key)
        except FleetError as fault:
            return Taken(None, changed=False, fault=fault)
        self._incidents[after.id] = after
        self._events.setdefault(after.id, []).extend(events)
        self.deeds += [task.deed] if events else []
        return Taken(after, changed=bool(events))

    def inbox(
        self, wanted: Wanted, limit: int, before: str | None = None, *, scope: Scope = EVERYTHING
    ) -> Sequence[Incident]:
        """Open incidents of a queue, newest id first."""
        found = [
            incident
            for incident, queues in self._waiting(wanted, scope)
            if wanted.queue in queues and (before is None or incident.id < before)
        ]
        return sorted(found, key=lambda incident: incident.id, reverse=True)[:limit]

    def counts(self, wanted: Wanted, *, scope: Scope = EVERYTHING) -> Mapping[Queue, int]:
        """How many wait in each queue."""
        waiting = [queues for _, queues in self._waiting(wanted, scope)]
        return {queue: sum(queue in queues for queues in waiting) for queue in Queue}

    def _waiting(self, wanted: Wanted, scope: Scope) -> Iterator[tuple[Incident, frozenset[Queue]]]:
        for incident in self._incidents.values():
            sites = {asset.site for asset in self._concerned(incident)}
            there = wanted.site is None or wanted.site in sites
            if there and self._sees(scope, incident):
                yield incident, queues_of(incident, user=wanted.user, now_ms=wanted.now_ms)

    def page(
        self,
        limit: int,
        before: str | None,
        *,
        asset: str | None,
        only_open: bool,
        scope: Scope = EVERYTHING,
    ) -> Sequence[Incident]:
        """Incidents below ``before``, newest id first."""
        found = [
            incident
            for _, incident in sorted(self._incidents.items(), reverse=True)
            if (before is None or incident.id < before)
            and (asset is None or incident.subject.asset == asset)
            and (incident.open or not only_open)
            and self._sees(scope, incident)
        ]
        return found[:limit]

    def find(self, incident_id: str, *, scope: Scope = EVERYTHING) -> Incident:
        """One incident. Raises NotFoundError."""
        incident = self._incidents.get(incident_id)
        if incident is None or not self._sees(scope, incident):
            raise NotFoundError(
                f"There is no incident {incident_id}.", "Take an id from the list of incidents."
            )
        return incident

    def events(self, incident_id: str) -> Sequence[Event]:
        """Its events in order."""
        return tuple(self._events.get(incident_id, ()))

    def version(self, scope: Scope = EVERYTHING) -> int:
        """How many events the ledger holds of the scope."""
        return sum(
            len(events)
            for incident_id, events in self._events.items()
            if self._sees(scope, self._incidents[incident_id])
        )

    def _sees(self, scope: Scope, incident: Incident) -> bool:
        return scope.everything or any(map(scope.covers, self._concerned(incident)))

    def _concerned(self, incident: Incident) -> list[Asset]:
        name, group = incident.subject.asset, cause_of(incident.subject.asset)
        return [
            asset
            for asset in self._assets.values()
            if asset.id == name or (group and group.covers(asset))
        ]

    def _keep_checkpoints(self, update: ZoneUpdate) -> None:
        kept = self._checkpoints.get(update.key, [])
        if update.redo_from_ms is not None:
            kept = [checkpoint for checkpoint in kept if checkpoint.at_ms < update.redo_from_ms]
        self._checkpoints[update.key] = thinned(kept + list(update.checkpoints))


def _reaches(incident: Incident, since_ms: int) -> bool:
    end_ms = incident.finding.episode.end_ms
    return end_ms is None or end_ms >= since_ms
