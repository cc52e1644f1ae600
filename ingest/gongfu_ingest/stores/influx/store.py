"""InfluxDB as a telemetry store, for tools and tests; the platform itself reads the embedded one.

The port is synchronous and influxdb-client writes asynchronously, so ``write`` runs the very same
writer the forwarder uses in an event loop of its own thread; reads are plain synchronous httpx.

What the engine cannot do is not imitated: the last row written to a (time, device) wins field by
field, whatever its rank, so rows must come resolved, as the forwarder sends them; it does not tell
new rows from repeated ones; and it forgets by its own retention, never by ``expire``.
"""

import asyncio
import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from gongfu_broker.columns import DeviceKind, metrics
from gongfu_broker.ports import DeviceDirectory, Window
from gongfu_ingest.errors import ServerBusyError, ServerSetupError, StoreError
from gongfu_ingest.line_protocol import Line, Place, point_line, render
from gongfu_ingest.points import (
    Episode,
    Latest,
    Point,
    Rank,
    RejectedPoint,
    StoreHealth,
    WriteResult,
)
from gongfu_ingest.stores.influx.halving import RefusedLine, send_by_halves
from gongfu_ingest.stores.influx.influxql import (
    EVERY_DEVICE,
    InfluxQL,
    Series,
    between,
    column,
    kinds_and_metrics,
    text,
)
from gongfu_ingest.stores.influx.sinks import open_sink
from gongfu_ingest.stores.influx.target import InfluxTarget
from gongfu_ingest.stores.rows import episodes, fault_of

PAGE_ROWS = 10_000


