"""R9: a thousand kinds of malformed messages between good ones, through the real broker.

One device says everything on one connection, a good message before each malformed one. Every good
one must be in the store; every malformed one must be counted with its reason, or be known by name
to end before ingest.
"""

import asyncio
import contextlib
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import msgspec

from gongfu.bench.faults_stand import Stand, until
from gongfu.faults.effort import FaultRun, Figures
from gongfu.faults.malformed import End, Kind, Number, Speaker, batch, named_once
from gongfu.faults.malformed_fields import field_kinds
from gongfu.faults.malformed_text import text_kinds
from gongfu.faults.malformed_topics import DEV, SITE, topic_kinds
from gongfu_broker.clock import real_ms
from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.payloads import Ack, Reason
from gongfu_broker.ports import Bus, Session
from gongfu_broker.topics import Leaf, Topic
from gongfu_ingest.commit import KEEP_PAYLOAD_BYTES
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.reports import Reports
from gongfu_ingest.stages.dedupe import payload_hash
from gongfu_ingest.stores.embedded import EmbeddedStore

TOGETHER = 40
FIRST_BOOT = 10_000
SETTLE_S, ALONE_S, ACK_S = 10.0, 1.5, 60.0
MOST_S = 300.0
METRIC = "zone_1_celsius"
# All of it comes from one device, which is not what this is about.
MANY_FROM_ONE = {"GONGFU_INGEST__DEVICE_PER_S": "1000"}
Key = tuple[str, bytes]


def malformed_kinds() -> list[Kind]:
    """The whole corpus in its order."""
    return list(named_once([*text_kinds(), *field_kinds(), *topic_kinds()]))


def malformed(run: FaultRun) -> Figures:
    """Say everything, then look in the store and in the dead letters."""
    kinds, repeats = malformed_kinds(), run.effort.of(1, 5, 5)
    stand = Stand(run.folder / "state", run.folder / "ring.db", MANY_FROM_ONE)
    stand.start()
    pid = stand.house.pid
    try:
        said = asyncio.run(_Script(stand, kinds, repeats).perform())
        until(lambda: _at_rest(stand), ACK_S, "everything is committed")
        crashed = pid != stand.house.pid or not stand.health()["broker"]["connected"]
    finally:
        code = stand.house.stop()
    tracebacks = stand.house.log_path.read_text(errors="replace").count("Traceback")
    database = Database(stand.settings.telemetry_path, read_only=True)
    try:
        figures = _judge(said, kinds, database)
    finally:
        database.close()
    return {"runs": repeats, **figures, "crashes": int(crashed or code != 0) + tracebacks}


def _at_rest(stand: Stand) -> bool:
    before = stand.health()["ingest"]
    time.sleep(0.6)
    return bool(before == stand.health()["ingest"])


