"""A log and store that hear messages, and a forwarder that runs on them."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.topics import Leaf, Topic
from gongfu_ingest.commit import Committer
from gongfu_ingest.database import Database
from gongfu_ingest.forwarder import Forwarder, Pace
from gongfu_ingest.line_protocol import FLAGS
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.messages import Draft
from gongfu_ingest.points import Point
from gongfu_ingest.stores.embedded import EmbeddedStore
from gongfu_ingest.stores.influx.book import ForwarderBook
from gongfu_ingest.stores.influx.rows import ResolvedRows
from gongfu_ingest.stores.influx.shipments import LATENESS_MS, MAX_LINES, Shipments
from gongfu_ingest.stores.influx.sinks import open_sink
from gongfu_ingest.stores.influx.store import InfluxStore
from gongfu_ingest.stores.influx.target import InfluxTarget, LineSink
from tests.influx.county import County

HOUR_MS = 3_600_000
T0 = 1_760_000_400_000 - 1_760_000_400_000 % HOUR_MS
END = 4_000_000_000_000
QUICK = Pace(gather_s=0.01, idle_s=0.05, first_s=0.02, most_s=0.2, stopped_s=0.2)
Rows = Sequence[tuple[int, Sequence[float | None]]]


@dataclass
class SettableClock:
    ms: int = T0 + HOUR_MS
    speed: float = 1.0

    def now_ms(self) -> int:
        return self.ms


@dataclass
class Stand:
    """``hear`` commits a message as ingest does."""

    folder: Path
    county: County = field(default_factory=County)
    clock: SettableClock = field(default_factory=SettableClock)
    _seqs: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = Database(self.folder / "telemetry.db")
        self.log = TelemetryLog(self.database)
        self.store = EmbeddedStore(self.database)
        self.committer = Committer(self.database, self.log, self.county)

    def close(self) -> None:
        self.database.close()

    def hear(self, dev: str, rows: Rows, *, boot: int = 1, seq: int | None = None) -> None:
        """A batch; the next number of its device unless told otherwise."""
        number = self._seqs[dev] = seq or self._seqs.get(dev, 0) + 1
        t0 = min(ts for ts, _ in rows)
        told = [[ts - t0, *values] for ts, values in rows]
        self._commit(dev, {"v": 1, "boot": boot, "seq": number, "t0": t0, "s": told})

    def hear_simple(self, dev: str, ts_ms: int, **values: float) -> None:
        """The single-object form, without a number."""
        self._commit(dev, {"ts": ts_ms, **values})

    def _commit(self, dev: str, payload: object) -> None:
        topic = Topic(self.county.devices()[dev].site, dev, Leaf.TEL)
        draft = Draft(str(topic), json.dumps(payload).encode(), END)
        self.committer.commit([draft])

    def book(self) -> ForwarderBook:
        return ForwarderBook(self.folder / "influx.db")

    def shipments(self, **changes: int) -> Shipments:
        limits = {"lateness_ms": LATENESS_MS, "max_lines": MAX_LINES, **changes}
        rows = ResolvedRows(self.database)
        return Shipments(self.log, rows, self.county, self.clock, **limits)

    @asynccontextmanager
    async def forwarding(
        self,
        to: InfluxTarget | Callable[[], AbstractAsyncContextManager[LineSink]],
        *,
        pace: Pace = QUICK,
        **changes: int,
    ) -> AsyncIterator[Forwarder]:
        """A forwarder that runs inside the block, with its own file beside telemetry.db."""
        book = self.book()
        opener = partial(open_sink, to) if isinstance(to, InfluxTarget) else to
        forwarder = Forwarder(self.shipments(**changes), book, open_sink=opener, pace=pace)
        task = asyncio.create_task(forwarder.run())
        try:
            yield forwarder
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            book.close()

    def exported(self) -> list[Point]:
        return list(self.store.export(0, END))


async def until(happened: Callable[[], bool], within_s: float = 20.0) -> None:
    async with asyncio.timeout(within_s):
        while not happened():
            await asyncio.sleep(0.01)


async def caught_up(forwarder: Forwarder, within_s: float = 30.0) -> None:
    state = forwarder.state
    await until(lambda: state.sending and not state.filling and forwarder.backlog() == 0, within_s)


def shown_by(target: InfluxTarget) -> list[Point]:
    """Everything InfluxDB holds, as points."""
    with InfluxStore(target, County()) as store:
        return list(store.export(0, END))


def some_values(kind: DeviceKind, chance: random.Random) -> list[float | None]:
    """A row of a device: every column within its limits, some without a value."""
    row: list[float | None] = []
    for column in COLUMNS[1, kind]:
        value = chance.uniform(column.low, column.high)
        told = float(round(value)) if column.name in FLAGS else round(value, chance.randrange(9))
        row.append(None if chance.random() < 0.2 else told)
    return row


def hear_a_story(stand: Stand, seed: int, messages: int = 60) -> None:
    """Live rows, late ones, conflicts at one moment, reboots, unnumbered ones: in any order."""
    chance = random.Random(seed)
    devices: Mapping[str, DeviceKind] = {d: v.kind for d, v in stand.county.devices().items()}
    for _ in range(messages):
        dev = chance.choice(list(devices))
        moments = [T0 + chance.randrange(40) * 1_000 for _ in range(chance.randrange(1, 6))]
        rows = [(ts, some_values(devices[dev], chance)) for ts in moments]
        if chance.random() < 0.1:
            stand.hear_simple(dev, moments[0], tc=round(chance.uniform(-20, 20), 2), door=1)
        else:
            stand.hear(dev, rows, boot=chance.randrange(1, 3))
