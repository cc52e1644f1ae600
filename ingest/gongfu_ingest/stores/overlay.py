"""Reading blocks and hot rows as one: a hot row stands over the folded one of its place.

Everything here reads inside the caller's snapshot.
"""

import json
import math
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from typing import NamedTuple

import numpy as np

from gongfu_broker.columns import metrics
from gongfu_broker.ports import Window
from gongfu_ingest.points import Episode, Point
from gongfu_ingest.stores import hot, roll
from gongfu_ingest.stores.blocks import BlockRow, Blocks, folded_until
from gongfu_ingest.stores.codec import Floats, Ints
from gongfu_ingest.stores.retention import kept_since
from gongfu_ingest.stores.roll import Stats
from gongfu_ingest.stores.rows import episodes
from gongfu_ingest.stores.schema import HOUR_MS
from gongfu_ingest.stores.table import Table, over, part, points, table_of

Series = list[tuple[int, float]]
Curve = tuple[Ints, Floats]
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
    dev: str
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
        folded: list[Curve] = []
        for row in self._blocks.of(self._connection, dev, *span):
            if not (by_hour and span.covers(row.hour) and row.hour not in touched):
                folded += [self._curve(row, metric, span)] if row.rows else []
            elif stats := self._blocks.stats(row).get(metric):
                _add(found, row.hour * HOUR_MS // every_ms * every_ms, stats)
        ts, values = _over(folded, fresh)
        windows, told = ts // every_ms * every_ms, values.tolist()
        begins = np.flatnonzero(np.diff(windows, prepend=-1)).tolist()
        for begin, end in pairwise([*begins, len(told)]):
            _add(found, int(windows[begin]), _stats(told[begin:end]))
        return [Window(t0, s.n, s.low, s.high, s.total / s.n) for t0, s in sorted(found.items())]

    def exceedances(self, metric: str, above: float, span: Span, max_gap_ms: int) -> list[Episode]:
        """Runs above the limit; only hours whose statistics exceed it are unpacked."""
        hours = self._peaks(metric, above, span, max_gap_ms)
        warm: dict[str, list[PeakHour]] = {hour.dev: [] for hour in hours if hour.peak > above}
        until_ms = folded_until(self._connection)
        joins = {h.dev for h in hours if (h.hour + 1) * HOUR_MS + max_gap_ms > until_ms}
        fresh = self._hot_runs(metric, above, span, joins.intersection(warm))
        for hour in hours:
            if hour.dev in warm or hour.dev in fresh:
                warm.setdefault(hour.dev, []).append(hour)
        found: list[Episode] = []
        for dev in warm.keys() | fresh.keys():
            own, rows = warm.get(dev, []), fresh.get(dev, [])
            late = [ts for ts, _ in rows if ts < until_ms]
            folded = self._telling(own + self._beneath(dev, late, own), metric, above, span, rows)
            found += episodes(dev, _merged(folded, rows), above, max_gap_ms)
        return sorted(found, key=lambda episode: (episode.begin_ms, episode.dev))

    def _beneath(self, dev: str, late: Iterable[int], known: Iterable[PeakHour]) -> list[PeakHour]:
        """Further hours that hot rows stand over: their folded rows end runs of the hot ones."""
        touched = {ts // HOUR_MS for ts in late} - {hour.hour for hour in known}
        rows = (self._blocks.find(self._connection, dev, hour) for hour in touched)
        return [PeakHour(row.id, dev, row.hour, -math.inf) for row in rows if row and row.rows]

    def _telling(
        self,
        hours: Iterable[PeakHour],
        metric: str,
        above: float,
        span: Span,
        fresh: Series,
    ) -> Series:
        touched = {ts // HOUR_MS for ts, _ in fresh}
        folded: Series = []
        for row in sorted(hours, key=attrgetter("hour")):
            if row.hour in touched:
                folded += self._unpacked(row, metric, span)
            elif row.peak > above:
                folded += self._unpacked(row, metric, span, above)
            else:  # one sample stands for all of them: none exceeds, so a run ends here
                folded.append((row.hour * HOUR_MS, above))
        return folded

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

    def _peaks(self, metric: str, above: float, span: Span, max_gap_ms: int) -> list[PeakHour]:
        """The hours that tell, in order, with the metric's highest value in each.

        An hour that does not exceed ends a run. It need not be seen where such a gap does so too.
        """
        since = kept_since(self._connection)
        if metric in roll.ZONES and max_gap_ms < HOUR_MS:
            rows = self._blocks.warm_rolls(self._connection, *span, above=above, since=since)
        else:
            rows = self._blocks.rolls(self._connection, *span)
        wanted, new, peak = self._blocks.ids[metric], tuple.__new__, roll.peak
        found = []
        for number, dev, hour, stored in rows:
            # Statistics of an hour that has begun to expire know nothing of what came after that.
            told = math.inf if hour * HOUR_MS < since else peak(stored, wanted)
            if told is not None:
                found.append(new(PeakHour, (number, dev, hour, told)))
        return found

    def _hot_runs(
        self, metric: str, above: float, span: Span, joins: Collection[str]
    ) -> dict[str, Series]:
        """Hot rows of the devices where some exceed, or stand for folded rows.

        What comes before a device's first run, or after its last, ends no run and is not needed;
        but for those that ``joins`` names: their run may have begun in a folded hour.
        """
        late_ms = min(span.end_ms, folded_until(self._connection))
        told = self._connection.execute(
            f"SELECT dev, ts FROM hot WHERE ts >= ? AND ts < ? AND ({metric} > ? OR ts < ?)",  # noqa: S608 - checked name
            (*span, above, late_ms),
        ).fetchall()
        devs = {dev for dev, _ in told}
        if not devs:
            return {}
        first_ms = told[0][1] if devs.isdisjoint(joins) else span.start_ms
        rows = self._connection.execute(
            f"SELECT dev, ts, {metric} FROM hot WHERE ts >= ? AND ts <= ?"  # noqa: S608 - checked name
            f" AND dev IN (SELECT value FROM json_each(?)) AND {metric} IS NOT NULL ORDER BY ts",
            (first_ms, told[-1][1], json.dumps([*devs])),
        )
        found: dict[str, Series] = {}
        for dev, ts, value in rows:
            found.setdefault(dev, []).append((ts, value))
        return found

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
        ts, values = self._curve(row, metric, span)
        if above is not None and len(values):
            exceeds = values > above
            tells = exceeds.copy()
            tells[0] = True  # it may end a run of the hour before
            tells[1:] |= exceeds[:-1]
            ts, values = ts[tells], values[tells]
        return list(zip(ts.tolist(), values.tolist(), strict=True))

    def _curve(self, row: BlockRow | PeakHour, metric: str, span: Span) -> Curve:
        ts, values = self._blocks.load(self._connection, row.id).series(metric)
        if not span.covers(row.hour):
            first, last = np.searchsorted(ts, span)
            ts, values = ts[first:last], values[first:last]
        return ts, values


def _over(folded: Sequence[Curve], fresh: Series) -> Curve:
    """Fresh samples over folded ones, in order of time."""
    new = np.array(fresh, np.float64).reshape(-1, 2)
    new_ts, new_values = new[:, 0].astype(np.int64), new[:, 1]
    ts = np.concatenate([new_ts[:0], *(ts for ts, _ in folded)])
    values = np.concatenate([new_values[:0], *(values for _, values in folded)])
    stays = ~np.isin(ts, new_ts)
    ts, values = np.append(ts[stays], new_ts), np.append(values[stays], new_values)
    order = np.argsort(ts, kind="stable")
    return ts[order], values[order]


def _merged(folded: Series, fresh: Series) -> Series:
    if not fresh or not folded or folded[-1][0] < fresh[0][0]:
        return folded + fresh
    return sorted({**dict(folded), **dict(fresh)}.items())


def _add(found: dict[int, Stats], t0: int, stats: Stats) -> None:
    found[t0] = found[t0].plus(stats) if t0 in found else stats


def _stats(values: Sequence[float]) -> Stats:
    return Stats(len(values), min(values), max(values), sum(values))
