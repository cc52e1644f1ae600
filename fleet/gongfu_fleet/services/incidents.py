"""The incident book: what people see of the ledger, and acknowledging."""

from collections.abc import Sequence
from typing import Any

from gongfu_fleet.domain.alarms import event_data
from gongfu_fleet.domain.alarms.handling import Handling
from gongfu_fleet.domain.alarms.incident import Acknowledged, Incident
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.ports import Actor, DispositionView, IncidentEvent, IncidentView, IncidentWords
from gongfu_fleet.services.incident_words import words_of
from gongfu_fleet.services.watch_ports import AssetNames, IncidentLedger, WatchedZones


class IncidentBook:
    """Incidents with the names of their assets; newest id first."""

    def __init__(
        self, ledger: IncidentLedger, names: AssetNames, watched: WatchedZones | None = None
    ) -> None:
        """``watched`` has the rulebooks that speak of incidents; without it nothing is said."""
        self._ledger = ledger
        self._names = names
        self._watched = watched

    def open_items(
        self,
        limit: int,
        before: str | None = None,
        *,
        asset: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> Sequence[IncidentView]:
        """Open incidents older than id ``before``, at most ``limit``."""
        found = self._ledger.page(limit, before, asset=asset, only_open=True, scope=scope)
        return [self._view(incident) for incident in found]

    def all_items(
        self,
        limit: int,
        before: str | None = None,
        *,
        asset: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> Sequence[IncidentView]:
        """All incidents older than id ``before``, merged and retracted ones too."""
        found = self._ledger.page(limit, before, asset=asset, only_open=False, scope=scope)
        return [self._view(incident) for incident in found]

    def get(self, incident_id: str, *, scope: Scope = EVERYTHING) -> IncidentView:
        """One incident. Raises NotFoundError, for one outside the scope too."""
        return self._view(self._ledger.find(incident_id, scope=scope))

    def words(self, incident_id: str, *, scope: Scope = EVERYTHING) -> IncidentWords:
        """What its rule says of it. Raises NotFoundError."""
        incident = self._ledger.find(incident_id, scope=scope)
        return words_of(incident, self._ledger, self._watched) if self._watched else IncidentWords()

    def events(self, incident_id: str, *, scope: Scope = EVERYTHING) -> Sequence[IncidentEvent]:
        """Its events in order, numbered from 1. Raises NotFoundError."""
        self._ledger.find(incident_id, scope=scope)
        shown = []
        for n, event in enumerate(self._ledger.events(incident_id), start=1):
            kind, data = event_data.to_data(event.body)
            shown.append(IncidentEvent(n, event.at_ms, kind, event.by, data))
        return shown

    def acknowledge(
        self, incident_id: str, note: str, *, by: Actor, eta_ms: int | None = None
    ) -> IncidentView:
        """Acknowledge; a second time changes nothing. Raises NotFoundError, ConflictError."""
        self._ledger.find(incident_id, scope=by.scope)
        draft = Draft(incident_id, Acknowledged(note.strip(), eta_ms))
        kind, data = event_data.to_data(draft.body)
        deed = Deed(
            by.real_ms,
            by.user,
            "incident.acknowledge",
            f"incident:{incident_id}",
            data={"steps": [{"kind": kind, **data}]},
        )
        self._ledger.append([draft], at_ms=by.now_ms, by=by.user, deed=deed)
        return self.get(incident_id, scope=by.scope)

    def version(self, scope: Scope = EVERYTHING) -> int:
        """Grows with every event of any incident in the scope."""
        return self._ledger.version(scope)

    def _view(self, incident: Incident) -> IncidentView:
        return view_of(incident, self._names)


def view_of(incident: Incident, names: AssetNames) -> IncidentView:
    """An incident with the name of its asset."""
    name, site = names.name_and_site(incident.subject.asset)
    episode = incident.finding.episode
    return IncidentView(
        id=incident.id,
        asset=incident.subject.asset,
        asset_name=name,
        site=site,
        zone=incident.subject.zone,
        hazard=incident.subject.hazard.value,
        condition=incident.condition.value,
        workflow=incident.workflow.value,
        severity=incident.severity.value,
        begin_ms=episode.begin_ms,
        raised_ms=episode.raised_ms,
        end_ms=episode.end_ms,
        peak_celsius=episode.peak_celsius,
        limit_celsius=incident.finding.limit_celsius,
        unknown_s=episode.unknown_ms // 1000,
        late=incident.late,
        acked_by=incident.acked_by,
        acked_ms=incident.acked_ms,
        note=incident.note,
        merged_into=incident.merged_into,
        consequence=incident.consequence.value,
        eta_ms=incident.eta_ms,
        **_handling_fields(incident.handling),
    )


def _handling_fields(handling: Handling) -> dict[str, Any]:  # the rest of the view
    lock = handling.sale_lock
    shelf, service, closing = handling.shelf, handling.service, handling.closing
    return {
        "assignee": handling.assignee,
        "shelved_until_ms": shelf.until_ms if shelf else None,
        "shelved_by": shelf.by if shelf else None,
        "shelved_reason": shelf.reason if shelf else None,
        "work_order": service.work_order if service else None,
        "dispositions": tuple(
            DispositionView(one.lot, one.decision.value, one.note, one.by, one.at_ms)
            for one in handling.dispositions
        ),
        "closed_by": closing.by if closing else None,
        "closed_ms": closing.at_ms if closing else None,
        "parent": handling.parent,
        "sale_locked_ms": lock.since_ms if lock and lock.stands else None,
    }