class InfluxStore:
    """One server. Use it as a context, or call ``close``; any thread, one at a time."""

    def __init__(
        self, target: InfluxTarget, devices: DeviceDirectory, *, page_rows: int = PAGE_ROWS
    ) -> None:
        self._target = target
        self._devices = devices
        self._page_rows = page_rows
        self._influxql = InfluxQL(target)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="influx-store")

    def __enter__(self) -> Self:
        """Nothing to do: the first request connects."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def write(self, points: Sequence[Point]) -> WriteResult:
        """Write resolved rows; ``written`` counts what the server took, new or not.

        Raises StoreError while the server is away or refuses us; then nothing is promised.
        """
        known = self._devices.devices()
        lines: dict[bytes, Point] = {}
        rejected = []
        for point in points:
            device = known.get(point.dev)
            why = fault_of(point) or ("" if device else f"{point.dev} is not registered")
            if why or device is None:
                rejected.append(RejectedPoint(point, why))
            else:
                lines[point_line(Place(device.kind, device.site), point)] = point
        refused = self._send(list(lines))
        rejected += [RejectedPoint(lines[item.line], item.why) for item in refused]
        return WriteResult(len(lines) - len(refused), 0, tuple(rejected))

    def write_lines(self, lines: Iterable[Line]) -> None:
        """Write lines of any measurement, once, without waiting for a server that is away.

        For snapshots, which the next one replaces. Raises StoreError, LineError.
        """
        refused = self._send([render(line) for line in lines])
        if refused:
            raise StoreError(
                f"InfluxDB refused {len(refused)} lines; one of them: {refused[0].why}"
            )

    def last(self, devs: Collection[str] | None = None) -> Mapping[str, Mapping[str, Latest]]:
        """The newest value per device and metric."""
        pairs = kinds_and_metrics()
        asked = [f'SELECT last("{m}") FROM "{kind}" GROUP BY "dev"' for kind, m in pairs]  # noqa: S608 - fixed names
        newest: dict[str, dict[str, Latest]] = {}
        for (_, metric), told in zip(pairs, self._influxql.ask(*asked), strict=True):
            for part in told:
                dev = part.tags["dev"]
                if devs is None or dev in devs:
                    ts_ms, value = part.rows[-1]
                    newest.setdefault(dev, {})[metric] = Latest(ts_ms, float(value))
        return newest

    def series(self, dev: str, metric: str, start_ms: int, end_ms: int) -> list[tuple[int, float]]:
        """(ts, value) in order of time."""
        rows = self._rows(
            f"SELECT {column(metric)} FROM {EVERY_DEVICE}"  # noqa: S608 - checked name
            f' WHERE "dev" = {text(dev)} AND {between(start_ms, end_ms)}'
        )
        return sorted((ts_ms, float(value)) for ts_ms, value in rows)

    def windows(
        self, dev: str, metric: str, *, start_ms: int, end_ms: int, every_ms: int
    ) -> list[Window]:
        """Statistics per aligned window."""
        name = column(metric)
        if every_ms <= 0:
            raise StoreError(f"every_ms is {every_ms}, must be positive")
        rows = self._rows(
            f"SELECT count({name}), min({name}), max({name}), mean({name}) FROM {EVERY_DEVICE}"  # noqa: S608 - checked name
            f' WHERE "dev" = {text(dev)} AND {between(start_ms, end_ms)}'
            f" GROUP BY time({every_ms}ms) fill(none)"
        )
        return sorted(Window(t0, n, *map(float, stats)) for t0, n, *stats in rows)

    def exceedances(
        self, metric: str, above: float, *, start_ms: int, end_ms: int, max_gap_ms: int
    ) -> list[Episode]:
        """Runs above the limit of any device."""
        name = column(metric)
        (told,) = self._influxql.ask(
            f"SELECT count({name}) FROM {EVERY_DEVICE}"  # noqa: S608 - checked name
            f' WHERE {name} > {above!r} AND {between(start_ms, end_ms)} GROUP BY "dev"'
        )
        found = [
            episode
            for dev in {part.tags["dev"] for part in told}
            for episode in episodes(
                dev, self.series(dev, metric, start_ms, end_ms), above, max_gap_ms
            )
        ]
        return sorted(found, key=lambda episode: (episode.begin_ms, episode.dev))

    def expire(self, before_ms: int) -> int:
        """Always refused: each server forgets by its own retention."""
        raise StoreError(
            f"InfluxDB does not forget rows before {before_ms} on our word: set the retention of "
            f"the bucket {self._target.bucket} on the server"
        )

    def export(self, start_ms: int, end_ms: int) -> Iterator[Point]:
        """Rows in order of (ts, dev)."""
        kinds = [self._export(kind, start_ms, end_ms) for kind in DeviceKind]
        return heapq.merge(*kinds, key=lambda point: (point.ts_ms, point.dev))

    def health(self) -> StoreHealth:
        """Reach of the store; size on disk and conflicts are the server's secret: 0."""
        picks = [f'{pick}("mseq") FROM {EVERY_DEVICE}' for pick in ("count", "first", "last")]
        answers = self._influxql.ask(*(f"SELECT {pick}" for pick in picks))
        count, first, last = ([row for part in told for row in part.rows] for told in answers)
        return StoreHealth(
            rows=sum(n for _, n in count),
            oldest_ms=min((ts_ms for ts_ms, _ in first), default=None),
            newest_ms=max((ts_ms for ts_ms, _ in last), default=None),
            bytes_on_disk=0,
            conflicts=0,
        )

    def close(self) -> None:
        """Close connections and the writer's thread."""
        self._writer.shutdown(wait=True)
        self._influxql.close()

    def _rows(self, statement: str) -> list[Sequence[Any]]:  # Any: see Series
        (told,) = self._influxql.ask(statement)
        return [row for part in told for row in part.rows]

    def _export(self, kind: DeviceKind, start_ms: int, end_ms: int) -> Iterator[Point]:
        while True:
            (told,) = self._influxql.ask(
                f'SELECT * FROM "{kind.value}" WHERE {between(start_ms, end_ms)}'  # noqa: S608 - fixed name
                f" ORDER BY time LIMIT {self._page_rows}"
            )
            points = sorted((_point(part, row) for part in told for row in part.rows), key=_place)
            if len(points) < self._page_rows:
                yield from points
                return
            # The last moment of a full page may go on beyond it: read it again with the next one.
            start_ms = points[-1].ts_ms
            if start_ms == points[0].ts_ms:
                raise StoreError(
                    f"more than {self._page_rows} rows at {start_ms}: use larger pages"
                )
            yield from (point for point in points if point.ts_ms < start_ms)

    def _send(self, lines: Sequence[bytes]) -> list[RefusedLine]:
        try:
            return self._writer.submit(asyncio.run, self._deliver(lines)).result()
        except (ServerBusyError, ServerSetupError) as error:
            raise StoreError(f"InfluxDB did not take {len(lines)} lines: {error}") from error

    async def _deliver(self, lines: Sequence[bytes]) -> list[RefusedLine]:
        async with open_sink(self._target) as sink:
            return await send_by_halves(lines, sink.write)


def _place(point: Point) -> tuple[int, str]:
    return point.ts_ms, point.dev


def _point(series: Series, row: Sequence[Any]) -> Point:  # Any: see Series
    told = dict(zip(series.columns, row, strict=True))
    rank = Rank(*(int(told.get(name) or 0) for name in ("boot", "mseq", "idx")))
    values = {m: float(told[m]) for m in metrics() if told.get(m) is not None}
    return Point(int(told["time"]), told["dev"], rank, values)
