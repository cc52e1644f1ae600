"""Cabinets that locked their own sale while nobody could tell them to: each is an incident.

A consumer of the log. Its goods were too warm when nobody looked, so the incident needs a word on
them, and it holds the lock: selling again takes the same step as after a lock of ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gongfu_broker.clock import Clock
from gongfu_broker.codec import decode_event
from gongfu_broker.errors import PayloadError
from gongfu_broker.payloads import Event
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.domain.alarms.consequence import Consequence
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Finding, Incident, Raised, Subject
from gongfu_fleet.domain.alarms.liveness import POLICY_CLASS
from gongfu_fleet.domain.alarms.modifiers import SaleLocked
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.alarms.timeline import Condition, Episode
from gongfu_fleet.services.command_ports import CommandStore, ResultLog
from gongfu_fleet.services.commands import new_nonce
from gongfu_fleet.services.leaf_reader import LeafReader
from gongfu_fleet.services.watch_ports import Cursor

CONSUMER = "self-locks"
KIND = "sale_lock"


class SelfLockLedger(Protocol):
    """What the ledger must offer, as ``WatchStore``."""

    def incidents_since(self, subject: Subject, since_ms: int) -> Sequence[Incident]:
        """Living incidents of the subject that run or ended at ``since_ms`` or later."""
        ...

    def append(self, drafts: Sequence[Draft], *, at_ms: int) -> None:
        """Append events in one transaction."""
        ...


@dataclass
class SelfLocks:
    """A consumer of the log. ``turn`` is called again and again, by one thread at a time.

    The incidents come before the cursor: a crash in between reads again and finds them there.
    """

    log: ResultLog
    ledger: SelfLockLedger
    cursors: CommandStore
    clock: Clock
    new_id: Callable[[], str]
    real_ms: Callable[[], int]

    def __post_init__(self) -> None:
        """Read on from its own cursor."""
        self._reader = LeafReader(
            self.log,
            Leaf.EVT,
            CONSUMER,
            self.cursors.cursor,
            self._found,
            self._take,
            from_now=True,
        )

    def turn(self) -> int:
        """Read on; returns how many records it went past. Raises CursorError."""
        return self._reader.turn()

    def rest(self) -> None:
        """Save how far the log was read, so others see that nothing is left to read."""
        self._reader.rest()

    def tick(self, now_ms: int) -> None:
        """Nothing here waits for the clock."""

    def _found(self, records: Sequence[CommittedRecord]) -> Sequence[Draft]:
        return [draft for record in records for draft in self._drafts(record)]

    def _take(self, drafts: Sequence[Draft], before: Cursor | None, after: Cursor) -> None:
        if drafts:
            self.ledger.append(drafts, at_ms=self.clock.now_ms())
        self.cursors.take([], CONSUMER, before, after)

    def _drafts(self, record: CommittedRecord) -> Sequence[Draft]:
        event = _locking(record)
        if event is None:
            return ()
        begin_ms = min(event.ts + record.offset_ms, record.received_ms)
        subject = Subject(record.dev, 0, Hazard.SALE_LOCKED)
        known = self.ledger.incidents_since(subject, begin_ms)
        if any(one.finding.episode.begin_ms == begin_ms for one in known):
            return ()
        celsius = event.data.get("celsius")
        peak = float(celsius) if isinstance(celsius, int | float) else None
        episode = Episode(Condition.NORMAL, begin_ms, begin_ms, begin_ms, peak, ())
        raised = Raised(
            subject,
            Severity.CRITICAL,
            Finding(episode, None, POLICY_CLASS, 1),
            late=True,
            consequence=Consequence.PRODUCT,
        )
        incident = self.new_id()
        command = new_nonce(self.real_ms())
        return Draft(incident, raised), Draft(incident, SaleLocked(command))


def _locking(record: CommittedRecord) -> Event | None:
    if KIND.encode() not in record.payload:  # most events are doors
        return None
    try:
        event = decode_event(record.payload)
    except PayloadError:
        return None
    return event if event.kind == KIND and event.data.get("locked") is True else None
