"""Whether the projections are sound: blocks, statistics, newest values, hot rows over blocks."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import numpy as np

from gongfu_ingest.database import Database
from gongfu_ingest.errors import BlockError
from gongfu_ingest.points import Latest, Rank
from gongfu_ingest.stores import hot, newest, roll
from gongfu_ingest.stores.blocks import BlockRow, Blocks, folded_until
from gongfu_ingest.stores.retention import kept_since
from gongfu_ingest.stores.schema import HOUR_MS
from gongfu_ingest.stores.table import Table

_ALL = "SELECT id, dev, hour, rows, roll FROM block ORDER BY dev, hour"
_LOST = "SELECT count(*) FROM piece WHERE id >> 8 NOT IN (SELECT id FROM block WHERE rows > 0)"
_RANKS = "SELECT boot, mseq, idx FROM hot_conflict WHERE ts = ? AND dev = ?"


def faults(database: Database) -> Iterator[str]:
    """A sentence for everything that is wrong, as one moment has it; nothing when all is well."""
    with closing(database.open_reader()) as connection:
        connection.execute("BEGIN")
        for (told,) in connection.execute("PRAGMA integrity_check(5)"):
            if told != "ok":
                yield f"the file itself is damaged: {told}"
        yield from _Verifier(connection, Blocks(database.metric_ids)).faults()


class _Verifier:
    """Looks at everything once; ``_newest`` are the newest values of the rows seen."""

    def __init__(self, connection: sqlite3.Connection, blocks: Blocks) -> None:
        self._connection = connection
        self._blocks = blocks
        self._kept_since = kept_since(connection)
        self._newest: newest.Newest = {}
        self._late: dict[tuple[str, int], list[tuple[int, Rank]]] = {}
        query = "SELECT ts, dev, boot, mseq, idx FROM hot WHERE ts < ?"
        for ts, dev, *rank in connection.execute(query, (folded_until(connection),)):
            self._late.setdefault((dev, ts // HOUR_MS), []).append((ts, Rank(*rank)))

    def faults(self) -> Iterator[str]:
        """Everything that is wrong."""
        for row in self._connection.execute(_ALL):
            yield from self._of_block(BlockRow(*row))
        (lost,) = self._connection.execute(_LOST).fetchone()
        if lost:
            yield f"{lost} pieces belong to no block"
        yield from self._of_last()

    def _of_block(self, row: BlockRow) -> Iterator[str]:
        if not row.rows:
            return
        try:
            table = self._blocks.read(self._connection, row.id).table
        except BlockError as error:
            yield f"{_name(row)} does not unpack: {error}"
            return
        yield from (f"{_name(row)}: {why}" for why in self._of_table(row, table))
        for metric, (mask, values) in table.columns.items():
            place = int(mask.nonzero()[0][-1])
            latest = Latest(int(table.ts[place]), float(values[place]))
            self._newest.setdefault(row.dev, {})[metric] = latest

    def _of_table(self, row: BlockRow, table: Table) -> Iterator[str]:
        if len(table.ts) != row.rows:
            yield f"{len(table.ts)} rows, {row.rows} were noted"
        if (table.ts // HOUR_MS != row.hour).any():
            yield "a row lies outside its hour"
        if (np.diff(table.ts) <= 0).any():
            yield "its rows are not in order of time"
        # What has expired of an hour is in its statistics still.
        expired = row.hour * HOUR_MS < self._kept_since
        if not expired and roll.stats_of(table) != self._blocks.stats(row):
            yield "its statistics are not those of its rows"
        for ts, own in self._late.get((row.dev, row.hour), ()):
            folded = _rank_at(table, ts)
            ranks = {own, None, *self._connection.execute(_RANKS, (ts, row.dev))}
            if folded not in ranks:
                yield f"the row at {ts} stands among the hot rows too, unresolved"

    def _of_last(self) -> Iterator[str]:
        for point in hot.between(self._connection, 0, 1 << 62):
            known = self._newest.setdefault(point.dev, {})
            for metric, value in point.values.items():
                if metric not in known or known[metric].ts_ms <= point.ts_ms:
                    known[metric] = Latest(point.ts_ms, value)
        told = newest.read(self._connection, None)
        for dev in sorted(told.keys() | self._newest.keys()):
            own, found = told.get(dev, {}), self._newest.get(dev, {})
            for metric in sorted(own.keys() | found.keys()):
                one, other = own.get(metric), found.get(metric)
                if one != other and not self._outlived(one, other):
                    yield f"{dev}: the newest {metric} is {_told(other)}, noted is {_told(one)}"

    def _outlived(self, noted: Latest | None, found: Latest | None) -> bool:
        """Whether the noted value is that of a row that has expired."""
        if noted is None or noted.ts_ms >= self._kept_since:
            return False
        return found is None or found.ts_ms < noted.ts_ms


def _rank_at(table: Table, ts_ms: int) -> Rank | None:
    place = int(np.searchsorted(table.ts, ts_ms))
    if place == len(table.ts) or table.ts[place] != ts_ms:
        return None
    return Rank(*(int(key[place]) for key in table[1:4]))


def _name(row: BlockRow) -> str:
    return f"{row.dev} {datetime.fromtimestamp(row.hour * 3600, UTC):%Y-%m-%d %H} h UTC"


def _told(latest: Latest | None) -> str:
    return f"{latest.value} at {latest.ts_ms}" if latest else "none"
