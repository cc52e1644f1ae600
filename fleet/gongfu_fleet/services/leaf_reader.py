"""Reading one leaf of the log: the cursor of every consumer to which most of the log is nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_fleet.services.command_ports import ResultLog
from gongfu_fleet.services.watch_ports import Cursor

News = TypeVar("News")
_SCAN = 20_000
_SAVE_EVERY = 10_000


@dataclass
class LeafReader(Generic[News]):
    """A consumer's way through the log; for one thread at a time.

    ``cursor`` tells where it stands, ``understand`` what records say, and ``take`` keeps that
    together with the cursor, moved from the second argument to the third. What a crash leaves
    untaken is read again. ``from_now``: what is older than the consumer is no news to it.
    """

    log: ResultLog
    leaf: Leaf
    consumer: str
    cursor: Callable[[str], Cursor | None]
    understand: Callable[[Sequence[CommittedRecord]], Sequence[News]]
    take: Callable[[Sequence[News], Cursor | None, Cursor], object]
    from_now: bool = False
    _saved: Cursor | None = field(default=None, init=False)
    _reached: int = field(default=-1, init=False)

    def turn(self) -> int:
        """Read on; returns how many records it went past. Raises CursorError."""
        if self._reached < 0:
            self._begin()
        upto = min(self.log.head(), self._reached + _SCAN)
        news = self.understand(self.log.read_leaf(self.leaf, self._reached, upto))
        if news or upto - self._saved_seq >= _SAVE_EVERY:
            self._save(upto, news)
        passed, self._reached = upto - self._reached, upto
        self.log.release(self.consumer, self._saved_seq, read=upto)
        return passed

    def rest(self) -> None:
        """Save how far the log was read, so others see that nothing is left to read."""
        if self._reached > self._saved_seq:
            self._save(self._reached, ())
            self.log.release(self.consumer, self._saved_seq, read=self._reached)

    @property
    def _saved_seq(self) -> int:
        return self._saved.seq if self._saved else 0

    def _begin(self) -> None:
        cursor = self.cursor(self.consumer)
        if cursor and (cursor.log_id != self.log.log_id or cursor.seq > self.log.head()):
            raise CursorError(
                f"the cursor of {self.consumer} does not fit this log: "
                "restore telemetry.db and fleet.db from the same backup"
            )
        self._saved = cursor
        if cursor is None and self.from_now:
            self._save(self.log.head(), ())
        self._reached = self._saved_seq

    def _save(self, upto: int, news: Sequence[News]) -> None:
        after = Cursor(self.log.log_id, upto)
        try:
            self.take(news, self._saved, after)
        except BaseException:
            self._reached = -1  # what the database holds now is to be read again
            raise
        self._saved = after
