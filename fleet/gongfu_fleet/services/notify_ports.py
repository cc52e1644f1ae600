"""What notifications need: the ledger to follow, the outbox, channels, the roster, link uses.

``real_ms`` are wall time, ``at_ms`` platform time, both UTC ms.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.alarms.incident import Body, Incident
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.notify.duty import Shift
from gongfu_fleet.domain.notify.escalation import Ascent
from gongfu_fleet.domain.notify.notice import Bundle, Notice
from gongfu_fleet.domain.notify.plan import Pace
from gongfu_fleet.domain.notify.rate import Attempt, Limits
from gongfu_fleet.domain.notify.retry import Outcome


class LedgerEntry(NamedTuple):
    """One event of the ledger, and how its incident stands now."""

    seq: int
    at_ms: int
    body: Body
    incident: Incident


class Told(NamedTuple):
    """A channel that was told of an incident."""

    incident_id: str
    channel: str


class Heard(NamedTuple):
    """A channel was told of an incident that goes on, at this severity among others."""

    incident: Incident
    channel: str
    severity: Severity


class Dropped(NamedTuple):
    """A notice that is not sent, and why; it stays in the outbox as evidence."""

    notice: Notice
    why: str


@dataclass(frozen=True)
class Recording:
    """One step of the recorder, stored as a whole or not at all.

    ``before`` is where its cursor was found. ``ascents`` are begun or moved on, ``ended`` are
    the incidents that climb no more.
    """

    before: int | None
    after: int
    notices: Sequence[Notice] = ()
    dropped: Sequence[Dropped] = ()
    ascents: Sequence[Ascent] = ()
    ended: Collection[str] = ()


class Outbox(Protocol):
    """The ledger as the recorder reads it, and where it puts its notices: one database."""

    def cursor(self) -> int | None:
        """The seq of the last event that was taken; None before the first turn."""
        ...

    def newest(self) -> int:
        """The seq of the newest event of the ledger; 0 when it is empty."""
        ...

    def entries(self, after: int, limit: int) -> Sequence[LedgerEntry]:
        """Events with a greater seq, in order."""
        ...

    def known(self, keys: Collection[str]) -> set[str]:
        """Which of these keys are in the outbox."""
        ...

    def told(self, incident_ids: Collection[str]) -> dict[Told, int]:
        """Which channels were or will be told of these incidents.

        The number is the step of the newest notice that one was opened again; 0 when there is none.
        """
        ...

    def heard(self, assets: Collection[str]) -> Sequence[Heard]:
        """What channels were or will be told, other than late, of what goes on with these assets.

        What was dropped does not count.
        """
        ...

    def untold(self, assets: Collection[str]) -> Sequence[Incident]:
        """What goes on with them unacknowledged, a notice of which was dropped for another one."""
        ...

    def due(self, now_ms: int, limit: int) -> Sequence[tuple[Ascent, Incident]]:
        """Ascents whose next step is due at platform time ``now_ms``."""
        ...

    def climbing(self, incident_ids: Collection[str]) -> set[str]:
        """Which of these incidents are on the ladder."""
        ...

    def save(self, recording: Recording) -> None:
        """Store a step in one transaction; a key that is there already stays as it is.

        Raises ConflictError when the cursor is no longer where the step began.
        """
        ...

    def retire(self, channels: Collection[str]) -> None:
        """Drop what waits for a channel that is not among these."""
        ...

    def trim(self, before_real_ms: int) -> None:
        """Forget what was sent, dropped or given up before."""
        ...


@dataclass(frozen=True)
class Message:
    """What goes out as one: its id is the idempotency key, the same at every attempt."""

    id: str
    channel: str
    bundle: Bundle
    made_real_ms: int
    attempts: int


@dataclass(frozen=True)
class Desk:
    """All that decides what a channel sends next.

    ``retries`` are messages whose next try is due. ``attempts`` are those that may still count
    against the limits.
    """

    pace: Pace
    waiting: Sequence[Notice] = ()
    retries: Sequence[Message] = ()
    attempts: Sequence[Attempt] = ()
    held_until_real_ms: int = 0


@dataclass(frozen=True)
class Ended:
    """How an attempt ended: when, with what, and when the next one is due (None: never)."""

    real_ms: int
    outcome: Outcome
    next_real_ms: int | None = None


class SendingDesk(Protocol):
    """The outbox as the sender of one channel sees it."""

    def look(self, channel: str, now_real_ms: int, memory_ms: int) -> Desk:
        """What stands there now."""
        ...

    def keep_flood(self, channel: str, *, flood: bool) -> None:
        """Remember whether the channel is in flood."""
        ...

    def begin(self, message: Message, now_real_ms: int, next_real_ms: int) -> None:
        """Note an attempt before it is made; a message that is new is sealed with it.

        ``next_real_ms`` is when to try again should nobody live to end the attempt.
        """
        ...

    def end(self, message: Message, ended: Ended) -> None:
        """Note how the newest attempt ended."""
        ...


class Channel(Protocol):
    """A way to people: one bot, one mailbox, one webhook."""

    @property
    def name(self) -> str:
        """As the settings call it."""
        ...

    @property
    def limits(self) -> Limits:
        """What its service allows."""
        ...

    def send(self, message: Message, link: str | None) -> Outcome:
        """Make one attempt; failures are outcomes, never exceptions, and name no secret."""
        ...


class Roster(Protocol):
    """Who is on duty when; changes leave a deed in the same transaction."""

    def shifts(self) -> Sequence[Shift]:
        """All shifts, by person."""
        ...

    def add(self, shifts: Sequence[Shift], deeds: Sequence[Deed]) -> None:
        """Add all of these shifts or none."""
        ...

    def remove(self, shift_id: str, deed: Deed) -> None:
        """Remove a shift. Raises NotFoundError."""
        ...


class LinkUses(Protocol):
    """What acknowledge links stand for, and which were used."""

    def incidents(self, message_id: str) -> Sequence[Incident]:
        """The incidents of a message as they stand; none when there is no such message."""
        ...

    def channel(self, message_id: str) -> str:
        """The channel that the message went to; empty when there is no such message."""
        ...

    def used_real_ms(self, message_id: str) -> int | None:
        """When the link was used."""
        ...

    def use(self, message_id: str, real_ms: int) -> None:
        """Note that the link was used; the first time stands."""
        ...


@dataclass(frozen=True)
class ChannelState:
    """How a channel is doing, for people and metrics."""

    name: str
    waiting: int
    sent: int
    failed: int
    flood: bool
    held_until_real_ms: int = 0
    held_why: str = ""


@dataclass(frozen=True)
class MessageView:
    """A message as people see it; ``state`` is waiting, sent or failed."""

    id: str
    channel: str
    form: str
    severity: str
    state: str
    title: str
    lines: Sequence[str]
    made_real_ms: int
    sent_real_ms: int | None
    attempts: int
    error: str
    incident_ids: Sequence[str] = field(default_factory=tuple)


class OutboxView(Protocol):
    """The outbox for reading."""

    def channels(self) -> Mapping[str, ChannelState]:
        """Every channel that anything was ever meant for."""
        ...

    def messages(self, limit: int) -> Sequence[MessageView]:
        """The newest messages."""
        ...
