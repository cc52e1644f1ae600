"""``gongfu bench watch``: what the cold-chain watch costs per record of the log, all else left out.

A log of one-sample messages in a real telemetry.db, a real fleet.db, the production classes; the
readings for rebuilds come from the load's own script. CPU of the thread that watches, medians.
"""

import statistics
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from gongfu.cli.output import say
from gongfu_broker.clock import RealClock
from gongfu_broker.columns import DeviceKind
from gongfu_broker.topics import Leaf
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.domain.alarms.rulebook import Row
from gongfu_fleet.domain.alarms.zone_book import zone_book
from gongfu_fleet.services.cold_policies import cold_policy
from gongfu_fleet.services.watch_cold_chain import ColdChainWatch
from gongfu_fleet.services.watch_ports import WatchedZone
from gongfu_fleet.services.watch_unsaved import Pace
from gongfu_ingest.database import Database
from gongfu_ingest.entry import Entry
from gongfu_ingest.log import TelemetryLog

MINUTE_MS = 60_000
BEGIN_MS = 1_790_000_000_000
# Seconds from there to the end of the minute, and minutes of warmth that prove nothing yet.
FIRST_END_S, HISTORY = 40, 75
METRIC = "zone_1_celsius"
DEVICES, WARM_IN = 5_000, 50
# What a turn finds when the worker commits five times a second.
TURN_RECORDS = 1_000
# What arrives in the seconds that calm readings may wait, at a record per device and second.
SAVED_RECORDS = 10_000
PRODUCT_CLASS = "chilled_generic"


@dataclass(frozen=True)
class Script:
    """A sample a second of each device; the first ``warm`` breach, and begin with 75 minutes of it.

    So long it might be a defrost of a unit unknown. They are raised one after another, with the
    first sample of their next minute.
    """

    warm: int

    def rows(self, place: int, seq: int) -> list[tuple[int, float]]:
        """(device time, celsius) of the samples of message ``seq`` (1, 2, …), the oldest first."""
        # Minutes end at another second for each device, as they do in a county.
        phase = place % 60 if place >= self.warm else FIRST_END_S - 2 - place % 10
        at_ms, wander = BEGIN_MS + (seq + phase) * 1_000, 7 * (seq + place) % 41 / 20
        if place >= self.warm:
            return [(at_ms, 3 + wander)]
        # Ever warmer: each sample is a new peak to measure.
        now = (at_ms, 11 + seq / 60)
        if seq > 1:
            return [now]
        first_ms = at_ms - HISTORY * MINUTE_MS + 500
        return [*((first_ms + n * MINUTE_MS, 11.0) for n in range(HISTORY)), now]

    def payload(self, place: int, seq: int) -> bytes:
        """The message."""
        rows = self.rows(place, seq)
        told = ",".join(f"[{ts_ms - rows[0][0]},{celsius:.2f},0,12.345]" for ts_ms, celsius in rows)
        head = f'{{"v":1,"boot":1,"seq":{seq},"lo":{seq},"t0":{rows[0][0]},"s":[{told}]}}'
        return head.encode()


@dataclass(frozen=True)
class Watched:
    """One chilled zone on every device."""

    known: Mapping[str, Sequence[WatchedZone]]

    def zones(self) -> Mapping[str, Sequence[WatchedZone]]:
        """All of them, always."""
        return self.known

    def refresh(self) -> None:
        """Nothing ever changes."""


@dataclass(frozen=True)
class Told:
    """The readings, from the script that the log was filled with."""

    script: Script
    log: TelemetryLog
    places: Mapping[str, int]

    def series(
        self, dev: str, _metrics: Sequence[str], start_ms: int, end_ms: int
    ) -> tuple[int, list[Row]]:
        """Every row of the device in the log, its door shut."""
        head, place = self.log.head(), self.places[dev]
        rounds = head // len(self.places) + (head % len(self.places) > place)
        rows = [row for seq in range(1, rounds + 1) for row in self.script.rows(place, seq)]
        inside = [(ts, value) for ts, value in rows if start_ms <= ts < end_ms]
        return head, [(ts, (round(value, 2), 0.0)) for ts, value in inside]

    def devices(self) -> tuple[int, Collection[str]]:
        """Those that the log has heard of."""
        head = self.log.head()
        return head, list(self.places)[:head]

    def kept_since_ms(self) -> int:
        """Nothing expires."""
        return 0


class Stand:
    """A watch on a log that grows by rounds: a message of every device each."""

    def __init__(self, folder: Path, devices: int) -> None:
        self.devices = [f"cab-{10_001 + place}" for place in range(devices)]
        self._script = Script(devices // WARM_IN)
        self._database = Database(folder / "telemetry.db")
        self._log = TelemetryLog(self._database)
        self._engine = open_database(f"sqlite:///{folder / 'fleet.db'}")
        upgrade(self._engine)
        ids = count()
        places = {dev: place for place, dev in enumerate(self.devices)}
        zone = (WatchedZone(1, zone_book(METRIC, cold_policy(PRODUCT_CLASS))),)
        self.store = SqlIncidentStore(self._engine)
        self.watch = ColdChainWatch(
            log=self._log,
            readings=Told(self._script, self._log, places),
            store=self.store,
            policies=Watched(dict.fromkeys(self.devices, zone)),
            clock=RealClock(),
            new_id=lambda: f"bench-{next(ids):08}",
            pace=Pace(records=SAVED_RECORDS),
        )
        self.watch.turn()  # before the first reading, as a worker starts

    def commit(self, first: int, rounds: int) -> None:
        """Fill the log with the rounds from ``first`` on."""
        for seq in range(first, first + rounds):
            with self._database.transaction():
                self._log.append([self._entry(place, seq) for place in range(len(self.devices))])

    def _entry(self, place: int, seq: int) -> Entry:
        return Entry(
            received_ms=BEGIN_MS + seq * 1_000 + 150,
            offset_ms=0,
            site="quzhou",
            dev=self.devices[place],
            kind=DeviceKind.CABINET,
            leaf=Leaf.TEL,
            boot=1,
            mseq=seq,
            payload=self._script.payload(place, seq),
        )

    def cpu_us(self) -> float:
        """CPU microseconds per record until the end of the log."""
        began, records = time.thread_time(), 0
        while taken := self.watch.turn(TURN_RECORDS):
            records += taken
        return (time.thread_time() - began) / records * 1e6

    def close(self) -> None:
        """Close both databases."""
        self._engine.dispose()
        self._database.close()


@contextmanager
def _stand(devices: int) -> Iterator[Stand]:
    with tempfile.TemporaryDirectory(prefix="gongfu-bench-") as folder:
        stand = Stand(Path(folder), devices)
        try:
            yield stand
        finally:
            stand.close()


def watch(*, quick: bool, seed: int) -> dict[str, Any]:  # Any: figures of several types
    """Fill, watch, and return the figures; ``seed`` is not used, the script is fixed."""
    del seed
    repeats, rounds = (3, 4) if quick else (5, 10)
    with _stand(DEVICES) as stand:
        stand.commit(1, 1)
        first = stand.cpu_us()
        say(f"first sight of {DEVICES} zones: {first:.0f} us each")
        spent = []
        for repeat in range(repeats):
            stand.commit(2 + repeat * rounds, rounds)
            spent.append(stand.cpu_us())
            say(f"{spent[-1]:.1f} us per record")
        return {
            "devices": DEVICES,
            "records": repeats * rounds * DEVICES,
            "first_sight_us": round(first, 1),
            "watch_us": round(statistics.median(spent), 2),
            "incidents": len(stand.store.running()),
        }
