"""Ingest as it runs: take from the broker, commit in batches, acknowledge after the commit.

Each lane is a session of its own on the broker. What was taken is kept until it is committed: when
the disk refuses, the same batch is offered again, nothing more is taken, and nobody is
acknowledged. So the broker keeps what ingest does not, and no more than the windows waits here.
"""

import asyncio
import logging
import random
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from gongfu_broker.clock import Clock
from gongfu_broker.codec import encode
from gongfu_broker.errors import BrokerError
from gongfu_broker.mqtt.backoff import wait_s
from gongfu_broker.payloads import Ack
from gongfu_broker.ports import Intake
from gongfu_broker.topics import Leaf, Topic
from gongfu_ingest.commit import Committer, DueAck
from gongfu_ingest.disk import told
from gongfu_ingest.errors import StoreFullError
from gongfu_ingest.ingest_state import NOT_YET, IngestState
from gongfu_ingest.lanes import Lane, Turns, portions
from gongfu_ingest.messages import Draft

RETRY_S = 1.0
# A link that held this long was no failed attempt.
STEADY_S = 5.0

_log = logging.getLogger(__name__)


class IngestService:
    """Runs until cancelled. ``writer`` is the one thread in which ``committer`` works.

    ``on_commit`` is called in the event loop after each commit.
    """

    def __init__(
        self,
        *,
        committer: Committer,
        lanes: Sequence[Lane],
        clock: Clock,
        writer: ThreadPoolExecutor,
        on_commit: Callable[[], None],
    ) -> None:
        self._committer = committer
        self._lanes = tuple(lanes)
        self._clock = clock
        self._writer = writer
        self._on_commit = on_commit
        self._turns = Turns()
        self.state = IngestState(tuple(lane.name for lane in lanes))

    async def run(self) -> None:
        """Stay connected; the broker keeps each session's messages while its link is down.

        Raises LostWritesError when a flush to the disk failed: the process must end then.
        """
        # No TaskGroup: one whose link breaks while it is cancelled forgets the cancellation.
        tasks = [asyncio.create_task(self._run(lane)) for lane in self._lanes]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _run(self, lane: Lane) -> None:
        attempt, loop = 0, asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            try:
                async with lane.intake() as intake:
                    await self._serve(lane, intake)
            except BrokerError as error:
                self._note_outage(lane, error)
            attempt = 1 if loop.time() - began_s > STEADY_S else attempt + 1
            await asyncio.sleep(wait_s(attempt, random.random()))

    async def _serve(self, lane: Lane, intake: Intake) -> None:
        for topic_filter in lane.former:
            await intake.unsubscribe(topic_filter)
        for topic_filter in lane.filters:
            await intake.subscribe(topic_filter)
        self.state.links[lane.name] = None
        _log.info("ingest's %s lane is connected to the broker", lane.name)
        loop = asyncio.get_running_loop()
        while True:
            messages = await intake.take(lane.batch)
            began_s, now_ms = loop.time(), self._clock.now_ms()
            for portion in portions(messages, lane.commit_bytes):
                due = await self._commit(lane, [Draft(m[0], m[1], now_ms, m[2]) for m in portion])
                intake.acknowledge(len(portion))
                self._on_commit()
                if due:
                    await intake.send(_acks(due, self._clock.now_ms()))
            if len(messages) < lane.batch:
                await asyncio.sleep(began_s + lane.flush_s - loop.time())

    async def _commit(self, lane: Lane, batch: Sequence[Draft]) -> list[DueAck]:
        state = self.state
        state.taken(lane.name, len(batch), batch[0].received_ms)
        while True:
            try:
                async with self._turns.turn(urgent=lane.urgent):
                    due = await self._in_writer(batch)
            except (sqlite3.OperationalError, StoreFullError) as error:
                self._note_refusal(error)
                await asyncio.sleep(RETRY_S)
            else:
                if state.commit_error is not None:
                    _log.info("the store accepts commits again")
                state.committed(lane.name, self._clock.now_ms())
                return due

    async def _in_writer(self, batch: Sequence[Draft]) -> list[DueAck]:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        # Shielded: a batch that was taken is committed even while the link goes down.
        due = await asyncio.shield(
            loop.run_in_executor(self._writer, self._committer.commit, batch)
        )
        self.state.took(loop.time() - began_s)
        return due

    def _note_refusal(self, error: sqlite3.OperationalError | StoreFullError) -> None:
        if self.state.commit_error is None:
            _log.error("the store refuses a commit: %s", error)
        self.state.refused += 1
        self.state.commit_error = str(error) if isinstance(error, StoreFullError) else told(error)

    def _note_outage(self, lane: Lane, error: BrokerError) -> None:
        before = self.state.links[lane.name]
        if before is None or before is NOT_YET:
            _log.warning("ingest's %s lane is without the broker: %s", lane.name, error)
        self.state.links[lane.name] = str(error)


def _acks(due: Sequence[DueAck], now_ms: int) -> list[tuple[str, bytes]]:
    return [(_ack_topic(site, dev), encode(Ack(boot, seq, now_ms))) for site, dev, boot, seq in due]


@lru_cache(65_536)
def _ack_topic(site: str, dev: str) -> str:
    return str(Topic(site, dev, Leaf.ACK))
