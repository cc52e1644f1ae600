"""A test stand: the watch over a log in memory, one cabinet, restarts and crashes at will."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from gongfu_broker.columns import DeviceKind
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.adapters.memory_log import MemoryHistory, MemoryLog, batch_record
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Finding, Incident
from gongfu_fleet.domain.alarms.rulebook import Row, Rulebook
from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS
from gongfu_fleet.services.watch_cold_chain import ColdChainWatch
from gongfu_fleet.services.watch_ports import Turn, WatchedZone, WatchStore
from gongfu_fleet.services.watch_unsaved import Pace
from tests.fleet.alarms.plain_rule import PlainBook, Sample, ZonePolicy

MINUTE = 60_000
HOUR = 60 * MINUTE
# A little before a checkpoint boundary, so that short series cross it.
START_MS = 100 * CHECKPOINT_MS - 90 * MINUTE
METRIC = "zone_1_celsius"
DEV = "cab-0001"
POLICY = ZonePolicy("dairy", 1, 0.0, 8.0, 0.5, 30 * MINUTE, 20 * MINUTE, 10 * MINUTE, 15 * MINUTE)


@dataclass
class OneZone:
    """Watches one zone of one cabinet by a rule that can be exchanged."""

    policy: ZonePolicy = POLICY
    metric: str = METRIC
    refreshed: int = 0
    book: Rulebook | None = None

    def zones(self) -> Mapping[str, Sequence[WatchedZone]]:
        """The zone."""
        return {DEV: (WatchedZone(1, self.book or PlainBook(self.metric, self.policy)),)}

    def refresh(self) -> None:
        """Count."""
        self.refreshed += 1


class CrashingStore(MemoryIncidentStore):
    """Crashes in the given turns, after (True) or before (False) it has stored them."""

    def __init__(self, crashes: Mapping[int, bool]) -> None:
        super().__init__()
        self._crashes = crashes
        self._turns = count()

    def save_turn(self, turn: Turn) -> None:
        """Store a turn, or crash around it."""
        stored = self._crashes.get(next(self._turns))
        if stored is not False:
            super().save_turn(turn)
        if stored is not None:
            raise TimeoutError


@dataclass
class FitfulPace(Pace):
    """Saves when ``decide`` says so."""

    decide: Callable[[], bool] = lambda: True

    def due(self, unsaved: int) -> bool:
        """As decided, if there is anything to save."""
        return unsaved > 0 and self.decide()


@dataclass
class StoppedClock:
    """Platform time that only the test moves."""

    ms: int = START_MS
    speed: float = 1.0

    def now_ms(self) -> int:
        """The time set."""
        return self.ms


@dataclass
class CountingHistory:
    """Notes how far back each rebuild reads, and how many rows it got."""

    history: MemoryHistory
    reads: list[tuple[int, int]] = field(default_factory=list)

    def series(
        self, dev: str, metrics: Sequence[str], start_ms: int, end_ms: int
    ) -> tuple[int, Sequence[Row]]:
        """As MemoryHistory."""
        seq, rows = self.history.series(dev, metrics, start_ms, end_ms)
        self.reads.append((start_ms, len(rows)))
        return seq, rows

    def devices(self) -> tuple[int, Collection[str]]:
        """As MemoryHistory."""
        return self.history.devices()

    def kept_since_ms(self) -> int:
        """As MemoryHistory."""
        return self.history.kept_since_ms()


class Stand:
    """A watch, its log and its store."""

    def __init__(
        self,
        *,
        crashes: Mapping[int, bool] | None = None,
        store: WatchStore | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Saves after every turn unless a ``pace`` says otherwise."""
        self.log = MemoryLog()
        self.history = CountingHistory(MemoryHistory(self.log))
        self.ledger = CrashingStore(crashes or {})
        self.store: WatchStore = store or self.ledger
        self.zones = OneZone()
        self.pace = pace or Pace(records=1)
        self.clock = StoppedClock()
        self._ids = count(1)
        self._mseq = count(1)
        self.watch = self.restarted()

    def restarted(self) -> ColdChainWatch:
        """A new process on the same stores."""
        return ColdChainWatch(
            log=self.log,
            readings=self.history,
            store=self.store,
            policies=self.zones,
            clock=self.clock,
            new_id=lambda: f"i-{next(self._ids):06}",
            pace=self.pace,
        )

    def commit(self, *samples: Sample, dev: str = DEV, received_ms: int | None = None) -> None:
        """Commit one message with these samples of zone 1."""
        record = batch_record(
            dev,
            DeviceKind.CABINET,
            [(ts_ms, {METRIC: celsius}) for ts_ms, celsius in samples],
            mseq=next(self._mseq),
            received_ms=self.clock.ms if received_ms is None else received_ms,
        )
        self.log.append(record)

    def tell(self, rows: Sequence[tuple[int, Mapping[str, float | None]]]) -> None:
        """Commit one message with these rows."""
        record = batch_record(
            DEV,
            DeviceKind.CABINET,
            list(rows),
            mseq=next(self._mseq),
            received_ms=self.clock.ms,
        )
        self.log.append(record)

    def hear(self, *values: float, minute: int = 0) -> None:
        """Commit minutely samples one by one, from ``minute`` after the start on."""
        for n, celsius in enumerate(values):
            self.commit((START_MS + (minute + n) * MINUTE, celsius))

    def turn(self, limit: int = 500) -> int:
        """One turn; a crash is followed by a restart."""
        try:
            return self.watch.turn(limit)
        except TimeoutError:
            self.watch = self.restarted()
            return 1

    def drain(self, limit: int = 500) -> None:
        """Turns until everything is followed."""
        while self.turn(limit):
            pass

    def incidents(self) -> list[Incident]:
        """Every incident, the eldest first."""
        return list(reversed(self.ledger.page(10_000, None, asset=None, only_open=False)))

    def timeline(self) -> list[tuple[Hazard, Finding]]:
        """What the living incidents say happened, in order of time."""
        found = [(i.subject.hazard, i.finding) for i in self.incidents() if i.living]
        return sorted(found, key=lambda item: (item[0], item[1].episode.begin_ms))
