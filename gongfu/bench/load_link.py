"""One MQTT connection of the load: its account, what it waits for, and what it was told."""

import asyncio
import random
import socket
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, cast

import msgspec

from gongfu.bench import load_wire as wire
from gongfu_broker.payloads import Ack

_ack = msgspec.json.Decoder(Ack)
KEEP_ALIVE_S = 120
FIRST_BACKOFF_S, MAX_BACKOFF_S = 0.5, 15.0
_QOS_BITS = 0x06


class Account(NamedTuple):
    """Who a connection is, and where it hears application acks."""

    client_id: str
    user: str
    secret: str
    hears: str


class Link(asyncio.Protocol):
    """Connects, publishes at QoS 1, checks PUBACKs, hands application acks on.

    ``on_ack(topic, ack)``, ``on_ready()`` after CONNACK and SUBACK, ``on_puback()`` per PUBACK.
    """

    def __init__(
        self,
        account: Account,
        *,
        on_ack: Callable[[bytes, Ack], None],
        on_ready: Callable[[], None],
        on_puback: Callable[[], None],
    ) -> None:
        self._account = account
        self._on_ack, self._on_ready, self._on_puback = on_ack, on_ready, on_puback
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._next_id = 0
        self._waiting: deque[int] = deque()
        self._ended = asyncio.Event()
        self.ready = False
        self.failure: str | None = None
        self.stray = 0

    @property
    def unanswered(self) -> int:
        """Messages sent on this connection without a PUBACK yet."""
        return len(self._waiting)

    def publish(self, head: bytes, payload: bytes) -> None:
        """Send one message; only while ``ready``."""
        if self._transport is None:
            return
        self._next_id = self._next_id % wire.MAX_ID + 1
        self._waiting.append(self._next_id)
        self._transport.write(wire.publish(head, self._next_id, payload))

    def publish_all(self, messages: list[tuple[bytes, bytes]]) -> None:
        """Send several messages in one write."""
        out = []
        for head, payload in messages:
            self._next_id = self._next_id % wire.MAX_ID + 1
            self._waiting.append(self._next_id)
            out.append(wire.publish(head, self._next_id, payload))
        if self._transport is not None:
            self._transport.write(b"".join(out))

    async def keep(self, host: str, port: int) -> None:
        """Stay connected until cancelled, with full jitter between attempts."""
        loop = asyncio.get_running_loop()
        limit = FIRST_BACKOFF_S
        while True:
            self._forget()
            try:
                await loop.create_connection(lambda: self, host, port)
                await self._ended.wait()
            except OSError as error:
                self.failure = str(error)
            limit = FIRST_BACKOFF_S if self.ready else min(2 * limit, MAX_BACKOFF_S)
            self.ready = False
            await asyncio.sleep(random.uniform(0, limit))

    def end(self) -> None:
        """Say goodbye."""
        if self._transport is not None:
            self._transport.write(wire.DISCONNECT)
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce ourselves."""
        self._transport = cast("asyncio.Transport", transport)  # TCP gives no other kind
        peer = self._transport.get_extra_info("socket")
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        who = self._account
        self._transport.write(wire.connect(who.client_id, who.user, who.secret, KEEP_ALIVE_S))

    def connection_lost(self, exc: Exception | None) -> None:
        """Let ``keep`` try again."""
        self.failure = self.failure or str(exc or "the broker closed the connection")
        self._transport = None
        self._ended.set()

    def data_received(self, data: bytes) -> None:
        """Take every complete packet."""
        if len(data) == 4 and data[0] == wire.PUBACK and not self._buffer:  # noqa: PLR2004 - a PUBACK
            self._puback(data[2] << 8 | data[3])
            return
        self._buffer += data
        rest = 0
        for first, body in wire.packets(self._buffer):
            if first:
                self._take(first, body)
            rest = len(body)
            body.release()
        del self._buffer[: len(self._buffer) - rest]

    def _take(self, first: int, body: memoryview) -> None:
        kind = first & 0xF0
        if kind == wire.PUBACK:
            self._puback(body[0] << 8 | body[1])
        elif kind == wire.PUBLISH:
            self._hear(first, bytes(body))
        elif kind == wire.CONNACK:
            self._greeted(body[1])
        elif kind == wire.SUBACK:
            self._subscribed(body[2])

    def _hear(self, first: int, body: bytes) -> None:
        end = 2 + (body[0] << 8 | body[1])
        start = end + 2 if first & _QOS_BITS else end
        self._on_ack(body[2:end], _ack.decode(body[start:]))

    def _puback(self, packet_id: int) -> None:
        # Brokers answer in order here; anything else is counted and looked for.
        if self._waiting and self._waiting[0] == packet_id:
            self._waiting.popleft()
        elif packet_id in self._waiting:
            self._waiting.remove(packet_id)
        else:
            self.stray += 1
        self._on_puback()

    def _greeted(self, code: int) -> None:
        if self._transport is None:
            return
        if code:
            self.failure = f"the broker refuses {self._account.user}: CONNACK code {code}"
            self._transport.close()
            return
        self._transport.write(wire.subscribe(1, self._account.hears))

    def _subscribed(self, code: int) -> None:
        if code & 0x80:
            self.failure = f"the broker refuses {self._account.hears}: check its access list"
            return
        self.ready = True
        self.failure = None
        self._on_ready()

    def _forget(self) -> None:
        self._buffer.clear()
        self._waiting.clear()
        self._ended.clear()
        self.failure = None
