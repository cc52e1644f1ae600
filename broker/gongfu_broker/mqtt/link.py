"""A session on a socket: asyncio calls it, and it wakes whoever waits.

Reading stops while more is held than the session allows, except while an answer is awaited: SUBACK
may stand behind every message that waited at the broker (65,535 at most: MQTT numbers no more).
"""

import asyncio
import logging
import socket
from typing import Any, cast

from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.mqtt import reasons
from gongfu_broker.mqtt.errors import LinkSilentError
from gongfu_broker.mqtt.packets import Acknowledge, ConnAck, SubAck
from gongfu_broker.mqtt.session import Answer, MqttSession

CLOSE_S = 1.0
_DOUBT_S = 0.05
# A chunk of this size holds a hundred messages: there is nothing to wait for.
_WELL_FILLED_BYTES = 16_384
_log = logging.getLogger(__name__)


class Link(asyncio.Protocol):
    """One connection. ``timeout_s``: the longest silence before an answer is given up.

    ``gather_s``: how long bytes gather in the kernel after a small chunk was read, so that many
    small messages cost one turn of the loop instead of one each; 0 reads at once.
    """

    def __init__(self, session: MqttSession, timeout_s: float, *, gather_s: float = 0.0) -> None:
        self.session = session
        self._timeout_s = timeout_s
        self._gather_s = gather_s
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._ended: BusDisconnectedError | None = None
        self._closed = self._loop.create_future()
        self._accepted: asyncio.Future[ConnAck] = self._loop.create_future()
        self._asked: dict[int, asyncio.Future[Answer]] = {}
        self._writable = asyncio.Event()
        self._writable.set()
        self._arrival = asyncio.Event()
        self._full = False
        self._gathering: asyncio.TimerHandle | None = None
        self._reading = True
        self._doubted = False
        self._timer: asyncio.TimerHandle | None = None

    # -- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say CONNECT at once."""
        self._transport = cast("asyncio.Transport", transport)  # create_connection promises it
        if sock := transport.get_extra_info("socket"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.write(self.session.opening())

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the session and its answers to those who asked."""
        if self._ended is not None:
            return
        try:
            answers = self.session.receive(data, self._loop.time())
        except BusDisconnectedError as error:
            self.end(error)
            return
        for answer in answers:
            self._resolve(answer)
        if self.session.waiting:
            self._arrival.set()
        self._gather(len(data))
        self._pace()

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is gone."""
        why = f" ({error})" if error else ""
        self.end(BusDisconnectedError(f"the broker closed the connection{why}: {self._hint()}"))
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        """The broker takes less than it is sent."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It takes more again."""
        self._writable.set()

    # -- called by intake and bus

    @property
    def ended(self) -> BusDisconnectedError | None:
        """Why the connection is over; None while it lives."""
        return self._ended

    def write(self, data: bytes) -> None:
        """Send bytes, unless the connection is over."""
        if self._transport is not None and self._ended is None and data:
            self._transport.write(data)
            self.session.sent(self._loop.time())

    async def drained(self) -> None:
        """Wait until the broker takes what was written. Raises BusDisconnectedError."""
        if not self._writable.is_set():
            await self._writable.wait()
        self.check()

    def check(self) -> None:
        """Raise BusDisconnectedError when the connection is over."""
        if self._ended is not None:
            raise BusDisconnectedError(str(self._ended)) from self._ended

    async def accepted(self) -> ConnAck:
        """The broker's yes. Raises BusDisconnectedError."""
        return await self._accepted

    async def answer(self, identifier: int) -> Answer:
        """The answer to a packet; waits as long as the broker says anything at all."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._asked[identifier] = future
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        self._pace()
        try:
            while not future.done():
                heard_s = self.session.heard_s
                await asyncio.wait([future], timeout=self._timeout_s)
                if not future.done() and self.session.heard_s == heard_s:
                    self.end(BusDisconnectedError(
                        f"no answer from the broker in {self._timeout_s:g} s: is it overloaded?"
                    ))  # fmt: skip
                    self.check()
            return future.result()
        finally:
            del self._asked[identifier]
            self._pace()

    async def arrival(self) -> None:
        """Wait until the session has messages to take. Raises BusDisconnectedError when over."""
        while not self.session.waiting:
            self.check()
            self._arrival.clear()
            await self._arrival.wait()

    def acknowledge(self, count: int) -> None:
        """Send PUBACKs and read on."""
        self.write(self.session.acknowledge(count))
        if self.session.waiting:
            self._arrival.set()
        self._pace()

    def end(self, error: BusDisconnectedError) -> None:
        """The connection is over; everybody who waits learns why."""
        if self._ended is not None:
            return
        self._finish(error)
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Say goodbye and wait a moment for it to leave."""
        if self._transport is None:
            return
        if self._ended is None:
            self.write(self.session.goodbye())
            self._finish(BusDisconnectedError("this connection was closed here"))
            self._transport.close()
        try:
            await asyncio.wait([self._closed], timeout=CLOSE_S)
        finally:
            self._transport.abort()

    # -- within

    def _finish(self, error: BusDisconnectedError) -> None:
        self._ended = error
        for timer in (self._timer, self._gathering):
            if timer is not None:
                timer.cancel()
        _fail(self._accepted, error)
        for future in self._asked.values():
            _fail(future, error)
        self._arrival.set()
        self._writable.set()

    def _keep_alive(self) -> None:
        """Ask for a sign of life when it is time, and look again later."""
        try:
            self.write(self.session.tick(self._loop.time()))
        except LinkSilentError as error:
            self._doubt(error)
            return
        self._doubted = False
        due_s = self.session.due_s()
        if due_s is not None:
            self._timer = self._loop.call_at(due_s, self._keep_alive)

    def _doubt(self, error: LinkSilentError) -> None:
        """A loop that was held up runs its timers before it reads: the answer may be here."""
        if self._doubted:
            self.end(error)
            return
        self._doubted = True
        self._timer = self._loop.call_later(_DOUBT_S, self._keep_alive)

    def _hint(self) -> str:
        if self.session.accepted is None:
            return "check user, password and protocol version, and whether this port wants TLS"
        return "if this repeats, look for another client with the same client id, and in its log"

    def _resolve(self, answer: Answer) -> None:
        if isinstance(answer, ConnAck):
            if not self._accepted.done():
                self._accepted.set_result(answer)
            self._keep_alive()
            return
        future = self._asked.get(answer.packet_id)
        if future is not None and not future.done():
            future.set_result(answer)

    def _gather(self, size: int) -> None:
        wanted = self._gather_s and size < _WELL_FILLED_BYTES and not self._asked
        if wanted and self._gathering is None:
            self._gathering = self._loop.call_later(self._gather_s, self._gathered)

    def _gathered(self) -> None:
        self._gathering = None
        self._pace()

    def _pace(self) -> None:
        """Read or wait, as the session and the gathering want it."""
        transport = self._transport
        if transport is None or self._ended is not None or transport.is_closing():
            return
        full = self.session.full and not self._asked
        if full != self._full:
            self._full = full
            (self.session.paused if full else self.session.resumed)(self._loop.time())
        reading = not full and self._gathering is None
        if reading != self._reading:
            self._reading = reading
            (transport.resume_reading if reading else transport.pause_reading)()


def _fail(future: asyncio.Future[Any], error: BusDisconnectedError) -> None:
    """Tell whoever waits; that nobody waits is no fault. Any: futures of several answers."""
    if not future.done():
        future.set_exception(error)
        future.exception()


def granted(answer: Answer, topic_filter: str, qos: int) -> str | None:
    """None when a subscription was granted as asked, else the sentence that says why not."""
    code = answer.codes[0] if isinstance(answer, SubAck) else reasons.REFUSED
    if code >= reasons.REFUSED:
        return reasons.subscription_refusal(topic_filter, code)
    if code < qos:
        return (
            f"the broker grants QoS {code} on {topic_filter}, not {qos}: allow QoS {qos} there, or "
            "messages are lost while nobody listens"
        )
    return None


def note_refusal(answer: Answer, topic: str) -> None:
    """Log a message that the broker acknowledged with a refusal (MQTT 5 only)."""
    if isinstance(answer, Acknowledge) and answer.code >= reasons.REFUSED:
        _log.warning("%s", reasons.publish_refusal(topic, answer.code))
