"""The load generator: thousands of devices in one process, speaking raw MQTT with little CPU.

Each device numbers its messages and remembers the highest application ack. What the broker alone
acknowledged is sent again after a reconnect, as a device does. Run as a companion:
``python -m gongfu.bench.load PLAN.json``.
"""

import asyncio
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import uvloop

from gongfu.bench.load_broker import allow_many_files
from gongfu.bench.load_county import SITE, Script, device_id
from gongfu.bench.load_link import Account, Link
from gongfu.bench.load_process import Told, answer, questions
from gongfu.bench.load_wire import topic_head
from gongfu_broker.payloads import Ack
from gongfu_broker.topics import Leaf, Topic

TICK_S = 0.01
CHUNK = 50
CONNECTING = 100
RESEND_S = 5.0


class Plan(msgspec.Struct, frozen=True):
    """The load: connection k carries the devices k, k + connections and so on.

    ``window``: messages a connection leaves without PUBACK at most, in bursts.
    """

    port: int
    accounts: list[Account]
    devices: int
    begin_ms: int
    every_ms: int = 1_000
    warm: int = 0
    boot: int = 1
    births: bool = False
    window: int = 1_000
    host: str = "127.0.0.1"

    @property
    def script(self) -> Script:
        """What the devices say."""
        return Script(self.devices, self.begin_ms, self.every_ms, self.warm, self.boot)


@dataclass
class Ledger:
    """What was said and what was promised, per place of a device."""

    sent: list[int]
    acked: list[int]
    pubacks: int = 0

    def counts(self) -> Told:
        """Totals of messages."""
        return {"sent": sum(self.sent), "acked": sum(self.acked), "pubacks": self.pubacks}


