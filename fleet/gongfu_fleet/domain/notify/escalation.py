"""The ladder: who is asked next when nobody acknowledges. Platform time, as the ledger's stamps.

Delays: ack_sla_min and realarm_min of the alarm defaults (15 min critical, 60 min high, reminders
every 4 h). Roles are our choice.
"""

from dataclasses import dataclass

from gongfu_fleet.domain.alarms.incident import Severity
from gongfu_fleet.domain.notify.notice import Transition
from gongfu_fleet.domain.people import Role

MINUTE_MS = 60_000
REMIND_MS = 240 * MINUTE_MS


@dataclass(frozen=True)
class Rung:
    """Whom to ask when an incident is unacknowledged ``after_ms`` after it was found."""

    after_ms: int
    role: Role


LADDERS = {
    Severity.CRITICAL: (
        Rung(0, Role.MANAGER),
        Rung(15 * MINUTE_MS, Role.DISPATCHER),
        Rung(30 * MINUTE_MS, Role.ADMIN),
    ),
    Severity.HIGH: (Rung(0, Role.MANAGER), Rung(60 * MINUTE_MS, Role.DISPATCHER)),
    Severity.LOW: (Rung(0, Role.MANAGER),),
}


@dataclass(frozen=True)
class Ascent:
    """An incident on its way up: found at ``since_ms``, ``step`` is the next one."""

    incident_id: str
    severity: Severity
    since_ms: int
    step: int = 1

    @property
    def due_ms(self) -> int:
        """When its next step is due; reminders follow the last rung."""
        ladder = LADDERS[self.severity]
        if self.step < len(ladder):
            return self.since_ms + ladder[self.step].after_ms
        return self.since_ms + ladder[-1].after_ms + (self.step - len(ladder) + 1) * REMIND_MS

    @property
    def role(self) -> Role:
        """Whom the next step asks."""
        ladder = LADDERS[self.severity]
        return ladder[min(self.step, len(ladder) - 1)].role

    @property
    def transition(self) -> Transition:
        """What the next step is: another rung, or a reminder."""
        above = self.step < len(LADDERS[self.severity])
        return Transition.ESCALATED if above else Transition.REMINDED

    def caught_up(self, now_ms: int) -> "Ascent":
        """The latest step that is due: who was away for a day is not told of every step."""
        here = self
        while (above := here.above()).due_ms <= now_ms:
            here = above
        return here

    def above(self) -> "Ascent":
        """Before the step after this one."""
        return Ascent(self.incident_id, self.severity, self.since_ms, self.step + 1)
