"""What the store says of everything that was tried at a broker: production's ingest runs beside it.

Each message bears a boot and a time of its own, so whatever stands in telemetry.db is traced to the
one try it came from.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gongfu.fleet_side import FleetSide
from gongfu.secrets_file import Secrets
from gongfu.settings import BrokerSettings, DemoSettings, Settings
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu.wiring import worker
from gongfu_broker.clock import RealClock, real_ms
from gongfu_broker.topics import Leaf

PAST_MS = 60_000
LOOK_S, LOOKS = 0.05, 400
PAGE = 10_000
METRIC = "zone_1_celsius"
_ROWS = frozenset({Leaf.TEL, Leaf.BF})


@dataclass(frozen=True)
class Said:
    """One message that was tried; ``at_ms`` is the time of its sample."""

    topic: str
    boot: int
    at_ms: int
    payload: bytes
    allowed: bool

    @property
    def leaf(self) -> str:
        """The topic's fifth level."""
        return self.topic.split("/")[4]


@dataclass(frozen=True)
class Found:
    """What the store makes of it, in messages.

    ``leaks``: records, samples and connection states of no message that was allowed; ``missing``:
    allowed ones without theirs; ``refused``: forbidden ones that came as far as the dead letters.
    """

    tried: int
    allowed: int
    leaks: int
    missing: int
    refused: int


@dataclass
class Ledger:
    """Everything said at one broker, and where production's ingest keeps what reached it."""

    telemetry: Telemetry
    said: list[Said] = field(default_factory=list)
    _began_ms: int = field(default_factory=lambda: real_ms() - PAST_MS)

    def say(self, topic: str, *, allowed: bool) -> Said:
        """A well-formed message for a topic; whoever publishes it, its topic decides its shape."""
        boot = len(self.said) + 1
        at_ms = self._began_ms + boot
        leaf = topic.split("/")[4]
        self.said.append(Said(topic, boot, at_ms, _payload(leaf, boot, at_ms), allowed))
        return self.said[-1]

    def has(self, said: Said) -> bool:
        """Whether it is in the log."""
        return any(record.payload == said.payload for record in self.telemetry.log.read(0, PAGE))

    def verdict(self) -> Found:
        """Everything in the store against everything said."""
        right = [one for one in self.said if one.allowed]
        forbidden = {one.payload for one in self.said if not one.allowed}
        records = [(r.leaf.value, r.payload) for r in self.telemetry.log.read(0, PAGE)]
        wanted_records = {(one.leaf, one.payload) for one in right}
        rows = self._rows()
        wanted_rows = {(one.topic.split("/")[3], one.at_ms) for one in right if one.leaf in _ROWS}
        links = {(dev, link.boot) for dev, link in self.telemetry.reports.links().items()}
        wanted_links = {(one.topic.split("/")[3], one.boot) for one in right}
        letters = self.telemetry.reports.dead_letters(limit=PAGE)
        return Found(
            tried=len(self.said),
            allowed=len(right),
            leaks=sum(one not in wanted_records for one in records)
            + len(rows - wanted_rows)
            + len(links - wanted_links),
            missing=len(wanted_records - set(records)) + len(wanted_rows - rows),
            refused=sum(letter.payload in forbidden for letter in letters),
        )

    def _rows(self) -> set[tuple[str, int]]:
        store = self.telemetry.store
        return {
            (dev, at_ms)
            for dev in store.last()
            for at_ms, _ in store.series(dev, METRIC, 0, real_ms() + PAST_MS)
        }


@contextlib.asynccontextmanager
async def ingest_beside(
    folder: Path, fleet: FleetSide, keys: Secrets, broker: BrokerSettings
) -> AsyncIterator[Ledger]:
    """Production's ingest at a running broker, with a telemetry.db of its own in ``folder``."""
    settings = Settings(state=folder, broker=broker, demo=DemoSettings(simulate=False))
    telemetry = open_telemetry(settings.telemetry_path)
    work = worker(settings, keys, clock=RealClock(), telemetry=telemetry, fleet=fleet)
    ingest = asyncio.create_task(work.ingest.run())
    try:
        for _ in range(LOOKS):
            if work.ingest.state.connected:
                break
            await asyncio.sleep(LOOK_S)
        yield Ledger(telemetry)
    finally:
        ingest.cancel()
        await asyncio.gather(ingest, return_exceptions=True)
        telemetry.close()


def _payload(leaf: str, boot: int, at_ms: int) -> bytes:
    number = {"v": 1, "boot": boot, "seq": 1}
    shapes: dict[str, dict[str, object]] = {
        Leaf.STATE: {"online": 1, "boot": boot, "conn": 1},
        Leaf.RES: {"id": f"said-{boot}", "st": "ok"},
        Leaf.EVT: {**number, "id": f"said-{boot}", "ts": at_ms, "kind": "door"},
    }
    row = {**number, "t0": at_ms, "s": [[0, 4.0, 0]]}
    return msgspec.json.encode(shapes.get(leaf, row))
