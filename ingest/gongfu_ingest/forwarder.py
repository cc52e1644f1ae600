"""The forwarder: a consumer of the log that brings every row to InfluxDB.

The embedded store is the outbox. The forwarder reads on from its own cursor, sends one body at a
time and moves the cursor after the server's 204. While the server is away the log keeps what was
not sent (the forwarder has not released it) and everything else goes on. At least once: a body
that was sent twice writes the same points twice, which is the same as once.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from gongfu_broker.clock import real_ms
from gongfu_broker.errors import CursorError
from gongfu_ingest.errors import (
    LinesExpiredError,
    LinesRefusedError,
    ServerBusyError,
    ServerSetupError,
)
from gongfu_ingest.stores.influx.book import ForwarderBook, Progress
from gongfu_ingest.stores.influx.halving import send_by_halves
from gongfu_ingest.stores.influx.shipments import CONSUMER, Shipment, Shipments
from gongfu_ingest.stores.influx.target import LineSink

_log = logging.getLogger(__name__)
TELL_AFTER_S = 60.0
_MOST_DOUBLINGS = 10


@dataclass(frozen=True)
class Pace:
    """Real seconds. ``stopped_s``: how long a server that refuses us is left alone."""

    gather_s: float = 1.0
    idle_s: float = 5.0
    first_s: float = 0.5
    most_s: float = 15.0
    stopped_s: float = 300.0

    def pause_s(self, attempt: int, at_least_s: float = 0.0) -> float:
        """Full jitter: anything between nothing and a bound that doubles."""
        bound = min(self.most_s, self.first_s * 2 ** min(attempt, _MOST_DOUBLINGS))
        return max(at_least_s, random.uniform(0, bound))


@dataclass
class ForwarderState:
    """What /health tells; read from any thread. ``away_since_ms`` is real time.

    ``filling`` until the rows of before the first start have been sent.
    """

    sending: bool = False
    filling: bool = True
    seq: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    away_since_ms: int | None = None
    last_error: str | None = None
    stopped: str | None = None
    failure: str | None = None
    all_refused: str | None = None


class Forwarder:
    """Runs until cancelled. ``open_sink`` connects to the server; ``wake`` after each commit."""

    def __init__(
        self,
        shipments: Shipments,
        book: ForwarderBook,
        *,
        open_sink: Callable[[], AbstractAsyncContextManager[LineSink]],
        pace: Pace | None = None,
    ) -> None:
        self._shipments = shipments
        self._book = book
        self._open_sink = open_sink
        self._pace = pace or Pace()
        self._woken = asyncio.Event()
        self._expired = 0
        self.state = ForwarderState()

    def wake(self) -> None:
        """Something was committed. Call from the event loop's thread."""
        self._woken.set()

    def backlog(self) -> int:
        """Records of the log not sent yet. Any thread."""
        return self._shipments.log.head() - self.state.seq

    def oldest_unsent_ms(self) -> int | None:
        """When the oldest record not sent yet was received, platform time. Any thread."""
        try:
            waiting = self._shipments.log.read(self.state.seq, 1)
        except CursorError:  # the forwarder has met it too, and it is among the troubles
            return None
        return waiting[0].received_ms if waiting else None

    def close(self) -> None:
        """Close the forwarder's file, once ``run`` has ended."""
        self._book.close()

    def troubles(self) -> list[str]:
        """Sentences with their remedy; empty while all is well. Any thread."""
        state, told = self.state, []
        if state.failure:
            told.append(f"The InfluxDB forwarder does not work: {state.failure}")
        if state.stopped:
            told.append(
                f"Nothing is sent to InfluxDB: {state.stopped}. {self.backlog()} records wait, "
                f"nothing is lost; it is tried again every {self._pace.stopped_s:g} s."
            )
        elif state.away_since_ms and real_ms() - state.away_since_ms > TELL_AFTER_S * 1_000:
            away_s = (real_ms() - state.away_since_ms) // 1_000
            told.append(
                f"InfluxDB has taken nothing for {away_s} s ({state.last_error}): start it. "
                f"{self.backlog()} records wait, nothing is lost."
            )
        if state.all_refused:
            told.append(
                f"InfluxDB refused every line of the last body ({state.all_refused}): see "
                "docs/influxdb.md. The rows are safe in the embedded store."
            )
        return told

    async def run(self) -> None:
        """Work until cancelled; a failed turn is repeated from the cursor."""
        with ThreadPoolExecutor(1, thread_name_prefix=CONSUMER) as thread:
            attempt = 0
            while True:
                try:
                    async with self._open_sink() as sink:
                        await self._work(thread, sink)
                except Exception as error:  # noqa: BLE001 - whatever it was, the cursor has not moved
                    if self.state.failure is None:
                        attempt = 0
                        _log.error("%s failed and tries again: %s", CONSUMER, error, exc_info=error)
                    self.state.failure = str(error) or type(error).__name__
                await asyncio.sleep(self._pace.pause_s(attempt, self._pace.first_s))
                attempt += 1

    async def _work(self, thread: ThreadPoolExecutor, sink: LineSink) -> None:
        loop = asyncio.get_running_loop()
        progress = await loop.run_in_executor(thread, self._begin)
        while True:
            self._woken.clear()
            shipment = await loop.run_in_executor(thread, self._shipments.next, progress)
            self.state.failure = None
            if shipment is None:
                await self._rest()
                continue
            self._expired = 0
            refused = await send_by_halves(shipment.lines, lambda body: self._bring(sink, body))
            everything = bool(shipment.lines) and len(refused) == len(shipment.lines)
            self.state.all_refused = refused[0].why if everything else None
            shipment = shipment._replace(
                refused=[*shipment.refused, *refused],
                counts={**shipment.counts, "expired": self._expired},
            )
            progress = await loop.run_in_executor(thread, self._arrived, shipment)

    def _begin(self) -> Progress:
        progress = self._shipments.begin(self._book.progress())
        self._note(progress)
        return progress

    def _arrived(self, shipment: Shipment) -> Progress:
        progress, now_ms = shipment.progress, self._shipments.clock.now_ms()
        self._book.save(progress, refused=shipment.refused, counts=shipment.counts, now_ms=now_ms)
        self._note(progress)
        return progress

    def _note(self, progress: Progress) -> None:
        self._shipments.log.release(CONSUMER, progress.seq)
        self.state.seq, self.state.filling = progress.seq, progress.filling
        self.state.counters = self._book.counters()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._pace.idle_s):
                await self._woken.wait()
        except TimeoutError:
            return
        # A commit wakes ten times a second; one body a second is kinder to the server.
        await asyncio.sleep(self._pace.gather_s)

    async def _bring(self, sink: LineSink, body: bytes) -> None:
        """Send until it has arrived or is refused for what it says."""
        attempt = 0
        while True:
            try:
                await sink.write(body)
            except ServerBusyError as error:
                self._note_away(str(error), stopped=None)
                pause_s = self._pace.pause_s(attempt, error.retry_after_s)
            except ServerSetupError as error:
                self._note_away(str(error), stopped=str(error))
                pause_s = self._pace.stopped_s
            except LinesRefusedError as error:
                self._note_back()
                if not isinstance(error, LinesExpiredError):
                    raise
                self._expired += error.expired
                return
            else:
                self._note_back()
                return
            attempt += 1
            await asyncio.sleep(pause_s)

    def _note_away(self, error: str, *, stopped: str | None) -> None:
        state = self.state
        if state.away_since_ms is None or (stopped and not state.stopped):
            _log.warning("InfluxDB takes nothing: %s; the log keeps what waits", error)
        state.away_since_ms = state.away_since_ms or real_ms()
        state.sending, state.last_error, state.stopped = False, error, stopped

    def _note_back(self) -> None:
        state = self.state
        if state.away_since_ms is not None:
            _log.info("InfluxDB takes lines again; %d records wait", self.backlog())
        state.sending, state.away_since_ms, state.stopped = True, None, None
