"""Reading blocks and hot rows as one: a hot row stands over the folded one of its place.

Everything here reads inside the caller's snapshot.
"""

import math
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from gongfu_broker.columns import metrics
from gongfu_broker.ports import Window
from gongfu_ingest.points import Episode, Point
from gongfu_ingest.stores import hot, roll
from gongfu_ingest.stores.blocks import BlockRow, Blocks, folded_until
from gongfu_ingest.stores.retention import kept_since
from gongfu_ingest.stores.roll import Stats
from gongfu_ingest.stores.rows import episodes
from gongfu_ingest.stores.schema import HOUR_MS
from gongfu_ingest.stores.table import Table, over, part, points, table_of

Series = list[tuple[int, float]]
# Times with values in the order of the metrics asked for, at least one of them not None.
Rows = list[tuple[int, tuple[float | None, ...]]]


class Span(NamedTuple):
    """start_ms <= ts < end_ms."""

    start_ms: int
    end_ms: int

    def covers(self, hour: int) -> bool:
        """Whether a whole hour lies inside."""
        return self.start_ms <= hour * HOUR_MS and (hour + 1) * HOUR_MS <= self.end_ms


class PeakHour(NamedTuple):
    """An hour of a device with the highest value of a metric in it."""

    id: int
    hour: int
    peak: float


