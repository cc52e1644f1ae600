"""One device's conversation with the platform: birth and last will, sending, acks, commands.

Back-off, keep-alive and resends run in real time; only stamps are platform time.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gongfu_broker.codec import encode
from gongfu_broker.errors import BrokerError, TopicError
from gongfu_broker.payloads import Ack, Command, Config, Result, State
from gongfu_broker.ports import Bus, BusConnector, Message, Session, Will
from gongfu_broker.topics import RULES, Leaf, Topic, parse
from gongfu_firmware_sim.chance import stream
from gongfu_firmware_sim.commands import CommandDesk
from gongfu_firmware_sim.outbox import Outbox
from gongfu_firmware_sim.ring import Stored
from gongfu_firmware_sim.status import SimStatus

_log = logging.getLogger(__name__)
_BACKOFF_FIRST_S = 0.5
_BACKOFF_MOST_S = 15.0
_FAREWELL_S = 2.0
_CANCEL_AGAIN_S = 0.5
_FAILURES_TO_REPORT = 3
# More live messages than this waiting for a slow broker wait in the ring instead.
_MOST_LIVE = 200
# ``boot`` never repeats, so this makes ``conn`` grow over restarts without another counter on disk.
_CONNS_PER_BOOT = 1_000_000


@dataclass(frozen=True)
class Identity:
    """Who the device is on the bus."""

    dev: str
    site: str
    secret: str = field(repr=False)
    boot: int
    fw: str
    model: str
    seed: int
    duplicate_share: float


class Link:
    """Connects, stays connected while the radio reaches, and sends what it is offered."""

    def __init__(
        self,
        identity: Identity,
        outbox: Outbox,
        *,
        connector: BusConnector,
        status: SimStatus,
        desk: CommandDesk | None = None,
    ) -> None:
        self.online = False
        self.desk = desk or CommandDesk()
        self._identity = identity
        self._outbox = outbox
        self._connector = connector
        self._status = status
        self._dice = stream(identity.seed, identity.dev, "link", identity.boot)
        self._conn = identity.boot * _CONNS_PER_BOOT
        self._cfg = 0
        self._failures = 0
        self._error = ""
        self._stopped = False
        self._reachable = asyncio.Event()
        self._cut = asyncio.Event()
        self._wake = asyncio.Event()
        self._live: deque[Stored] = deque()
        self._backfill: deque[Stored] = deque()
        self._answers: deque[Result] = deque()

    @property
    def trouble(self) -> str | None:
        """Why the device cannot stay connected, after several tries in vain."""
        return self._error if self._failures >= _FAILURES_TO_REPORT else None

    @property
    def hungry(self) -> bool:
        """Whether the last backfill is sent and more is welcome."""
        return self.online and not self._backfill

    def reach(self, *, covered: bool) -> None:
        """The radio reaches the network, or does not."""
        if covered:
            self._cut.clear()
            self._reachable.set()
        else:
            self._reachable.clear()
            self._cut.set()

    def stop(self) -> None:
        """Say goodbye and end ``run``."""
        self._stopped = True
        self._cut.set()
        self._reachable.set()

    def offer_live(self, message: Stored) -> None:
        """Send it now; it stands in the ring already."""
        if len(self._live) >= _MOST_LIVE:
            self._live.clear()
            self._outbox.rewind()
            return
        self._live.append(message)
        self._wake.set()

    def offer_backfill(self, messages: list[Stored]) -> None:
        """Send these when no live message waits."""
        self._backfill.extend(messages)
        self._wake.set()

    def answer(self, result: Result) -> None:
        """Tell what became of a command; offline it waits to be asked again."""
        if self.online:
            self._answers.append(result)
            self._wake.set()

    async def run(self) -> None:
        """Connect again and again until ``stop``; whatever fails, only this device is silent."""
        await self._back_off()
        while not self._stopped:
            await self._reachable.wait()
            if self._stopped:
                return
            try:
                await self._connected_once()
            except BrokerError as error:
                self._report(error)
            except Exception as error:  # noqa: BLE001 - one device's fault must not stop the others
                self._report(error)
            else:
                continue
            await self._back_off()

    async def _connected_once(self) -> None:
        self._conn += 1
        session = Session(
            client_id=self._identity.dev,
            user=self._identity.dev,
            secret=self._identity.secret,
            will=Will(self._topic(Leaf.STATE), self._state(online=0)),
        )
        async with self._connector.connect(session) as bus:
            for leaf in (Leaf.ACK, Leaf.CMD, Leaf.CFG):
                await bus.subscribe(self._topic(leaf), qos=RULES[leaf].qos)
            await self._publish(bus, Leaf.STATE, self._state(online=1))
            try:
                self._come_online()
                await first_of(self._listen(bus), self._send(bus), self._cut.wait())
            finally:
                self._go_offline()
            # A real modem just falls silent; at x30 a keep-alive would tell too late, so we say it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._publish(bus, Leaf.STATE, self._state(online=0))

    def _come_online(self) -> None:
        self._failures = 0
        self._outbox.reconnected(asyncio.get_running_loop().time())
        self.online = True
        self._status.connected += 1

    def _go_offline(self) -> None:
        self.online = False
        self._status.connected -= 1
        self._live.clear()
        self._backfill.clear()
        self._answers.clear()

    def _report(self, error: Exception) -> None:
        self._failures += 1
        self._error = str(error)
        if not isinstance(error, BrokerError):
            _log.error("%s failed, connecting again", self._identity.dev, exc_info=error)

    async def _back_off(self) -> None:
        """Full jitter, so that a fleet does not come back all at once."""
        most_s = min(_BACKOFF_MOST_S, _BACKOFF_FIRST_S * 2 ** min(self._failures, 10))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._dice.uniform(0, most_s)):
                await self._cut.wait()

    async def _listen(self, bus: Bus) -> None:
        async for message in bus.messages():
            try:
                await self._hear(bus, message)
            except (msgspec.DecodeError, TopicError):
                _log.warning("%s cannot read a message on %s", self._identity.dev, message.topic)

    async def _hear(self, bus: Bus, message: Message) -> None:
        leaf = parse(message.topic).leaf
        if leaf is Leaf.ACK:
            ack = msgspec.json.decode(message.payload, type=Ack)
            self.desk.hear(ack.now)
            now_s = asyncio.get_running_loop().time()
            self._status.acked += self._outbox.acknowledge(ack.boot, ack.seq, now_s=now_s)
        elif leaf is Leaf.CMD:
            result = self.desk.handle(msgspec.json.decode(message.payload, type=Command))
            self._status.commands += 1
            if result is not None:
                await self._publish(bus, Leaf.RES, encode(result))
        elif leaf is Leaf.CFG and message.payload:
            await self._configure(bus, msgspec.json.decode(message.payload, type=Config))

    async def _configure(self, bus: Bus, config: Config) -> None:
        if config.rev > self._cfg:
            self._cfg = config.rev
            await self._publish(bus, Leaf.STATE, self._state(online=1))

    async def _send(self, bus: Bus) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._live or self._backfill or self._answers:
                if self._answers:
                    await self._publish(bus, Leaf.RES, encode(self._answers.popleft()))
                elif self._live:
                    await self._send_one(bus, self._live.popleft(), backfill=False)
                else:
                    await self._send_one(bus, self._backfill.popleft(), backfill=True)

    async def _send_one(self, bus: Bus, message: Stored, *, backfill: bool) -> None:
        leaf = Leaf.BF if backfill and message.leaf is Leaf.TEL else message.leaf
        await self._publish(bus, leaf, message.payload)
        self._status.sent += 1
        self._status.backfilled += backfill
        if self._dice.random() < self._identity.duplicate_share:
            await self._publish(bus, leaf, message.payload)
            self._status.duplicates += 1

    async def _publish(self, bus: Bus, leaf: Leaf, payload: bytes) -> None:
        rule = RULES[leaf]
        await bus.publish(self._topic(leaf), payload, qos=rule.qos, retain=rule.retained)

    def _state(self, *, online: int) -> bytes:
        who = self._identity
        if not online:
            return encode(State(online=0, boot=who.boot, conn=self._conn))
        return encode(State(1, who.boot, self._conn, who.fw, who.model, self._cfg))

    def _topic(self, leaf: Leaf) -> str:
        return str(Topic(self._identity.site, self._identity.dev, leaf))


async def first_of(*ways: Coroutine[Any, Any, Any]) -> None:  # Any: whatever they return is unused
    """Run all until one ends; the others are cancelled, and its exception is raised here."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(tasks)
    for task in done:
        task.result()


async def _end(tasks: "Sequence[asyncio.Future[Any]]") -> None:  # Any: as above
    """Cancel until they obey: up to Python 3.11 ``wait_for`` may forget a cancellation.

    It does when what it waits for ends in the same moment, as when a link breaks.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)
