"""Ingest's side of the house, opened once per process, in the shapes the fleet asks for."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gongfu.fsync_gate import GatedThread
from gongfu_broker.ports import Window
from gongfu_fleet.ports import Connection, ConsumerLag
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog
from gongfu_ingest.reports import Reports
from gongfu_ingest.stores.embedded import EmbeddedStore

_T = TypeVar("_T")


@dataclass(frozen=True)
class Telemetry:
    """telemetry.db and everything that reads it. ``writer`` is the one thread that writes."""

    database: Database
    log: TelemetryLog
    store: EmbeddedStore
    reports: Reports
    writer: ThreadPoolExecutor

    def in_writer(self, work: Callable[[], _T]) -> _T:
        """Run a piece of work in the thread that writes; never call it from there."""
        return self.writer.submit(work).result()

    def close(self) -> None:
        """Finish the last commit and close the file."""
        self.writer.shutdown(wait=True)
        self.database.close()


def open_telemetry(path: Path, *, read_only: bool = False) -> Telemetry:
    """Open or make telemetry.db; ``read_only`` where another process writes it."""
    database = Database(path, read_only=read_only)
    log = TelemetryLog(database)
    writer = GatedThread("telemetry-writer")
    return Telemetry(database, log, EmbeddedStore(database), Reports(database, log), writer)


@dataclass(frozen=True)
class StoredReadings:
    """The embedded store as the fleet's ``Readings``."""

    store: EmbeddedStore

    def last(
        self, devs: Sequence[str] | None = None
    ) -> Mapping[str, Mapping[str, tuple[int, float]]]:
        """Newest (ts_ms, value) per device and metric."""
        return self.store.last(devs)

    def series(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int
    ) -> list[tuple[int, float]]:
        """Samples in the range, oldest first."""
        return self.store.series(dev, metric, start_ms, end_ms)

    def windows(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int, every_ms: int
    ) -> list[Window]:
        """Statistics per window, oldest first."""
        return self.store.windows(dev, metric, start_ms=start_ms, end_ms=end_ms, every_ms=every_ms)


@dataclass(frozen=True)
class LogHistory:
    """Rows of the store together with the log head they cover, in one snapshot."""

    telemetry: Telemetry

    def series(
        self, dev: str, metrics: Sequence[str], start_ms: int, end_ms: int
    ) -> tuple[int, list[tuple[int, tuple[float | None, ...]]]]:
        """(newest log seq the rows include, rows oldest first)."""
        with self.telemetry.database.snapshot():
            covered = self.telemetry.log.head()
            return covered, self.telemetry.store.side_by_side(dev, metrics, start_ms, end_ms)

    def devices(self) -> tuple[int, Collection[str]]:
        """(newest log seq that is looked at, every device of which a reading was ever stored)."""
        with self.telemetry.database.snapshot():
            return self.telemetry.log.head(), self.telemetry.store.last().keys()

    def kept_since_ms(self) -> int:
        """Readings older than this may have expired."""
        return self.telemetry.store.kept_since_ms()


@dataclass(frozen=True)
class StoredConnections:
    """Births, wills and traffic as the fleet's ``Connections``."""

    reports: Reports

    def devices(self) -> Mapping[str, Connection]:
        """Every device heard of, by id."""
        wrong = self.reports.clock_offsets()
        return {
            dev: Connection(link.online, link.heard_ms, link.boot, link.fw, wrong.get(dev, 0))
            for dev, link in self.reports.links().items()
        }


@dataclass(frozen=True)
class StoredIngestStatus:
    """Counters and lags as the fleet's ``IngestStatus``; ``connected`` asks whoever ingests."""

    telemetry: Telemetry
    connected: Callable[[], bool]

    def counters(self) -> Mapping[str, int]:
        """Totals since telemetry.db was made."""
        dead = sum(self.telemetry.reports.dead_letter_counts().values())
        return {**self.telemetry.reports.counters(), "dead_letters": dead}

    def consumers(self) -> Sequence[ConsumerLag]:
        """Every registered consumer of the log."""
        head = self.telemetry.log.head()
        released = self.telemetry.log.consumers()
        read = released | self.telemetry.log.progress()
        return [ConsumerLag(name, seq, head - read[name]) for name, seq in sorted(released.items())]

    def broker_connected(self) -> bool:
        """Whether ingest is connected to the broker now."""
        return self.connected()
