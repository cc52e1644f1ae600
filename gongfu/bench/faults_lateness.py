"""R7: a truck that was offline for eight hours tells its backlog, newest first and oldest first.

Two installations get the same 2,880 rows (climate and position, one every 10 s, six to a message)
over the real broker in opposite orders, while the truck and another one report live. Breaches must
have their true times, both stores must be the same, and nothing live may wait.
"""

import asyncio
import contextlib
import itertools
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from gongfu.bench.faults_stand import Stand, at_once, until
from gongfu.faults.effort import FaultRun, Figures
from gongfu.fleet_side import open_fleet
from gongfu_broker.clock import real_ms
from gongfu_broker.codec import encode
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.payloads import Ack, Batch
from gongfu_broker.ports import Bus, Session
from gongfu_broker.topics import Leaf, Topic
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_ingest.database import Database
from gongfu_ingest.stores.embedded import EmbeddedStore

ROWS, EVERY_MS, PER_MESSAGE = 2_880, 10_000, 6
MESSAGES = ROWS // PER_MESSAGE
QUIET_CELSIUS, HOT_CELSIUS = 4.0, 15.0
# Rows first .. after the last that are too warm; the second might be a defrost of a unit unknown.
# None lasts whole minutes: what is judged once a minute must not look exact by luck.
TOO_WARM = ((200, 803), (1_000, 1_100), (1_500, 2_404))
LONGEST_DEFROST_MS = 75 * 60_000
# A row a minute is judged, by the median of three.
JUDGED_S = 60
LIVE_EVERY_S = 0.3
LIVE_FIRST_S = 1.0
ACK_S = 90.0
# What a missing incident counts as.
NEVER_MS = 10**12
Row = tuple[int, list[float | None]]


class Span(NamedTuple):
    """An incident as far as both installations must agree about it."""

    asset: str
    zone: int
    hazard: str
    begin_ms: int
    raised_ms: int
    end_ms: int | None
    peak_celsius: float | None


@dataclass(frozen=True)
class _Outcome:
    """What one installation made of the backlog."""

    stored: dict[tuple[int, str], float]
    spans: list[Span]
    slowest_live_s: float
    took_s: float


def late_truck(run: FaultRun) -> Figures:
    """Both orders, judged against the truth and against each other."""
    rows = backlog_rows(real_ms() - real_ms() % EVERY_MS - 60_000)
    true = {(ts, name): value for ts, values in rows for name, value in _named(values).items()}
    newest, oldest = at_once(
        run,
        lambda: _perform(run, rows, newest_first=True),
        lambda: _perform(run, rows, newest_first=False),
    )
    outcomes = (newest, oldest)
    return {
        "runs": 2,
        "acknowledged": 2 * MESSAGES,
        "lost": sum(_missing(true, one.stored) for one in outcomes),
        "duplicated": 0,
        "rows": ROWS,
        "breaches": len(true_breaches(rows)),
        "incidents": [len(_of_the_air(one.spans)) for one in outcomes],
        "stores_differ_by": len(newest.stored.items() ^ oldest.stored.items()),
        "incidents_differ_by": len(set(newest.spans) ^ set(oldest.spans)),
        **_errors_s(rows, [*newest.spans, *oldest.spans]),
        "sample_s": EVERY_MS / 1_000,
        "judged_s": JUDGED_S,
        "slowest_live_s": max(one.slowest_live_s for one in outcomes),
        "drained_s": [one.took_s for one in outcomes],
    }


def backlog_rows(end_ms: int) -> list[Row]:
    """Eight hours of a truck that drives a circle and is too warm three times."""
    return [_row(n, end_ms - (ROWS - 1 - n) * EVERY_MS) for n in range(ROWS)]


def _row(n: int, ts_ms: int) -> Row:
    hot = any(first <= n < after for first, after in TOO_WARM)
    celsius = round((HOT_CELSIUS if hot else QUIET_CELSIUS) + n % 7 / 100, 2)
    angle = 2 * math.pi * n / ROWS
    lat, lon = round(28.95 + math.sin(angle) / 10, 6), round(118.87 + math.cos(angle) / 10, 6)
    heading = round((90 + math.degrees(angle)) % 360, 1)
    return ts_ms, [celsius, -20.0, 0.0, lat, lon, 42.0, heading, 9.0]


def true_breaches(rows: list[Row]) -> list[tuple[int, int]]:
    """First too warm and first cool sample of what outlasts any defrost."""
    spans = [(rows[first][0], rows[after][0]) for first, after in TOO_WARM]
    return [span for span in spans if span[1] - span[0] > LONGEST_DEFROST_MS]


def _named(values: list[float | None]) -> dict[str, float]:
    names = [column.name for column in COLUMNS[1, DeviceKind.TRUCK]]
    return {n: v for n, v in zip(names, values, strict=False) if v is not None}


def _missing(true: dict[tuple[int, str], float], stored: dict[tuple[int, str], float]) -> int:
    return sum(1 for key, value in true.items() if stored.get(key) != value)


def _of_the_air(spans: list[Span]) -> list[Span]:
    return [span for span in spans if span.hazard == Hazard.AIR_HIGH.value]


def _errors_s(rows: list[Row], spans: list[Span]) -> Figures:
    """By how much the worst of what both installations told misses the truth."""
    true, air = true_breaches(rows), sorted(_of_the_air(spans), key=lambda span: span.begin_ms)
    if len(air) != 2 * len(true):
        return {"begin_error_s": NEVER_MS, "duration_error_s": NEVER_MS}
    pairs = [(one, span) for n, one in enumerate(true) for span in air[2 * n : 2 * n + 2]]
    return {
        "begin_error_s": max(abs(span.begin_ms - one[0]) for one, span in pairs) / 1_000,
        "duration_error_s": max(
            abs((span.end_ms or NEVER_MS) - span.begin_ms - (one[1] - one[0]))
            for one, span in pairs
        )
        / 1_000,
    }


