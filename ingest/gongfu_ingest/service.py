"""Ingest as it runs: collect from the bus, commit in batches, acknowledge after the commit.

A batch closes after ``MAX_BATCH`` messages or ``FLUSH_S``, whichever comes first. When the disk
refuses, the batch is kept and offered again; nobody is acknowledged meanwhile.
"""

import asyncio
import logging
import random
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from gongfu_broker.clock import Clock
from gongfu_broker.codec import encode
from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.payloads import Ack
from gongfu_broker.ports import Bus, Message
from gongfu_broker.topics import Leaf, Topic, uplink_filters
from gongfu_ingest.commit import Committer, DueAck
from gongfu_ingest.messages import Draft

MAX_BATCH = 500
FLUSH_S = 0.1
MAX_WAITING = 5_000
RETRY_S = 1.0
MAX_BACKOFF_S = 15.0

_log = logging.getLogger(__name__)


@dataclass
class IngestState:
    """What a health page wants to know; read from any thread."""

    connected: bool = False
    commit_error: str | None = None
    batches: int = 0


class IngestService:
    """Runs until cancelled. ``connect`` opens the persistent session on the broker.

    ``on_commit`` is called in the event loop after each commit.
    """

    def __init__(
        self,
        *,
        committer: Committer,
        connect: Callable[[], AbstractAsyncContextManager[Bus]],
        clock: Clock,
        writer: ThreadPoolExecutor,
        on_commit: Callable[[], None],
    ) -> None:
        self._committer = committer
        self._connect = connect
        self._clock = clock
        self._writer = writer
        self._on_commit = on_commit
        self._waiting: asyncio.Queue[Draft] = asyncio.Queue(MAX_WAITING)
        self.state = IngestState()

    async def run(self) -> None:
        """Stay connected; the broker keeps this session's messages while the link is down."""
        attempt = 0
        while True:
            try:
                async with self._connect() as bus:
                    attempt = 0
                    await self._serve(bus)
            except BusDisconnectedError as error:
                self._note_outage(error)
            attempt += 1
            limit = min(MAX_BACKOFF_S, 0.5 * 2**attempt)
            await asyncio.sleep(random.uniform(0, limit))

    async def _serve(self, bus: Bus) -> None:
        for topic_filter in uplink_filters():
            await bus.subscribe(topic_filter, qos=1)
        self.state.connected = True
        _log.info("ingest is connected to the broker")
        # No TaskGroup: one whose link breaks while it is cancelled forgets the cancellation.
        tasks = [asyncio.create_task(self._collect(bus)), asyncio.create_task(self._settle(bus))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _collect(self, bus: Bus) -> None:
        async for message in bus.messages():
            await self._waiting.put(self._draft(message))

    def _draft(self, message: Message) -> Draft:
        return Draft(message.topic, message.payload, self._clock.now_ms(), message.retained)

    async def _settle(self, bus: Bus) -> None:
        while True:
            batch = await self._next_batch()
            due = await self._commit(batch)
            self._on_commit()
            await self._acknowledge(bus, due)

    async def _next_batch(self) -> list[Draft]:
        batch = [await self._waiting.get()]
        await asyncio.sleep(FLUSH_S)
        while len(batch) < MAX_BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    async def _commit(self, batch: Sequence[Draft]) -> list[DueAck]:
        loop = asyncio.get_running_loop()
        while True:
            # Shielded: a batch taken from the queue is committed even while the link goes down.
            work = loop.run_in_executor(self._writer, self._committer.commit, batch)
            try:
                due = await asyncio.shield(work)
            except sqlite3.OperationalError as error:
                if self.state.commit_error is None:
                    _log.exception("the store refuses a commit; %d messages wait", len(batch))
                self.state.commit_error = f"{error}: free disk space under the state folder"
                await asyncio.sleep(RETRY_S)
            else:
                if self.state.commit_error is not None:
                    _log.info("the store accepts commits again")
                self.state.commit_error = None
                self.state.batches += 1
                return due

    async def _acknowledge(self, bus: Bus, due: Sequence[DueAck]) -> None:
        now = self._clock.now_ms()
        for ack in due:
            topic = str(Topic(ack.site, ack.dev, Leaf.ACK))
            await bus.publish(topic, encode(Ack(ack.boot, ack.seq, now)))

    def _note_outage(self, error: BaseException) -> None:
        if self.state.connected:
            _log.warning("ingest lost the broker: %s", error)
        self.state.connected = False
