"""What one device still owes the platform, and when it sends what again. Pure; times in seconds.

A boot's unacknowledged messages are always one unbroken range of numbers: acknowledgements are
cumulative and only the oldest is ever dropped. Live messages are sent once as they come; all the
rest (after a connect, or when the oldest stays unacknowledged) is sent again in order, as backfill.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Key(NamedTuple):
    """A message of one device."""

    boot: int
    seq: int


class Range(NamedTuple):
    """Messages first..last of one boot."""

    boot: int
    first: int
    last: int


@dataclass
class Span:
    """The unacknowledged messages lo..hi of one boot; empty while lo > hi."""

    lo: int
    hi: int


@dataclass(frozen=True)
class Pace:
    """How a device behaves towards a silent platform.

    ``window``: backfill messages on their way unacknowledged. ``resend_s``: first wait for an
    acknowledgement, doubled up to ``resend_most_s``. ``tries``: resends a listening platform may
    leave unacknowledged before the message is dropped. ``capacity``: messages in the ring.
    """

    window: int = 32
    resend_s: float = 10.0
    resend_most_s: float = 60.0
    tries: int = 5
    capacity: int = 20_000


class Outbox:
    """The bookkeeping of one device's ring."""

    def __init__(self, boot: int, spans: dict[int, Span], *, pace: Pace) -> None:
        self.boot = boot
        self.dropped = 0
        self._pace = pace
        self._spans = {b: spans[b] for b in sorted(spans)} | {boot: Span(1, 0)}
        self._cursor: Key | None = None
        self._backfill_to = Key(0, 0)
        self._waiting_since_s = 0.0
        self._heard_at_s = -1.0
        self._wait_s = pace.resend_s
        self._tries = 0
        self._acked: list[Key] = []
        self._drops: list[Key] = []

    @property
    def pending(self) -> int:
        """Messages not yet acknowledged."""
        return sum(span.hi - span.lo + 1 for span in self._spans.values())

    @property
    def head(self) -> Key | None:
        """The oldest unacknowledged message."""
        for boot, span in self._spans.items():
            if span.lo <= span.hi:
                return Key(boot, span.lo)
        return None

    def issue(self, now_s: float) -> tuple[int, int]:
        """Number the next message: (seq, lo). A full ring gives up its oldest message."""
        if self.head is None:
            self._await_from(now_s)
        elif self.pending >= self._pace.capacity:
            self._drop_head()
        span = self._spans[self.boot]
        span.hi += 1
        return span.hi, span.lo

    def is_live(self, key: Key) -> bool:
        """Whether the message may go out at once; others wait for their turn in the backfill."""
        return key > self._backfill_to

    def acknowledge(self, boot: int, seq: int, *, now_s: float) -> int:
        """The platform holds everything of the boot up to ``seq``; returns how many are freed.

        Late and repeated acknowledgements free nothing; one for a number never given is ignored.
        """
        span = self._spans.get(boot, Span(1, 0))
        if boot == self.boot and seq > span.hi:
            return 0
        self._heard_at_s = now_s
        last = min(seq, span.hi)
        freed = last - span.lo + 1
        if freed <= 0:
            return 0
        span.lo = last + 1
        self._acked.append(Key(boot, last))
        self._await_from(now_s)
        self._settle_cursor()
        return freed

    def rewind(self) -> None:
        """Send everything unacknowledged again, oldest first."""
        last = max((Key(b, s.hi) for b, s in self._spans.items()), default=Key(0, 0))
        self._backfill_to = last
        self._cursor = self.head

    def reconnected(self, now_s: float) -> None:
        """A new connection: what was on its way may be lost."""
        self.rewind()
        self._waiting_since_s = now_s
        self._wait_s = self._pace.resend_s

    def next_backfill(self, limit: int, now_s: float) -> Range | None:
        """Up to ``limit`` messages to send again now, or None while there is nothing or no room."""
        cursor, head = self._cursor, self.head
        if cursor is None or head is None:
            return None
        room = min(limit, self._pace.window - self._on_their_way(cursor))
        if room <= 0:
            return None
        if cursor == head:
            self._waiting_since_s = now_s
        top = self._spans[cursor.boot].hi
        if cursor.boot == self._backfill_to.boot:
            top = min(top, self._backfill_to.seq)
        last = min(cursor.seq + room - 1, top)
        self._cursor = Key(cursor.boot, last + 1)
        self._settle_cursor()
        return Range(cursor.boot, cursor.seq, last)

    def check_overdue(self, now_s: float) -> bool:
        """Turn back to the oldest message when it was not acknowledged in time.

        It counts against the message only if the platform has acknowledged something since;
        otherwise the platform is just away. After the last try the message is dropped.
        """
        head = self.head
        if head is None or self._cursor == head or now_s - self._waiting_since_s < self._wait_s:
            return False
        if self._heard_at_s > self._waiting_since_s:
            self._tries += 1
        if self._tries > self._pace.tries:
            self._drop_head()
            self._tries = 0
        self._waiting_since_s = now_s
        self._wait_s = min(self._wait_s * 2, self._pace.resend_most_s)
        self.rewind()
        return True

    def take_settled(self) -> tuple[list[Key], list[Key]]:
        """Acknowledged up to, and dropped, since the last call: the ring on disk has to follow."""
        settled = self._acked, self._drops
        self._acked, self._drops = [], []
        return settled

    def _await_from(self, now_s: float) -> None:
        self._waiting_since_s = now_s
        self._wait_s = self._pace.resend_s
        self._tries = 0

    def _drop_head(self) -> None:
        head = self.head
        if head is None:
            return
        self._spans[head.boot].lo += 1
        self._drops.append(head)
        self.dropped += 1
        self._settle_cursor()

    def _settle_cursor(self) -> None:
        """Move the cursor past what is gone; None once the backfill is through."""
        if self._cursor is None:
            return
        for boot, span in self._spans.items():
            seq = max(span.lo, self._cursor.seq) if boot == self._cursor.boot else span.lo
            if boot >= self._cursor.boot and seq <= span.hi:
                key = Key(boot, seq)
                self._cursor = key if key <= self._backfill_to else None
                return
        self._cursor = None

    def _on_their_way(self, cursor: Key) -> int:
        return sum(
            (min(span.hi + 1, cursor.seq) if boot == cursor.boot else span.hi + 1) - span.lo
            for boot, span in self._spans.items()
            if boot <= cursor.boot and span.lo <= span.hi
        )
