"""The simulator's ledger of acknowledged messages against the store, as sets.

In the manner of Jepsen's set test: every sample has an identity, (device, boot, message, position).
lost: acknowledged, but not in the store with these values. duplicated: stored more than once.
phantom: in the store, but no device ever said it. reordered: behind a later number of its boot in
the log, which is allowed, since event time decides. shifted: stored at another time than the
device's own clock said, because that clock was found wrong. Quarantined messages are acknowledged
and stand in the dead letters; they are counted apart.

Reads the store through its public face, so it does not matter in which form rows lie there.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from gongfu_broker.codec import decode_event, decode_telemetry
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.errors import PayloadError
from gongfu_broker.ports import Device
from gongfu_firmware_sim.ring import read_ledger
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores.embedded import EmbeddedStore

END_MS = 4_102_444_800_000
PAGE = 5_000
EXAMPLES = 5
Message = tuple[str, int, int, bytes]
Key = tuple[str, int]
Values = Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """Counts of samples, except ``messages``, ``events`` and ``reordered``: those are messages.

    ``events`` were looked for in the log; none are while the log has been trimmed.
    """

    messages: int
    samples: int
    lost: int
    duplicated: int
    phantom: int
    quarantined: int
    examples: tuple[str, ...]
    reordered: int = 0
    shifted: int = 0
    events: int = 0

    @property
    def clean(self) -> bool:
        """Nothing acknowledged is lost, nothing stands twice, nothing was made up."""
        return self.lost == 0 and self.duplicated == 0 and self.phantom == 0


class Sample(NamedTuple):
    """A sample as its device sent it; ``ts_ms`` by the device's own clock."""

    dev: str
    ts_ms: int
    rank: Rank
    values: Values


@dataclass
class _Stored:
    """What the store holds: per place the hash of its values, and which identity stands twice."""

    rows: dict[Key, int] = field(default_factory=dict)
    twice: list[tuple[str, Rank]] = field(default_factory=list)
    conflicts: int = 0

    @classmethod
    def of(cls, store: EmbeddedStore) -> "_Stored":
        stored, seen = cls(), set()
        for point in store.export(0, END_MS):
            stored.rows[point.dev, point.ts_ms] = _hash(point.values)
            identity = hash((point.dev, point.rank))
            if point.rank.boot:
                if identity in seen:
                    stored.twice.append((point.dev, point.rank))
                seen.add(identity)
        stored.conflicts = store.health().conflicts
        return stored


@dataclass
class _Logged:
    """What the log still holds: the numbers of each boot, and how many came out of order."""

    numbers: dict[tuple[str, int], set[int]] = field(default_factory=dict)
    twice: list[tuple[str, int, int]] = field(default_factory=list)
    reordered: int = 0

    @classmethod
    def of(cls, log: TelemetryLog) -> "_Logged":
        logged, newest, after = cls(), dict[tuple[str, int], int](), log.trimmed()
        while records := log.read(after, PAGE):
            after = records[-1].seq
            for record in records:
                if record.boot is None or record.mseq is None:
                    continue
                boot = (record.dev, record.boot)
                numbers = logged.numbers.setdefault(boot, set())
                if record.mseq in numbers:
                    logged.twice.append((*boot, record.mseq))
                logged.reordered += record.mseq < newest.get(boot, 0)
                numbers.add(record.mseq)
                newest[boot] = max(newest.get(boot, 0), record.mseq)
        return logged


def check_ledger(ring: Path, telemetry: Path, devices: Mapping[str, Device]) -> Verdict:
    """Compare after everything has come to rest; reads both files only."""
    with closing(Database(telemetry, read_only=True)) as database:
        log, store = TelemetryLog(database), EmbeddedStore(database)
        quarantined = _quarantined(database.reader)
        stored, logged = _Stored.of(store), _Logged.of(log)
        said = _Said(devices, quarantined)
        claimed, suspects, samples = _match(said.samples(read_ledger(ring)), stored.rows)
        waiting = [sample for sample in said.samples(_in_ring(ring)) if sample.rank.boot]
        lost, shifted = _examine(suspects, store, claimed)
        events = list(said.events(read_ledger(ring))) if log.trimmed() == 0 else []
        gone = [e for e in events if e[2] not in logged.numbers.get(e[:2], ())]
        in_doubt = {(s.dev, s.ts_ms) for s in [*suspects, *waiting]}
        phantom = [key for key in stored.rows if key not in claimed and key not in in_doubt]
        if phantom:  # what waits for its ack may stand at the time of a corrected clock
            _examine(waiting, store, claimed)
            phantom = [key for key in phantom if key not in claimed]
    return Verdict(
        messages=sum(1 for _ in read_ledger(ring)),
        samples=samples,
        lost=len(lost) + len(gone),
        duplicated=len(stored.twice) + len(logged.twice) + stored.conflicts,
        phantom=len(phantom),
        quarantined=len(quarantined),
        examples=tuple(f"lost {one}" for one in [*lost, *gone][:EXAMPLES])
        + tuple(f"phantom {key}" for key in phantom[:EXAMPLES])
        + tuple(f"stored twice {one}" for one in stored.twice[:EXAMPLES])
        + tuple(f"logged twice {one}" for one in logged.twice[:EXAMPLES])
        + ((f"{stored.conflicts} at one place",) if stored.conflicts else ()),
        reordered=logged.reordered,
        shifted=shifted,
        events=len(events),
    )


