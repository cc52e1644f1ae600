"""What goes to InfluxDB next: decided from the forwarder's progress, the log and the store.

A record of the log tells which rows changed; what is sent is each row as the store resolves it
now, so late and conflicting samples end equal in both. Rows the store has already expired are sent
as the log has them. Hours are sent once, when ``lateness_ms`` has passed since their end.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gongfu_broker.clock import Clock
from gongfu_broker.columns import COLUMNS
from gongfu_broker.errors import CursorError
from gongfu_broker.ports import CommittedRecord, DeviceDirectory, LogReader, resolved_samples
from gongfu_ingest.line_protocol import Place, hour_line, point_line, unfit
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stages.dedupe import payload_hash
from gongfu_ingest.stores.influx.book import Progress
from gongfu_ingest.stores.influx.halving import RefusedLine
from gongfu_ingest.stores.influx.rows import DeviceHour
from gongfu_ingest.stores.rows import fault_of, resolve
from gongfu_ingest.stores.schema import HOUR_MS

CONSUMER = "influx"
MAX_LINES = 5_000
MAX_RECORDS = 200
LATENESS_MS = 24 * HOUR_MS
Key = tuple[int, str]


class StoredRows(Protocol):
    """The embedded store as the forwarder reads it."""

    def at(self, keys: Sequence[Key]) -> Mapping[Key, Point]:
        """The resolved rows at (ts_ms, dev)."""
        ...

    def after(self, ts_ms: int, dev: str, limit: int) -> Sequence[Point]:
        """Rows beyond (ts_ms, dev) in order of both."""
        ...

    def next_hour(self, from_ms: int) -> int | None:
        """The first hour from ``from_ms`` on that has a row."""
        ...

    def hour(self, t0_ms: int) -> Sequence[DeviceHour]:
        """Statistics of an hour."""
        ...


class Shipment(NamedTuple):
    """Lines to send, and where the forwarder is once they have arrived."""

    lines: list[bytes]
    refused: list[RefusedLine]
    counts: Mapping[str, int]
    progress: Progress


@dataclass(frozen=True)
class Shipments:
    """Reads in one thread at a time. ``clock`` is platform time."""

    log: LogReader
    rows: StoredRows
    devices: DeviceDirectory
    clock: Clock
    lateness_ms: int = LATENESS_MS
    max_lines: int = MAX_LINES

    def begin(self, saved: Progress | None) -> Progress:
        """Where to go on; the store's rows are sent first when the log does not reach back so far.

        That is so at the very first start, and after influx.db came back from an older backup.
        Raises CursorError when what was saved does not fit this log.
        """
        head = self.log.head()
        if saved is None:
            return Progress(self.log.log_id, head, filling=True)
        if saved.log_id != self.log.log_id or saved.seq > head:
            raise CursorError(
                f"the cursor of {CONSUMER} is at {saved.seq} of log {saved.log_id}, the log here is"
                f" {self.log.log_id} and ends at {head}: restore influx.db and telemetry.db from"
                " the same backup, or delete influx.db to send everything again"
            )
        try:
            self.log.read(saved.seq, 1)
        except CursorError:
            return Progress(self.log.log_id, head, filling=True, rolled_ms=saved.rolled_ms)
        return saved

    def next(self, progress: Progress) -> Shipment | None:
        """The next lines; None when everything has been sent."""
        if progress.filling:
            return self._fill(progress)
        draft = _Draft(progress)
        self._add_log(draft)
        self._add_hour(draft)
        return draft.shipment() if draft.progress != progress else None

    def _fill(self, progress: Progress) -> Shipment:
        points = self.rows.after(progress.fill_ts, progress.fill_dev, self.max_lines)
        draft = _Draft(progress)
        known = self.devices.devices()
        for point in points:
            device = known.get(point.dev)
            draft.add(Place(device.kind, device.site) if device else None, point)
        full = len(points) == self.max_lines
        draft.progress = progress._replace(filling=full)
        if points:
            draft.progress = draft.progress._replace(
                fill_ts=points[-1].ts_ms, fill_dev=points[-1].dev
            )
        return draft.shipment()

    def _add_log(self, draft: "_Draft") -> None:
        samples: dict[Key, list[Point]] = {}
        places: dict[Key, Place] = {}
        for record in self.log.read(draft.progress.seq, MAX_RECORDS):
            for point in points_of(record):
                key = (point.ts_ms, point.dev)
                samples.setdefault(key, []).append(point)
                places[key] = Place(record.kind, record.site)
            draft.progress = draft.progress._replace(seq=record.seq)
            if len(samples) >= self.max_lines:
                break
        resolved = self.rows.at(list(samples))
        for key, own in samples.items():
            draft.add(places[key], resolved.get(key) or resolve(own))

    def _add_hour(self, draft: "_Draft") -> None:
        t0_ms = self.rows.next_hour(draft.progress.rolled_ms)
        if t0_ms is None or t0_ms + HOUR_MS + self.lateness_ms > self.clock.now_ms():
            return
        known = self.devices.devices()
        for hour in self.rows.hour(t0_ms):
            device = known.get(hour.dev)
            draft.add_hour(Place(device.kind, device.site) if device else None, t0_ms, hour)
        draft.progress = draft.progress._replace(rolled_ms=t0_ms + HOUR_MS)


@dataclass
class _Draft:
    """A shipment while it is put together."""

    progress: Progress
    lines: list[bytes] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, place: Place | None, point: Point) -> None:
        """A row; without a place its device is registered no more, and it can only be counted."""
        if place is None:
            self._count("unplaced")
            return
        line = point_line(place, point)
        self.lines.append(line)
        self.refused += [RefusedLine(line, why) for why in unfit(point)]
        self._count("points")

    def add_hour(self, place: Place | None, t0_ms: int, hour: DeviceHour) -> None:
        """A device's hour."""
        if place is None:
            self._count("unplaced")
            return
        self.lines.append(hour_line(place, hour.dev, t0_ms, hour.stats))
        self._count("hours")

    def shipment(self) -> Shipment:
        """As it is sent."""
        return Shipment(self.lines, self.refused, self.counts, self.progress)

    def _count(self, name: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1


def points_of(record: CommittedRecord) -> Iterator[Point]:
    """The record's rows as the store would take them."""
    names = [column.name for column in COLUMNS[1, record.kind]]
    boot, mseq = record.boot, record.mseq
    if boot is None or mseq is None:
        boot, mseq = 0, int.from_bytes(payload_hash(record.payload)[:6], "big")
    for index, sample in enumerate(resolved_samples(record)):
        values = {n: v for n, v in zip(names, sample.values, strict=True) if v is not None}
        point = Point(sample.ts_ms, record.dev, Rank(boot, mseq, index), values)
        if fault_of(point) is None:
            yield point