@dataclass
class Load:
    """Every device of a plan."""

    plan: Plan
    ledger: Ledger = field(init=False)
    links: list[Link] = field(init=False)
    behind_s: float = field(default=0.0, init=False)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list, init=False)
    _saying: "asyncio.Task[None] | None" = field(default=None, init=False)
    _until: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Render every topic once."""
        plan = self.plan
        self.ledger = Ledger([0] * plan.devices, [0] * plan.devices)
        self._script = plan.script
        self._heads = [_head(place, Leaf.TEL) for place in range(plan.devices)]
        self._place_of = {_topic(place, Leaf.ACK): place for place in range(plan.devices)}
        self.links = [self._link(k) for k in range(len(plan.accounts))]
        self._cursors = [0] * len(plan.accounts)

    @property
    def connected(self) -> int:
        """Connections that are ready."""
        return sum(link.ready for link in self.links)

    async def connect(self, timeout_s: float = 120.0) -> None:
        """Open every connection, a few hundred at a time. Raises TimeoutError, saying why."""
        deadline = time.monotonic() + timeout_s
        for first in range(0, len(self.links), CONNECTING):
            some = self.links[first : first + CONNECTING]
            self._tasks += [
                asyncio.create_task(link.keep(self.plan.host, self.plan.port)) for link in some
            ]
            while not all(link.ready for link in some):
                if time.monotonic() > deadline:
                    why = next(link.failure for link in some if not link.ready)
                    raise TimeoutError(f"{self.connected} of {len(self.links)} connected: {why}")
                await asyncio.sleep(0.005)

    def burst(self, until: int) -> None:
        """Let every device send up to message number ``until``, as fast as PUBACKs return."""
        self._until = until
        for k in range(len(self.links)):
            self._pump(k)

    def start(self, seconds: float, begin_ms: int) -> None:
        """Let every device send one message per ``every_ms``, evenly spread, from now on.

        What it said before was message 1; ``begin_ms`` is one step before the first of these.
        """
        self._script = replace(self._script, begin_ms=begin_ms, first_ms=self._script.begin_ms)
        self._saying = asyncio.create_task(self._steadily(seconds))

    async def settle(self, timeout_s: float) -> None:
        """Wait until everything is said and acknowledged by the platform; repeat what is not."""
        if self._saying:
            await self._saying
        deadline = time.monotonic() + timeout_s
        wait_s = RESEND_S
        again = time.monotonic() + wait_s
        while self.ledger.acked != self.ledger.sent and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
            if time.monotonic() > again:
                wait_s *= 2
                again = time.monotonic() + wait_s
                for k in range(len(self.links)):
                    self._resend(k)

    def end(self) -> None:
        """Close everything."""
        for task in (*self._tasks, *([self._saying] if self._saying else [])):
            task.cancel()
        for link in self.links:
            link.end()

    def _link(self, k: int) -> Link:
        return Link(
            self.plan.accounts[k],
            on_ack=self._heard,
            on_ready=lambda: self._greet(k),
            on_puback=lambda: self._returned(k),
        )

    def _greet(self, k: int) -> None:
        if self.plan.births:
            birth = b'{"online":1,"boot":%d,"conn":1,"fw":"load"}' % self.plan.boot
            for place in self._places(k):
                self.links[k].publish(_head(place, Leaf.STATE), birth)
        self._resend(k)

    def _resend(self, k: int) -> None:
        if self.links[k].ready:
            for place in self._places(k):
                for seq in range(self.ledger.acked[place] + 1, self.ledger.sent[place] + 1):
                    self.links[k].publish(*self._message(place, seq))

    def _places(self, k: int) -> range:
        return range(k, self.plan.devices, len(self.links))

    def _message(self, place: int, seq: int) -> tuple[bytes, bytes]:
        late = self._script.has_history(place, seq)
        head = _head(place, Leaf.BF) if late else self._heads[place]
        return head, self._script.payload(place, seq, self.ledger.acked[place] + 1)

    def _heard(self, topic: bytes, ack: Ack) -> None:
        place = self._place_of.get(topic)
        if place is not None and ack.boot == self.plan.boot:
            self.ledger.acked[place] = max(self.ledger.acked[place], ack.seq)

    def _returned(self, k: int) -> None:
        self.ledger.pubacks += 1
        if self._until and self.links[k].unanswered <= self.plan.window - CHUNK:
            self._pump(k)

    def _pump(self, k: int) -> None:
        link, places, sent = self.links[k], self._places(k), self.ledger.sent
        while link.ready and link.unanswered <= self.plan.window - CHUNK:
            chunk: list[tuple[bytes, bytes]] = []
            while len(chunk) < CHUNK:
                place = places[self._cursors[k]]
                if sent[place] >= self._until:
                    break
                sent[place] += 1
                chunk.append(self._message(place, sent[place]))
                self._cursors[k] = (self._cursors[k] + 1) % len(places)
            if not chunk:
                return
            link.publish_all(chunk)

    async def _steadily(self, seconds: float) -> None:
        plan = self.plan
        per_s = plan.devices * 1_000 / plan.every_ms
        total = int(seconds * per_s)
        began, count = time.monotonic(), 0
        while count < total:
            passed_s = time.monotonic() - began
            self.behind_s = max(self.behind_s, passed_s - count / per_s)
            due = min(int(passed_s * per_s), total)
            for turn in range(count, due):
                self._say(turn % plan.devices)
            count = due
            await asyncio.sleep(TICK_S)

    def _say(self, place: int) -> None:
        self.ledger.sent[place] += 1
        link = self.links[place % len(self.links)]
        # What is numbered while the link is down leaves when it is back.
        if link.ready:
            link.publish(*self._message(place, self.ledger.sent[place]))


def _topic(place: int, leaf: Leaf) -> bytes:
    return str(Topic(SITE, device_id(place), leaf)).encode()


def _head(place: int, leaf: Leaf) -> bytes:
    return topic_head(_topic(place, leaf).decode())


async def serve(plan: Plan) -> None:
    """Do what the parent asks, until it has enough."""
    load = Load(plan)
    await load.connect()
    try:
        async for question in questions():
            answer(await _answer(load, question))
    finally:
        load.end()


async def _answer(load: Load, question: Told) -> Told:
    if "burst" in question:
        load.burst(question["burst"])
    elif "steady_s" in question:
        load.start(question["steady_s"], question["begin_ms"])
    elif "settle_s" in question:
        await load.settle(question["settle_s"])
    told = {**load.ledger.counts(), "connected": load.connected, "behind_s": load.behind_s}
    if "ledger" in question:
        told |= {"ledger": load.ledger.acked, "stray": sum(link.stray for link in load.links)}
    return told


if __name__ == "__main__":
    allow_many_files()
    uvloop.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)))