class Overlay:
    """Hot rows over blocks, on one connection."""

    def __init__(self, connection: sqlite3.Connection, blocks: Blocks) -> None:
        self._connection = connection
        self._blocks = blocks

    def series(self, dev: str, metric: str, span: Span) -> Series:
        """(ts, value) in order of time."""
        hours = self._blocks.of(self._connection, dev, *span)
        folded = [
            sample for row in hours if row.rows for sample in self._unpacked(row, metric, span)
        ]
        return _merged(folded, self._hot(dev, metric, span))

    def side_by_side(self, dev: str, metrics: Sequence[str], span: Span) -> Rows:
        """Several metrics of a device in order of time."""
        hours = self._blocks.of(self._connection, dev, *span)
        folded = [row for hour in hours if hour.rows for row in self._beside(hour, metrics, span)]
        fresh = self._hot_rows(dev, metrics, span)
        if not fresh or not folded or folded[-1][0] < fresh[0][0]:
            return folded + fresh
        return sorted({**dict(folded), **dict(fresh)}.items())

    def windows(self, dev: str, metric: str, span: Span, every_ms: int) -> list[Window]:
        """Statistics per window; whole hours without a hot row are not unpacked for it."""
        fresh = self._hot(dev, metric, span)
        by_hour = every_ms % HOUR_MS == 0
        touched = {ts // HOUR_MS for ts, _ in fresh}
        found: dict[int, Stats] = {}
        folded: Series = []
        for row in self._blocks.of(self._connection, dev, *span):
            if not (by_hour and span.covers(row.hour) and row.hour not in touched):
                folded += self._unpacked(row, metric, span) if row.rows else []
            elif stats := self._blocks.stats(row).get(metric):
                _add(found, row.hour * HOUR_MS // every_ms * every_ms, stats)
        rows = _merged(folded, fresh)
        for t0, own in groupby(rows, key=lambda sample: sample[0] // every_ms * every_ms):
            _add(found, t0, _stats([value for _, value in own]))
        return [Window(t0, s.n, s.low, s.high, s.total / s.n) for t0, s in sorted(found.items())]

    def exceedances(self, metric: str, above: float, span: Span, max_gap_ms: int) -> list[Episode]:
        """Runs above the limit; only hours whose statistics exceed it are unpacked."""
        hours = self._peaks(metric, span)
        warm = {dev for dev, own in hours.items() if any(hour.peak > above for hour in own)}
        still = {dev for dev in warm if hours[dev][-1].peak > above}
        told = self._told_by_hot(metric, above, span)
        found: list[Episode] = []
        for dev in warm | told:
            # Hot rows of the others neither exceed, nor end a run, nor stand for folded ones.
            fresh = self._hot(dev, metric, span) if dev in still | told else []
            touched = {ts // HOUR_MS for ts, _ in fresh}
            folded: Series = []
            for row in hours.get(dev, ()):
                if row.hour in touched:
                    folded += self._unpacked(row, metric, span)
                elif row.peak > above:
                    folded += self._unpacked(row, metric, span, above)
                else:  # one sample stands for all of them: none exceeds, so a run ends here
                    folded.append((row.hour * HOUR_MS, above))
            found += episodes(dev, _merged(folded, fresh), above, max_gap_ms)
        return sorted(found, key=lambda episode: (episode.begin_ms, episode.dev))

    def rows(self, span: Span, devs: Collection[str] | None = None) -> Iterator[Point]:
        """Whole rows in order of (ts, dev); an hour of the devices is in memory at a time."""
        query = "SELECT DISTINCT hour FROM block WHERE hour >= ? AND hour <= ? AND rows > 0"
        inside = (span.start_ms // HOUR_MS, (span.end_ms - 1) // HOUR_MS)
        hours = set(self._connection.execute(query, inside))
        query = f"SELECT DISTINCT ts / {HOUR_MS} FROM hot WHERE ts >= ? AND ts < ?"  # noqa: S608 - a number
        hours.update(self._connection.execute(query, span))
        for (hour,) in sorted(hours):
            found = self._rows_of(hour, span, devs)
            for key in sorted(found):
                yield found[key]

    def next_hour(self, from_ms: int) -> int | None:
        """When the first hour begins, from the one of ``from_ms`` on, that has a row."""
        query = "SELECT min(hour) FROM block WHERE hour >= ? AND rows > 0"
        (folded,) = self._connection.execute(query, (from_ms // HOUR_MS,)).fetchone()
        query = "SELECT min(ts) FROM hot WHERE ts >= ?"
        (fresh,) = self._connection.execute(query, (from_ms,)).fetchone()
        hours = [folded] if folded is not None else []
        hours += [fresh // HOUR_MS] if fresh is not None else []
        return min(hours) * HOUR_MS if hours else None

    def hour(self, hour: int) -> dict[str, dict[str, Stats]]:
        """Statistics of every device and metric that has a row in the hour."""
        start_ms = hour * HOUR_MS
        fresh = dict(self._hot_tables(start_ms, start_ms + HOUR_MS))
        found = {}
        for row in self._blocks.hours(self._connection, start_ms, start_ms + 1):
            if row.rows and row.dev in fresh:
                folded = self._blocks.load(self._connection, row.id).table
                fresh[row.dev] = over(folded, fresh[row.dev])
            elif row.rows:
                found[row.dev] = self._blocks.stats(row)
        return found | {dev: roll.stats_of(table) for dev, table in fresh.items()}

    def _hot_tables(self, start_ms: int, end_ms: int) -> Iterator[tuple[str, Table]]:
        rows = self._connection.execute(hot.BY_DEV, (start_ms, end_ms))
        for dev, own in groupby(rows, key=itemgetter(1)):
            yield dev, table_of(list(own), metrics())

    def _rows_of(
        self, hour: int, span: Span, devs: Collection[str] | None
    ) -> dict[tuple[int, str], Point]:
        start_ms = max(span.start_ms, hour * HOUR_MS)
        end_ms = min(span.end_ms, (hour + 1) * HOUR_MS)
        found = {}
        for row in self._blocks.hours(self._connection, start_ms, end_ms):
            if not row.rows or (devs is not None and row.dev not in devs):
                continue
            table = self._blocks.load(self._connection, row.id).table
            inside = part(table, (table.ts >= start_ms) & (table.ts < end_ms))
            found.update({(point.ts_ms, row.dev): point for point in points(inside, row.dev)})
        fresh = hot.between(self._connection, start_ms, end_ms)
        wanted = (point for point in fresh if devs is None or point.dev in devs)
        found.update({(point.ts_ms, point.dev): point for point in wanted})
        return found

    def _peaks(self, metric: str, span: Span) -> dict[str, list[PeakHour]]:
        """The hours of each device that have the metric, with its highest value in the hour."""
        found: dict[str, list[PeakHour]] = defaultdict(list)
        since = kept_since(self._connection)
        wanted, new, peak = self._blocks.ids[metric], tuple.__new__, roll.peak
        for number, dev, hour, stored in self._blocks.rolls(self._connection, *span):
            # Statistics of an hour that has begun to expire know nothing of what came after that.
            told = math.inf if hour * HOUR_MS < since else peak(stored, wanted)
            if told is not None:
                found[dev].append(new(PeakHour, (number, hour, told)))
        return found

    def _told_by_hot(self, metric: str, above: float, span: Span) -> set[str]:
        """Devices with hot rows above the limit, or at times whose rows were folded."""
        query = (
            f"SELECT dev FROM hot WHERE ts >= ? AND ts < ? AND {metric} > ?"  # noqa: S608 - checked name
            " UNION SELECT dev FROM hot WHERE ts >= ? AND ts < ?"
        )
        late = Span(span.start_ms, min(span.end_ms, folded_until(self._connection)))
        return {dev for (dev,) in self._connection.execute(query, (*span, above, *late))}

    def _hot(self, dev: str, metric: str, span: Span) -> Series:
        return self._connection.execute(
            f"SELECT ts, {metric} FROM hot WHERE ts >= ? AND ts < ? AND dev = ?"  # noqa: S608 - checked name
            f" AND {metric} IS NOT NULL ORDER BY ts",
            (*span, dev),
        ).fetchall()

    def _hot_rows(self, dev: str, metrics: Sequence[str], span: Span) -> Rows:
        told = " OR ".join(f"{metric} IS NOT NULL" for metric in metrics)
        rows = self._connection.execute(
            f"SELECT ts, {', '.join(metrics)} FROM hot"  # noqa: S608 - checked names
            f" WHERE ts >= ? AND ts < ? AND dev = ? AND ({told}) ORDER BY ts",
            (*span, dev),
        )
        return [(ts, tuple(values)) for ts, *values in rows]

    def _beside(self, row: BlockRow, metrics: Sequence[str], span: Span) -> Rows:
        series = [self._unpacked(row, metric, span) for metric in metrics]
        told = [dict(one) for one in series]
        times = sorted(set().union(*told))
        return [(ts, tuple(values.get(ts) for values in told)) for ts in times]

    def _unpacked(
        self, row: BlockRow | PeakHour, metric: str, span: Span, above: float | None = None
    ) -> Series:
        """Samples of an hour; with ``above`` only those that make, or end, a run."""
        ts, values = self._blocks.load(self._connection, row.id).series(metric)
        if not span.covers(row.hour):
            first, last = np.searchsorted(ts, span)
            ts, values = ts[first:last], values[first:last]
        if above is not None and len(values):
            exceeds = values > above
            tells = exceeds.copy()
            tells[0] = True  # it may end a run of the hour before
            tells[1:] |= exceeds[:-1]
            ts, values = ts[tells], values[tells]
        return list(zip(ts.tolist(), values.tolist(), strict=True))


def _merged(folded: Series, fresh: Series) -> Series:
    if not fresh or not folded or folded[-1][0] < fresh[0][0]:
        return folded + fresh
    return sorted({**dict(folded), **dict(fresh)}.items())


def _add(found: dict[int, Stats], t0: int, stats: Stats) -> None:
    found[t0] = found[t0].plus(stats) if t0 in found else stats


def _stats(values: Sequence[float]) -> Stats:
    return Stats(len(values), min(values), max(values), sum(values))