@dataclass
class _Said:
    """``good``: celsius by stamp, acknowledged; ``bad``: repetitions published, by key."""

    good: dict[int, float] = field(default_factory=dict)
    bad: dict[Key, dict[str, set[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    unsaid: set[str] = field(default_factory=set)


class _Script:
    """One device and the account for backfill, on one connection each."""

    def __init__(self, stand: Stand, kinds: Sequence[Kind], repeats: int) -> None:
        self._stand = stand
        self._kinds = kinds
        self._repeats = repeats
        self._said = _Said()
        self._good: dict[int, bytes] = {}
        self._worded: dict[tuple[str, int], tuple[str, bytes]] = {}
        self._boots = {kind.name: place for place, kind in enumerate(kinds)}
        self._acked = 0
        self._now_ms = real_ms()

    async def perform(self) -> _Said:
        """Say everything, the good ones until they are acknowledged."""
        async with asyncio.timeout(MOST_S):
            await self._say_all(self._lines())
            await self._insist()
        return self._said

    def _lines(self) -> deque[tuple[Kind, int]]:
        turns = range(1, self._repeats + 1)
        return deque((kind, turn) for turn in turns for kind in self._kinds)

    async def _say_all(self, waiting: deque[tuple[Kind, int]]) -> None:
        careful = 0
        while waiting:
            await asyncio.sleep(0)
            with contextlib.suppress(BusDisconnectedError):
                async with self._speaking() as voices:
                    while waiting:
                        page = self._page(waiting, careful)
                        careful = max(0, careful - len(page))
                        if not await self._say_page(voices, page):
                            # One of them has ended the connection: which one is told by itself.
                            if len(page) > 1:
                                waiting.extendleft(reversed(page))
                                careful = len(page)
                            break

    def _page(self, waiting: deque[tuple[Kind, int]], careful: int) -> list[tuple[Kind, int]]:
        """What is said together; whatever may end the connection is said alone."""
        page = [waiting.popleft()]
        while waiting and not careful and len(page) < TOGETHER and not _may_end(page[0][0]):
            if _may_end(waiting[0][0]):
                break
            page.append(waiting.popleft())
        return page

    async def _say_page(self, voices: dict[Speaker, Bus], page: list[tuple[Kind, int]]) -> bool:
        """Whether the connection has borne it."""
        try:
            async with asyncio.timeout(SETTLE_S if len(page) > 1 else ALONE_S):
                told = [self._say_good(voices[Speaker.DEVICE], self._next_good()) for _ in page]
                told += [self._say_bad(voices[k.speaker], k, repetition) for k, repetition in page]
                return all(await asyncio.gather(*told))
        except TimeoutError:
            return False

    def _next_good(self) -> int:
        seq = len(self._good) + 1
        number = Number(boot=1, seq=seq, now_ms=self._now_ms - 3_600_000 + seq)
        self._good[seq] = batch(number, s=f"[[0,{_celsius(seq)},0]]")
        return seq

    async def _say_good(self, bus: Bus, seq: int) -> bool:
        try:
            await bus.publish(_topic("bf"), self._good[seq], qos=1)
        except BusDisconnectedError:
            return False
        return True

    async def _say_bad(self, bus: Bus, kind: Kind, repetition: int) -> bool:
        topic, payload = self._wording(kind, repetition)
        try:
            # Noted first: what ends the connection may have arrived all the same.
            self._said.bad[_key(topic, payload)][kind.name].add(repetition)
            await bus.publish(topic, payload, qos=1)
        except (ValueError, TypeError):
            del self._said.bad[_key(topic, payload)]
            self._said.unsaid.add(kind.name)
        except BusDisconnectedError:
            return False
        return True

    def _wording(self, kind: Kind, repetition: int) -> tuple[str, bytes]:
        """The same when it is said again."""
        key = (kind.name, repetition)
        if key not in self._worded:
            boot = FIRST_BOOT + self._boots[kind.name]
            payload = kind.payload(Number(boot, repetition, real_ms()))
            topic = kind.topic if kind.name.startswith("topic:") else _topic(kind.topic)
            self._worded[key] = topic, payload
        return self._worded[key]

    @contextlib.asynccontextmanager
    async def _speaking(self) -> AsyncIterator[dict[Speaker, Bus]]:
        secrets, connector = self._stand.secrets, self._stand.connector
        own = Session(DEV, DEV, self._stand.device_secrets[DEV])
        replay = Session("faults-malformed", "replay", secrets.replay)
        async with connector.connect(own) as device, connector.connect(replay) as tool:
            await device.subscribe(_topic("ack"))
            hearing = asyncio.create_task(self._hear(device))
            try:
                yield {Speaker.DEVICE: device, Speaker.REPLAY: tool}
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self, bus: Bus) -> None:
        async for message in bus.messages():
            ack = msgspec.json.decode(message.payload, type=Ack)
            if ack.boot == 1:
                self._acked = max(self._acked, ack.seq)

    async def _insist(self) -> None:
        """Send what is not acknowledged again, as a device does."""
        deadline = time.monotonic() + ACK_S
        while self._acked < len(self._good) and time.monotonic() < deadline:
            with contextlib.suppress(BusDisconnectedError):
                async with self._speaking() as voices:
                    for seq in range(self._acked + 1, len(self._good) + 1):
                        await self._say_good(voices[Speaker.DEVICE], seq)
                    await asyncio.sleep(1)
        first_ms = self._now_ms - 3_600_000
        self._said.good = {first_ms + seq: _celsius(seq) for seq in range(1, self._acked + 1)}


def _may_end(kind: Kind) -> bool:
    return End.BROKER in kind.ends


def _celsius(seq: int) -> float:
    return round(2 + seq % 400 / 100, 2)


def _topic(leaf: str) -> str:
    return str(Topic(SITE, DEV, Leaf(leaf)))


def _key(topic: str, payload: bytes) -> Key:
    """What tells dead letters apart; long payloads are kept cut."""
    if len(payload) >= KEEP_PAYLOAD_BYTES:
        return topic, payload[:KEEP_PAYLOAD_BYTES]
    return topic, payload_hash(payload)


def _judge(said: _Said, kinds: Sequence[Kind], database: Database) -> Figures:
    reports = Reports(database, TelemetryLog(database))
    store = EmbeddedStore(database)
    stored = dict(
        store.series(DEV, METRIC, min(said.good, default=0), max(said.good, default=0) + 1)
    )
    lost = [ts for ts, celsius in said.good.items() if stored.get(ts) != celsius]
    found: dict[Key, Counter[Reason | End]] = defaultdict(Counter)
    for row in reports.dead_letters(limit=1_000_000):
        left_out = row.detail.startswith("value left out")
        end = End.VALUE_LEFT_OUT if left_out else Reason(row.reason)
        found[_key(row.topic, row.payload)][end] += row.times
    told = _account(said, {kind.name: kind for kind in kinds}, found)
    return {
        "acknowledged": len(said.good),
        "lost": len(lost),
        "duplicated": 0,
        "kinds": len(kinds),
        "malformed_sent": sum(len(n) for names in said.bad.values() for n in names.values()),
        "refused_by_client": sorted(said.unsaid),
        **told,
    }


def _account(
    said: _Said, kinds: dict[str, Kind], found: dict[Key, Counter[Reason | End]]
) -> Figures:
    """Every published payload against the dead letters."""
    reasons: Counter[str] = Counter()
    refused: set[str] = set()
    unaccounted: set[str] = set()
    for key, names in said.bad.items():
        allowed = {end for name in names for end in kinds[name].ends}
        counted = {end: times for end, times in found.get(key, {}).items() if end in allowed}
        reasons.update({str(end): times for end, times in counted.items()})
        if not counted and End.BROKER in allowed:
            refused.update(names)
        elif sum(counted.values()) < sum(len(told) for told in names.values()):
            unaccounted.update(names)
    return {
        "counted": sum(reasons.values()),
        "reasons": dict(sorted(reasons.items())),
        "refused_by_broker": sorted(refused),
        "unaccounted": sorted(unaccounted),
    }
