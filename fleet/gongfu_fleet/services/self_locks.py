"""Cabinets that locked their own sale while nobody could tell them to: each is an incident.

A consumer of the log. Its goods were too warm when nobody looked, so the incident needs a word on
them, and it holds the lock: selling again takes the same step as after a lock of ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gongfu_broker.clock import Clock
from gongfu_broker.codec import decode_event
from gongfu_broker.errors import CursorError, PayloadError
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
from gongfu_fleet.services.watch_ports import Cursor

CONSUMER = "self-locks"
KIND = "sale_lock"
_SCAN = 20_000
_SAVE_EVERY = 10_000


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
    _saved: Cursor | None = field(default=None, init=False)
    _reached: int = field(default=-1, init=False)

    def turn(self) -> int:
        """Read on; returns how many records it went past. Raises CursorError."""
        if self._reached < 0:
            self._begin()
        upto = min(self.log.head(), self._reached + _SCAN)
        drafts = [
            draft
            for record in self.log.read_leaf(Leaf.EVT, self._reached, upto)
            for draft in self._drafts(record)
        ]
        if drafts:
            self.ledger.append(drafts, at_ms=self.clock.now_ms())
        if drafts or upto - self._saved_seq >= _SAVE_EVERY:
            self._save(upto)
        passed, self._reached = upto - self._reached, upto
        self.log.release(CONSUMER, self._saved_seq, read=upto)
        return passed

    def rest(self) -> None:
        """Save how far the log was read, so others see that nothing is left to read."""
        if self._reached > self._saved_seq:
            self._save(self._reached)
            self.log.release(CONSUMER, self._saved_seq, read=self._reached)

    def tick(self, now_ms: int) -> None:
        """Nothing here waits for the clock."""

    @property
    def _saved_seq(self) -> int:
        return self._saved.seq if self._saved else 0

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

    def _begin(self) -> None:
        cursor = self.cursors.cursor(CONSUMER)
        if cursor and (cursor.log_id != self.log.log_id or cursor.seq > self.log.head()):
            raise CursorError(
                f"the cursor of {CONSUMER} does not fit this log: "
                "restore telemetry.db and fleet.db from the same backup"
            )
        if cursor is None:  # what is older than this program is no news
            self._save(self.log.head())
            cursor = self._saved
        self._saved, self._reached = cursor, cursor.seq if cursor else 0

    def _save(self, upto: int) -> None:
        after = Cursor(self.log.log_id, upto)
        try:
            self.cursors.take([], CONSUMER, self._saved, after)
        except BaseException:
            self._reached = -1  # what the database holds now is to be read again
            raise
        self._saved = after


def _locking(record: CommittedRecord) -> Event | None:
    if KIND.encode() not in record.payload:  # most events are doors
        return None
    try:
        event = decode_event(record.payload)
    except PayloadError:
        return None
    return event if event.kind == KIND and event.data.get("locked") is True else None
