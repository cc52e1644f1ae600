"""The ladder: who is asked next when nobody acknowledges. Platform time, as the ledger's stamps.

Delays by default: ack_sla_min and realarm_min of the alarm defaults (15 min critical, 60 min high,
reminders every 4 h). Roles by default are our choice.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify.notice import Transition
from gongfu_fleet.domain.people import Role
from gongfu_fleet.errors import InvalidError

MINUTE_MS = 60_000
REMIND_MS = 240 * MINUTE_MS
# Who looks on or speaks MQTT is asked for nothing.
DUTIES = (Role.CREW, Role.DISPATCHER, Role.MANAGER, Role.ADMIN)
_RUNG = re.compile(r"(\d{1,5}) ([a-z]+)")


@dataclass(frozen=True)
class Rung:
    """Whom to ask when an incident is unacknowledged ``after_ms`` after it was found."""

    after_ms: int
    role: Role


@dataclass(frozen=True)
class Ascent:
    """An incident on its way up: found at ``since_ms``; ``step`` is the next one, at ``due_ms``."""

    incident_id: str
    severity: Severity
    since_ms: int
    step: int
    due_ms: int


@dataclass(frozen=True)
class Ladder:
    """The rungs of one severity, the first at once; after the last one come reminders."""

    rungs: tuple[Rung, ...]
    remind_ms: int = REMIND_MS

    def begin(self, incident_id: str, severity: Severity, since_ms: int) -> Ascent:
        """Before the step after the first notice."""
        return Ascent(incident_id, severity, since_ms, 1, self._due_ms(since_ms, 1))

    def above(self, ascent: Ascent) -> Ascent:
        """Before the step after this one."""
        step, since_ms = ascent.step + 1, ascent.since_ms
        due_ms = self._due_ms(since_ms, step)
        return Ascent(ascent.incident_id, ascent.severity, since_ms, step, due_ms)

    def caught_up(self, ascent: Ascent, now_ms: int) -> Ascent:
        """The latest step that is due: who was away for a day is not told of every step."""
        here = ascent
        while (above := self.above(here)).due_ms <= now_ms:
            here = above
        return here

    def role(self, step: int) -> Role:
        """Whom a step asks."""
        return self.rungs[min(step, len(self.rungs) - 1)].role

    def transition(self, step: int) -> Transition:
        """What a step is: another rung, or a reminder."""
        return Transition.ESCALATED if step < len(self.rungs) else Transition.REMINDED

    def _due_ms(self, since_ms: int, step: int) -> int:
        if step < len(self.rungs):
            return since_ms + self.rungs[step].after_ms
        reminders = step - len(self.rungs) + 1
        return since_ms + self.rungs[-1].after_ms + reminders * self.remind_ms


Ladders = Mapping[Severity, Ladder]
LADDERS: Ladders = {
    Severity.CRITICAL: Ladder(
        (
            Rung(0, Role.MANAGER),
            Rung(15 * MINUTE_MS, Role.DISPATCHER),
            Rung(30 * MINUTE_MS, Role.ADMIN),
        )
    ),
    Severity.HIGH: Ladder((Rung(0, Role.MANAGER), Rung(60 * MINUTE_MS, Role.DISPATCHER))),
    Severity.LOW: Ladder((Rung(0, Role.MANAGER),)),
}


def parse_ladder(texts: Sequence[str], remind_min: int) -> Ladder:
    """Read rungs like ``0 manager``, ``15 dispatcher`` (minutes, role). Raises InvalidError."""
    rungs = tuple(_rung(text) for text in texts)
    later = all(low.after_ms < high.after_ms for low, high in pairwise(rungs))
    if not rungs or rungs[0].after_ms != 0 or not later:
        raise InvalidError(
            "A ladder begins at minute 0 and goes up.", "Write it like 0 manager, 15 dispatcher."
        )
    return Ladder(rungs, remind_min * MINUTE_MS)


def _rung(text: str) -> Rung:
    found = _RUNG.fullmatch(text.strip())
    if found is None or found[2] not in {role.value for role in DUTIES}:
        raise InvalidError(
            f"{text!r:.40} is no rung of a ladder.",
            f"Write minutes and one of {', '.join(DUTIES)}, such as 15 dispatcher.",
        )
    return Rung(int(found[1]) * MINUTE_MS, Role(found[2]))
