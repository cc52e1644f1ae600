"""Hour blocks as rows of telemetry.db: looked up by device and hour, unpacked at most once."""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gongfu_ingest.errors import BlockError
from gongfu_ingest.points import Point, Rank
from gongfu_ingest.stores import roll
from gongfu_ingest.stores.block import Block
from gongfu_ingest.stores.schema import HOUR_MS
from gongfu_ingest.stores.table import Table

FOLDED_UNTIL = "folded_until"
_PIECE_BYTES = 512
_MOST_PIECES = 255
_ID_BITS = 8
_CACHED = 256
_SELECT = "SELECT id, dev, hour, rows, roll FROM block"
_ROLLS = (
    "SELECT id, dev, hour, roll FROM block WHERE hour >= ? AND hour <= ? AND rows > 0 ORDER BY hour"
)


class BlockRow(NamedTuple):
    """An hour of a device; ``rows`` is 0 once they have expired."""

    id: int
    dev: str
    hour: int
    rows: int
    roll: bytes


class Blocks:
    """Reads on the connection it is given; a rewritten block has another id, so the cache is right.

    ``ids``: metric name to id.
    """

    def __init__(self, ids: Mapping[str, int]) -> None:
        self.ids = ids
        self._names = {number: name for name, number in ids.items()}
        self._cache: OrderedDict[int, Block] = OrderedDict()

    def of(
        self, connection: sqlite3.Connection, dev: str, start_ms: int, end_ms: int
    ) -> list[BlockRow]:
        """The hours of a device that touch [start_ms, end_ms), in order."""
        rows = connection.execute(
            f"{_SELECT} WHERE dev = ? AND hour >= ? AND hour <= ? ORDER BY hour",
            (dev, *_hours(start_ms, end_ms)),
        )
        return [BlockRow(*row) for row in rows]

    def hours(
        self, connection: sqlite3.Connection, start_ms: int, end_ms: int
    ) -> Iterator[BlockRow]:
        """The hours of all devices that touch [start_ms, end_ms), in order of (hour, dev)."""
        rows = connection.execute(
            f"{_SELECT} WHERE hour >= ? AND hour <= ? ORDER BY hour, dev",
            _hours(start_ms, end_ms),
        )
        return map(BlockRow._make, rows)

    def rolls(
        self, connection: sqlite3.Connection, start_ms: int, end_ms: int
    ) -> Iterator[tuple[int, str, int, bytes]]:
        """(id, dev, hour, roll) as ``hours``, where rows are left; plain, for there are many."""
        return connection.execute(_ROLLS, _hours(start_ms, end_ms))

    def warm_rolls(
        self,
        connection: sqlite3.Connection,
        start_ms: int,
        end_ms: int,
        *,
        above: float,
        since: int,
    ) -> Iterator[tuple[int, str, int, bytes]]:
        """As ``rolls``, of hours with a zone above the limit, or that begin before ``since``."""
        query = _ROLLS.replace(" ORDER", " AND (warmest_celsius > ? OR hour < ?) ORDER")
        return connection.execute(query, (*_hours(start_ms, end_ms), above, -(-since // HOUR_MS)))

    def find(self, connection: sqlite3.Connection, dev: str, hour: int) -> BlockRow | None:
        """One hour of one device."""
        row = connection.execute(f"{_SELECT} WHERE dev = ? AND hour = ?", (dev, hour)).fetchone()
        return BlockRow(*row) if row else None

    def load(self, connection: sqlite3.Connection, number: int) -> Block:
        """Raises BlockError, naming the block, when its bytes are damaged."""
        block = self._cache.get(number)
        if block is None:
            try:
                block = self.read(connection, number)
            except BlockError as error:
                raise BlockError(f"block {number}: {error}; see 'gongfu store verify'") from error
            self._cache[number] = block
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return block

    def read(self, connection: sqlite3.Connection, number: int) -> Block:
        """As ``load``, from the file itself."""
        pieces = connection.execute(
            "SELECT data FROM piece WHERE id >= ? AND id < ? ORDER BY id", _span(number)
        )
        return Block(b"".join(data for (data,) in pieces), self._names)

    def put(self, connection: sqlite3.Connection, row: BlockRow, data: bytes) -> None:
        """Write an hour at the end of the table, in place of the older block of the same id."""
        drop_rows(connection, row.id)
        connection.execute("DELETE FROM block WHERE id = ?", (row.id,))
        number = connection.execute(
            "INSERT INTO block (dev, hour, rows, roll, warmest_celsius) VALUES (?, ?, ?, ?, ?)",
            (*row[1:], roll.warmest(row.roll, self.ids)),
        ).lastrowid
        size = max(_PIECE_BYTES, -(-len(data) // _MOST_PIECES))
        first, _ = _span(number or 0)
        connection.executemany(
            "INSERT INTO piece VALUES (?, ?)",
            [(first + at // size, data[at : at + size]) for at in range(0, len(data), size)],
        )

    def stats(self, row: BlockRow) -> dict[str, roll.Stats]:
        """What is known of an hour without its rows."""
        return {self._names[number]: stats for number, stats in roll.unpack(row.roll).items()}

    def at(self, connection: sqlite3.Connection, ts_ms: int, dev: str) -> Point | None:
        """The folded row at a place."""
        row = self.find(connection, dev, ts_ms // HOUR_MS)
        if row is None or not row.rows:
            return None
        block = self.load(connection, row.id)
        place = block.place(ts_ms)
        return None if place is None else _point(block.table, place, dev)


def drop_rows(connection: sqlite3.Connection, number: int) -> None:
    """Forget the bytes of a block."""
    connection.execute("DELETE FROM piece WHERE id >= ? AND id < ?", _span(number))


def folded_until(connection: sqlite3.Connection) -> int:
    """Every folded row is older than this; 0 while there is none."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (FOLDED_UNTIL,)).fetchone()
    return int(row[0]) if row else 0


def note_folded_until(connection: sqlite3.Connection, ts_ms: int) -> None:
    """Only ever grows."""
    if ts_ms > folded_until(connection):
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (FOLDED_UNTIL, str(ts_ms)))


def _hours(start_ms: int, end_ms: int) -> tuple[int, int]:
    return start_ms // HOUR_MS, (end_ms - 1) // HOUR_MS


def _span(number: int) -> tuple[int, int]:
    return number << _ID_BITS, (number + 1) << _ID_BITS


def _point(table: Table, place: int, dev: str) -> Point:
    values = {
        name: float(column.values[place])
        for name, column in table.columns.items()
        if column.mask[place]
    }
    rank = Rank(int(table.boot[place]), int(table.mseq[place]), int(table.idx[place]))
    return Point(int(table.ts[place]), dev, rank, values)