def _match(
    samples: Iterable[Sample], rows: Mapping[Key, int]
) -> tuple[set[Key], list[Sample], int]:
    """Places where exactly the acknowledged values stand, samples for a second look, how many."""
    claimed: set[Key] = set()
    suspects: list[Sample] = []
    count = 0
    for sample in samples:
        count += 1
        key = (sample.dev, sample.ts_ms)
        if rows.get(key) == _hash(sample.values):
            claimed.add(key)
        else:
            suspects.append(sample)
    return claimed, suspects, count


def _examine(
    suspects: list[Sample], store: EmbeddedStore, claimed: set[Key]
) -> tuple[list[Sample], int]:
    """Samples that stand nowhere, and how many stand at another time; ``claimed`` grows."""
    devs = {sample.dev for sample in suspects}
    points = [point for point in store.export(0, END_MS) if point.dev in devs] if devs else []
    by_rank = {(point.dev, point.rank): point for point in points}
    by_time = {(point.dev, point.ts_ms): point for point in points}
    lost: list[Sample] = []
    shifted = 0
    for sample in suspects:
        own = by_rank.get((sample.dev, sample.rank))
        if own and _holds(own, sample):
            claimed.add((own.dev, own.ts_ms))
            shifted += own.ts_ms != sample.ts_ms
            continue
        there = by_time.get((sample.dev, sample.ts_ms))
        # A row of higher rank at the same time hides this one; the store counts it as a conflict.
        if there is None or not (there.rank > sample.rank or _holds(there, sample)):
            lost.append(sample)
    return lost, shifted


def _holds(point: Point, sample: Sample) -> bool:
    return sample.values.items() <= point.values.items()


@dataclass(frozen=True)
class _Said:
    """Messages as devices sent them, without those that were quarantined."""

    devices: Mapping[str, Device]
    quarantined: set[tuple[str, int, int]]

    def samples(self, messages: Iterable[Message]) -> Iterator[Sample]:
        """Every row that has a value."""
        for dev, boot, seq, payload in self._good(messages):
            kind = self.devices[dev].kind
            try:
                told = decode_telemetry(kind, payload)
            except PayloadError:
                continue  # an event; the log holds it, the store does not
            for place, sample in enumerate(told.samples):
                values = _values(kind, sample.values)
                if values:
                    yield Sample(dev, sample.ts_ms, Rank(boot, seq, place), values)

    def events(self, messages: Iterable[Message]) -> Iterator[tuple[str, int, int]]:
        """Numbers of the messages that are events."""
        for dev, boot, seq, payload in self._good(messages):
            try:
                decode_event(payload)
            except PayloadError:
                continue
            yield dev, boot, seq

    def _good(self, messages: Iterable[Message]) -> Iterator[Message]:
        return (message for message in messages if message[:3] not in self.quarantined)


def _values(kind: DeviceKind, values: tuple[float | None, ...]) -> dict[str, float]:
    names = [column.name for column in COLUMNS[1, kind]]
    return {n: v for n, v in zip(names, values, strict=True) if v is not None}


def _hash(values: Values) -> int:
    return hash(frozenset(values.items()))


def _quarantined(stored: sqlite3.Connection) -> set[tuple[str, int, int]]:
    rows = stored.execute(
        "SELECT dev, boot, mseq FROM dead_letter WHERE boot IS NOT NULL"
        " AND detail NOT LIKE 'value left out%'"
    )
    return set(rows.fetchall())


def _in_ring(ring: Path) -> list[Message]:
    with closing(sqlite3.connect(f"{ring.resolve().as_uri()}?mode=ro", uri=True)) as waiting:
        return waiting.execute("SELECT dev, boot, seq, payload FROM message").fetchall()
