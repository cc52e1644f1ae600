"""The ways messages come in: what is live, and what devices send after an outage."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from gongfu_broker.ports import Intake

FLUSH_S = 0.1
BATCH = 2_000
# One slice of backfill may stand before a live batch: about ten milliseconds.
BACKFILL_BATCH = 200


@dataclass(frozen=True)
class Lane:
    """One persistent session on the broker: ``intake`` opens it, ``filters`` are what it hears.

    ``former``: filters that the session may still bear from an earlier run; they are given up.
    ``batch``: messages per commit at most. Unless a batch is full, commits of a lane begin at least
    ``flush_s`` apart. An ``urgent`` lane commits before others that wait.
    """

    name: str
    filters: tuple[str, ...]
    intake: Callable[[], AbstractAsyncContextManager[Intake]]
    former: tuple[str, ...] = ()
    urgent: bool = True
    batch: int = BATCH
    flush_s: float = FLUSH_S


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
