"""A notice: one transition of one incident for one channel, before anything is sent.

Notices stand in the outbox. What is sent is a ``Message``: one notice, several of one cause
(parent), or a digest. Times named ``real`` are wall time, UTC ms: they limit what people and bots
take; ``at_ms`` is platform time, as in the ledger.
"""

from dataclasses import dataclass
from enum import StrEnum

from gongfu_fleet.domain.alarms.hazard import Severity

RANK = {Severity.CRITICAL: 3, Severity.HIGH: 2, Severity.LOW: 1}


class Transition(StrEnum):
    """What became of the incident; those that come again have a number in ``Notice.step``."""

    RAISED = "raised"
    LATE = "late"
    CLEARED = "cleared"
    RETRACTED = "retracted"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    GRAVER = "graver"
    OUTLASTED = "outlasted"


# What is good to know and wakes nobody.
QUIET = frozenset({Transition.LATE, Transition.CLEARED, Transition.RETRACTED})


@dataclass(frozen=True)
class Facts:
    """What a message tells of the incident; celsius, UTC ms of event time.

    ``also``: hazards of the same failure of which the channel was told before.
    """

    asset: str
    asset_name: str
    site: str
    zone: int
    hazard: str
    begin_ms: int
    peak_celsius: float | None
    limit_celsius: float | None
    end_ms: int | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """``step`` numbers the rung of the ladder, the reminder, or the event that opened it again.

    ``role`` is whom the rung asks for, ``mentions`` who has it at present; nobody means that the
    whole channel is told because nobody is on duty.
    """

    incident_id: str
    transition: Transition
    channel: str
    severity: Severity
    facts: Facts
    made_real_ms: int
    step: int = 0
    role: str = ""
    mentions: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """At most one entry in the outbox has it."""
        return f"{self.incident_id}:{self.transition}-{self.step}:{self.channel}"

    @property
    def rank(self) -> int:
        """The greater, the sooner."""
        return RANK[self.severity]

    @property
    def critical(self) -> bool:
        """Whether neither flood nor digest may hold it back."""
        return self.severity is Severity.CRITICAL and self.transition not in QUIET


class Form(StrEnum):
    """How many notices a message stands for, and why."""

    SINGLE = "single"
    PARENT = "parent"
    DIGEST = "digest"
    TRIAL = "trial"


@dataclass(frozen=True)
class Bundle:
    """Notices of one channel that go out as one message; none in a trial."""

    form: Form
    notices: tuple[Notice, ...]

    @property
    def rank(self) -> int:
        """That of its gravest notice; a digest never overtakes an alarm."""
        if self.form is Form.DIGEST:
            return 0
        return max((notice.rank for notice in self.notices), default=0)

    @property
    def critical(self) -> bool:
        """Whether one of its notices is."""
        return any(notice.critical for notice in self.notices)

    @property
    def made_real_ms(self) -> int:
        """When its eldest notice was made."""
        return min(notice.made_real_ms for notice in self.notices)

    @property
    def mentions(self) -> tuple[str, ...]:
        """Everybody whom one of its notices asks for."""
        return tuple(dict.fromkeys(one for notice in self.notices for one in notice.mentions))
