"""Running consumers of the log: a turn whenever something was committed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from gongfu_broker.clock import Clock

IDLE_S = 1.0
RETRY_S = 2.0
_log = logging.getLogger(__name__)


class Consumer(Protocol):
    """Reads the log by its own cursor and derives something.

    Cursor and what was derived are saved together, now or a little later; a crash re-reads.
    """

    def turn(self) -> int:
        """Take the next records; returns how many were taken. Called again soon when none were."""
        ...

    def rest(self) -> None:
        """Save what was derived: nobody will call for a while."""
        ...

    def tick(self, now_ms: int) -> object:
        """Look at the clock: what has been silent for too long?"""
        ...


class ConsumerLoop:
    """One consumer in its own thread, woken by commits."""

    def __init__(self, name: str, consumer: Consumer, clock: Clock) -> None:
        self._name = name
        self._consumer = consumer
        self._clock = clock
        self._woken = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.failure: str | None = None

    def wake(self) -> None:
        """Something was committed. Call from the event loop's thread."""
        self._woken.set()

    def tick(self) -> None:
        """Let the consumer look at the clock, in its own thread; returns when it has.

        Without effect once the loop has ended.
        """
        try:
            ticking = self._thread.submit(self._consumer.tick, self._clock.now_ms())
        except RuntimeError:  # the executor takes nothing more: a job was due while we stop
            return
        ticking.result()

    async def run(self) -> None:
        """Work until cancelled; a failed turn is repeated from the cursor."""
        with self._thread:
            try:
                while True:
                    try:
                        await self._work()
                    except Exception as error:  # noqa: BLE001 - whatever it was, the cursor has not moved
                        self._fail(error)
                        await asyncio.sleep(RETRY_S)
            finally:
                self._thread.submit(self._rest)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._woken.clear()
            while await loop.run_in_executor(self._thread, self._consumer.turn):
                pass
            if self.failure is not None:
                _log.info("%s works again", self._name)
            self.failure = None
            if not await came_within(self._woken.wait, IDLE_S):
                await loop.run_in_executor(self._thread, self._consumer.rest)

    def _rest(self) -> None:
        try:
            self._consumer.rest()
        except Exception:  # noqa: BLE001 - nobody is left to tell; the cursor has not moved
            _log.exception("%s could not save before its end; it will read again", self._name)

    def _fail(self, error: Exception) -> None:
        if self.failure is None:
            _log.error("%s failed and tries again: %s", self._name, error, exc_info=error)
        self.failure = f"{self._name}: {error}"


async def came_within(wait: Callable[[], Awaitable[object]], seconds: float) -> bool:
    """Wait, but not longer; whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await wait()
    except TimeoutError:
        return False
    return True
