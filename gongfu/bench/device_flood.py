"""S8, second half: one device says a thousand messages a second; what it costs the others.

The others are the simulator's own devices with their ledger, so what was promised to them can be
looked for. The loud one numbers its messages, and never sends one again.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gongfu.bench.faults_stand import Stand, until
from gongfu_broker.clock import real_ms
from gongfu_broker.mqtt.client import MqttConnector
from gongfu_broker.payloads import Ack, Reason
from gongfu_broker.ports import Bus, Session
from gongfu_broker.topics import Leaf, Topic
from gongfu_fleet.domain.assets import Asset
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.reports import Reports

MSG_PER_S = 1_000
CALM_PER_S = 40.0
TICK_S = 0.05
SETTLE_S = 60.0
BOOT = 1_000_000
PAGE = 5_000


@dataclass(frozen=True)
class DeviceFlood:
    """What came of it, in messages.

    The loud device: ``sent``, of which ``taken`` are in the log and ``limited`` stand in the dead
    letters as ``rows``; ``promised`` is the highest number acknowledged to it. ``loud_lost``:
    promised, but not in the log. The others: ``acknowledged``, ``lost``, ``duplicated``;
    ``phantom`` samples nobody sent; ``waiting_most`` in all their rings together at any time.
    """

    seconds: float
    others: int
    sent: int
    sent_per_s: float
    taken: int
    limited: int
    rows: int
    promised: int
    loud_lost: int
    acknowledged: int
    lost: int
    duplicated: int
    phantom: int
    waiting_most: int
    drained_s: float


def device_flood(folder: Path, *, seconds: float, others: int = 60) -> DeviceFlood:
    """Run a platform in ``folder`` with real time; ends a minute after ``seconds`` at the latest.

    ``others`` share 40 messages a second, each well within what one may say.
    """
    stand = Stand(folder / "state", folder / "ring.db")
    stand.start()
    loud = _Loud(stand, stand.assets()[others], seconds)
    try:
        with stand.herd(CALM_PER_S, others) as herd:
            until(lambda: herd.status.acked > others, SETTLE_S, "everybody is acknowledged")
            waiting_most = 0
            with _shouting(loud):
                while loud.is_loud:
                    waiting_most = max(waiting_most, herd.status.in_ring)
                    time.sleep(TICK_S)
            drained_s = stand.drain(herd, SETTLE_S)
            until(lambda: _has_come(stand, loud.sent), SETTLE_S, "all of the flood has come in")
    finally:
        stand.house.stop()
    verdict, found = stand.verdict(), _found(stand, loud)
    return DeviceFlood(
        seconds=seconds,
        others=others,
        sent=loud.sent,
        sent_per_s=round(loud.sent / loud.took_s),
        taken=len(found.numbers),
        limited=found.limited,
        rows=found.rows,
        promised=loud.promised,
        loud_lost=len(set(range(1, loud.promised + 1)) - found.numbers),
        acknowledged=verdict.messages,
        lost=verdict.lost,
        duplicated=verdict.duplicated,
        phantom=verdict.phantom - len(found.numbers),
        waiting_most=waiting_most,
        drained_s=drained_s,
    )


@dataclass
class _Loud:
    """One device at a steady pace, whatever the platform thinks of it."""

    stand: Stand
    asset: Asset
    seconds: float
    sent: int = 0
    promised: int = 0
    took_s: float = 1.0
    is_loud: bool = True
    error: BaseException | None = None
    began_ms: int = field(default_factory=real_ms)

    def work(self) -> None:
        """Run the event loop of the thread."""
        try:
            asyncio.run(self._shout())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self.error = error
        finally:
            self.is_loud = False

    async def _shout(self) -> None:
        dev, port = self.asset.id, self.stand.settings.broker.port
        session = Session(dev, dev, self.stand.device_secrets[dev])
        async with MqttConnector("127.0.0.1", port).connect(session) as bus:
            await bus.subscribe(str(Topic(self.asset.site, dev, Leaf.ACK)))
            hearing = asyncio.create_task(self._hear(bus))
            began = time.monotonic()
            while (past_s := time.monotonic() - began) < self.seconds:
                await self._say(bus, upto=int(past_s * MSG_PER_S))
                await asyncio.sleep(TICK_S)
            self.took_s, self.is_loud = time.monotonic() - began, False
            # Acks of what was taken last.
            await asyncio.sleep(1)
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _say(self, bus: Bus, upto: int) -> None:
        topic = str(Topic(self.asset.site, self.asset.id, Leaf.TEL))
        numbers = range(self.sent + 1, upto + 1)
        payloads = [
            b'{"v":1,"boot":%d,"seq":%d,"t0":%d,"s":[[0,4.0,0]]}' % (BOOT, n, self.began_ms + n)
            for n in numbers
        ]
        await asyncio.gather(*(bus.publish(topic, payload, qos=1) for payload in payloads))
        self.sent = max(self.sent, upto)

    async def _hear(self, bus: Bus) -> None:
        async for message in bus.messages():
            ack = msgspec.json.decode(message.payload, type=Ack)
            self.promised = max(self.promised, ack.seq if ack.boot == BOOT else 0)


@contextmanager
def _shouting(loud: _Loud) -> Iterator[None]:
    thread = threading.Thread(target=loud.work, name="loud", daemon=True)
    thread.start()
    yield
    thread.join(SETTLE_S)
    if loud.error is not None:
        raise loud.error


@dataclass(frozen=True)
class _Found:
    """Of the loud device: numbers in the log, messages refused, in so many dead letters."""

    numbers: set[int]
    limited: int
    rows: int


def _found(stand: Stand, loud: _Loud) -> _Found:
    with closing(Database(stand.settings.telemetry_path, read_only=True)) as database:
        log = TelemetryLog(database)
        letters = Reports(database, log).dead_letters(reason=Reason.RATE_LIMITED, limit=PAGE)
        numbers, after = set[int](), log.trimmed()
        while records := log.read(after, PAGE):
            after = records[-1].seq
            numbers |= {r.mseq for r in records if r.dev == loud.asset.id and r.mseq is not None}
    return _Found(numbers, sum(letter.times for letter in letters), len(letters))


def _has_come(stand: Stand, sent: int) -> bool:
    """Every message of the flood was taken or refused; those of the others come on top."""
    told = stand.health()["ingest"]
    return int(told.get("accepted", 0)) + int(told.get("rejected", 0)) >= sent