def _perform(run: FaultRun, rows: list[Row], *, newest_first: bool) -> _Outcome:
    name = "newest" if newest_first else "oldest"
    stand = Stand(run.folder / name / "state", run.folder / name / "ring.db")
    stand.start()
    try:
        began = time.monotonic()
        truck, other = [a for a in stand.assets() if a.kind is AssetKind.TRUCK][:2]
        slowest_s = asyncio.run(_tell(stand, (truck, other), rows, newest_first=newest_first))
        until(lambda: _caught_up(stand), ACK_S, "the watch has read everything")
        took_s = round(time.monotonic() - began, 1)
        run.say(f"R7: {name} first: {took_s} s, slowest live ack {slowest_s} s")
    finally:
        stand.house.stop()
    return _outcome(stand, truck, rows, slowest_live_s=slowest_s, took_s=took_s)


def _caught_up(stand: Stand) -> bool:
    consumers = stand.health()["consumers"]
    return bool(consumers) and all(one["lag"] == 0 for one in consumers)


async def _tell(
    stand: Stand, trucks: tuple[Asset, Asset], rows: list[Row], *, newest_first: bool
) -> float:
    """Live messages of both, the backlog of the first; returns the slowest ack of a live one."""
    late, other = (_Truck(stand, truck) for truck in trucks)
    async with late.speaking() as late_bus, other.speaking() as other_bus:
        live = [
            asyncio.create_task(late.live(late_bus, MESSAGES + 1)),
            asyncio.create_task(other.live(other_bus, 1)),
        ]
        try:
            await asyncio.sleep(LIVE_FIRST_S)
            await late.tell(late_bus, rows, newest_first=newest_first)
            async with asyncio.timeout(ACK_S):
                await late.told_all.wait()
        finally:
            for task in live:
                task.cancel()
            await asyncio.gather(*live, return_exceptions=True)
    return round(max(other.waits_s), 2)


@dataclass
class _Truck:
    """One device on one connection. ``prefix``: everything up to this number is durable."""

    stand: Stand
    asset: Asset
    prefix: int = 0
    waits_s: list[float] = field(default_factory=list)
    told_all: asyncio.Event = field(default_factory=asyncio.Event)
    _said_s: dict[int, float] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def speaking(self) -> AsyncIterator[Bus]:
        """A connection on which acks are heard."""
        secret = self.stand.device_secrets[self.asset.id]
        session = Session(self.asset.id, self.asset.id, secret)
        async with self.stand.connector.connect(session) as bus:
            await bus.subscribe(self._topic(Leaf.ACK))
            hearing = asyncio.create_task(self._hear(bus))
            try:
                yield bus
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    async def live(self, bus: Bus, first_seq: int) -> None:
        """A cool row every now and then, with numbers behind the backlog's."""
        for seq in itertools.count(first_seq):
            self._said_s[seq] = time.monotonic()
            row: list[float | None] = [0.0, QUIET_CELSIUS, -20.0, 0.0]
            batch = Batch(v=1, boot=1, seq=seq, t0=real_ms(), s=[row])
            await bus.publish(self._topic(Leaf.TEL), encode(batch), qos=1)
            await asyncio.sleep(LIVE_EVERY_S)

    async def tell(self, bus: Bus, rows: list[Row], *, newest_first: bool) -> None:
        """The backlog in messages of several rows, numbered in order of time."""
        seqs = range(1, MESSAGES + 1)
        for page in _pages(list(reversed(seqs)) if newest_first else list(seqs)):
            bodies = [encode(_message(rows, seq)) for seq in page]
            topic = self._topic(Leaf.BF)
            await asyncio.gather(*(bus.publish(topic, body, qos=1) for body in bodies))

    async def _hear(self, bus: Bus) -> None:
        async for message in bus.messages():
            self.prefix = msgspec.json.decode(message.payload, type=Ack).seq
            now = time.monotonic()
            if self.prefix >= MESSAGES:
                self.told_all.set()
            for seq in [seq for seq in self._said_s if seq <= self.prefix]:
                self.waits_s.append(now - self._said_s.pop(seq))

    def _topic(self, leaf: Leaf) -> str:
        return str(Topic(self.asset.site, self.asset.id, leaf))


def _pages(seqs: list[int], size: int = 20) -> list[list[int]]:
    return [seqs[at : at + size] for at in range(0, len(seqs), size)]


def _message(rows: list[Row], seq: int) -> Batch:
    part = rows[(seq - 1) * PER_MESSAGE : seq * PER_MESSAGE]
    t0 = part[0][0]
    return Batch(v=1, boot=1, seq=seq, t0=t0, s=[[ts - t0, *values] for ts, values in part])


def _outcome(
    stand: Stand, truck: Asset, rows: list[Row], *, slowest_live_s: float, took_s: float
) -> _Outcome:
    database = Database(stand.settings.telemetry_path, read_only=True)
    try:
        points = EmbeddedStore(database).export(rows[0][0], rows[-1][0] + 1, [truck.id])
        stored = {(p.ts_ms, name): v for p in points for name, v in p.values.items()}
    finally:
        database.close()
    fleet = open_fleet(stand.settings)
    try:
        views = fleet.incidents.all_items(1_000)
    finally:
        fleet.close()
    spans = [
        Span(v.asset, v.zone, v.hazard, v.begin_ms, v.raised_ms, v.end_ms, v.peak_celsius)
        for v in views
        if v.merged_into is None and v.condition != "retracted"
    ]
    return _Outcome(stored, sorted(spans, key=lambda s: s.begin_ms), slowest_live_s, took_s)
