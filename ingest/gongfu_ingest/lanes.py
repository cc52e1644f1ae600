"""The ways messages come in: what is live, and what devices send after an outage."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from gongfu_broker.ports import Intake, Message

FLUSH_S = 0.1
BATCH, COMMIT_BYTES = 2_000, 4 * 1024**2
# One commit of backfill may stand before a live one: 1,500 rows, some twenty milliseconds.
BACKFILL_BATCH, BACKFILL_COMMIT_BYTES = 200, 64 * 1024


@dataclass(frozen=True)
class Lane:
    """One persistent session on the broker: ``intake`` opens it, ``filters`` are what it hears.

    ``former``: filters that the session may still bear from an earlier run; they are given up.
    ``batch`` and ``commit_bytes``: messages and payload per commit at most. Unless a batch is full,
    batches of a lane begin at least ``flush_s`` apart. An ``urgent`` lane commits before others
    that wait.
    """

    name: str
    filters: tuple[str, ...]
    intake: Callable[[], AbstractAsyncContextManager[Intake]]
    former: tuple[str, ...] = ()
    urgent: bool = True
    batch: int = BATCH
    commit_bytes: int = COMMIT_BYTES
    flush_s: float = FLUSH_S


def portions(messages: Sequence[Message], most_bytes: int) -> Iterator[Sequence[Message]]:
    """The messages in their order, cut where a commit would grow too long; each bears at least one.

    A message of backfill may bear thousands of rows.
    """
    sizes = [len(message.payload) for message in messages]
    if sum(sizes) <= most_bytes:
        yield messages
        return
    start = held = 0
    for at, size in enumerate(sizes):
        if at > start and held + size > most_bytes:
            yield messages[start:at]
            start, held = at, 0
        held += size
    yield messages[start:]


class Turns:
    """One lane commits at a time; of those that wait, an urgent one goes first."""

    def __init__(self) -> None:
        self._busy = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, *, urgent: bool) -> AsyncIterator[None]:
        """Inside the block nobody else has the turn."""
        if self._busy:
            await self._wait(self._urgent if urgent else self._others)
        self._busy = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, queue: "deque[asyncio.Future[None]]") -> None:
        called = asyncio.get_running_loop().create_future()
        queue.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called in queue:
                queue.remove(called)
            elif not called.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the next in line; it stays taken while somebody was called."""
        while queue := self._urgent or self._others:
            called = queue.popleft()
            if not called.done():
                called.set_result(None)
                return
        self._busy = False
