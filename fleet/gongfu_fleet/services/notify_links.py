"""Acknowledging by the link in a message, without signing in.

Looking changes nothing, for chat programs open links by themselves; only the form acknowledges.
A link acts once: what it acknowledged stays so, and afterwards it only shows how things stand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gongfu_broker.clock import Clock
from gongfu_fleet.domain.alarms.incident import Acknowledged, Incident, Workflow
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.notify.link import message_of
from gongfu_fleet.errors import ConflictError, InvalidError, NotFoundError
from gongfu_fleet.services.notify_ports import LinkUses
from gongfu_fleet.services.watch_ports import AssetNames, IncidentLedger

LONGEST_NAME = 40
LONGEST_NOTE = 500


@dataclass(frozen=True)
class LinkedIncident:
    """An incident as the link's page shows it; celsius, UTC ms."""

    asset: str
    asset_name: str
    zone: int
    hazard: str
    severity: str
    begin_ms: int
    peak_celsius: float | None
    running: bool
    waits: bool


@dataclass(frozen=True)
class LinkPage:
    """What a link stands for; ``usable`` while it can still acknowledge something."""

    incidents: Sequence[LinkedIncident]
    usable: bool


@dataclass
class AcknowledgeLinks:
    """``key`` gives what links are signed with; an empty one signs nothing and opens nothing."""

    uses: LinkUses
    ledger: IncidentLedger
    names: AssetNames
    key: Callable[[], bytes]
    clock: Clock
    real_ms: Callable[[], int]

    def look(self, token: str) -> LinkPage:
        """How the incidents of a link stand. Raises NotFoundError, ConflictError."""
        message_id = self._message(token)
        incidents = self._incidents(message_id)
        fresh = self.uses.used_real_ms(message_id) is None
        shown = tuple(self._shown(incident) for incident in incidents)
        return LinkPage(shown, fresh and any(incident.waits for incident in shown))

    def acknowledge(self, token: str, name: str, note: str) -> LinkPage:
        """Acknowledge what still waits, and use the link up.

        Raises NotFoundError, ConflictError when the link was used, InvalidError without a name.
        """
        message_id, name, note = self._message(token), name.strip(), note.strip()
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable() or len(note) > LONGEST_NOTE:
            raise InvalidError(
                "The name is missing or too long, or the note is.", "Write who you are, shortly."
            )
        incidents = self._incidents(message_id)
        if self.uses.used_real_ms(message_id) is not None:
            raise ConflictError("The link was used before.", "Sign in to do more.")
        # First the ledger, then the use: dying between leaves a link that changes nothing twice.
        self._append(message_id, [one for one in incidents if _waits(one)], name, note)
        self.uses.use(message_id, self.real_ms())
        return self.look(token)

    def _append(self, message_id: str, waiting: Sequence[Incident], name: str, note: str) -> None:
        if not waiting:
            return
        body = Acknowledged(f"{name}：{note}" if note else name)
        ids = [incident.id for incident in waiting]
        by = f"link of {self.uses.channel(message_id)}"
        deed = Deed(
            self.real_ms(),
            by,
            "incident.acknowledge",
            f"message:{message_id}",
            data={"name": name, "note": note, "incidents": ids},
        )
        drafts = [Draft(incident_id, body) for incident_id in ids]
        self.ledger.append(drafts, at_ms=self.clock.now_ms(), by=by, deed=deed)

    def _message(self, token: str) -> str:
        key = self.key()
        if not key:
            raise NotFoundError("There are no links here.", "Sign in and acknowledge there.")
        return message_of(key, token, self.real_ms())

    def _incidents(self, message_id: str) -> Sequence[Incident]:
        found = self.uses.incidents(message_id)
        if not found:
            raise NotFoundError("Nothing is left of this message.", "Sign in and look there.")
        return found

    def _shown(self, incident: Incident) -> LinkedIncident:
        subject = incident.subject
        return LinkedIncident(
            asset=subject.asset,
            asset_name=self.names.name_and_site(subject.asset)[0],
            zone=subject.zone,
            hazard=subject.hazard.value,
            severity=incident.severity.value,
            begin_ms=incident.finding.episode.begin_ms,
            peak_celsius=incident.finding.episode.peak_celsius,
            running=incident.running,
            waits=_waits(incident),
        )


def _waits(incident: Incident) -> bool:
    return incident.living and incident.workflow is Workflow.UNACK
