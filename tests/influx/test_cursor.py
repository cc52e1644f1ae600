"""How far the forwarder is: what it keeps in its file, and what it lets the log forget."""

import asyncio
from pathlib import Path

import pytest

from gongfu_broker.columns import DeviceKind
from gongfu_broker.errors import CursorError
from gongfu_broker.topics import Leaf
from gongfu_ingest.entry import Entry
from gongfu_ingest.errors import (
    SchemaError,
    ServerBusyError,
)
from gongfu_ingest.forwarder import Forwarder
from gongfu_ingest.log import KEEP_RECORDS
from gongfu_ingest.stores.influx.book import KEEP_REFUSED, ForwarderBook, Progress
from gongfu_ingest.stores.influx.halving import RefusedLine
from tests.influx.memory_server import MemoryServer, hear
from tests.influx.stand import QUICK, T0, Stand, caught_up, until

MORE_THAN_KEPT = 10
NOTE = Entry(1, 0, "quzhou", "veh-0001", DeviceKind.TRUCK, Leaf.STATE, None, None, b"{}")


def hear_much(stand: Stand) -> None:
    with stand.database.transaction():
        stand.log.append([NOTE] * (KEEP_RECORDS + MORE_THAN_KEPT))


def hear_much_and_trim(stand: Stand) -> None:
    hear_much(stand)
    stand.log.release("influx", stand.log.head())
    assert stand.log.trim() >= MORE_THAN_KEPT


async def test_the_log_is_kept_for_a_server_that_is_away(
    stand: Stand, server: MemoryServer
) -> None:
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: not forwarder.state.filling)
    hear_much(stand)
    assert stand.log.trim() == 0
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: forwarder.backlog() == 0)
    assert stand.log.trim() == MORE_THAN_KEPT


async def test_only_what_the_server_has_taken_is_released(
    stand: Stand, server: MemoryServer
) -> None:
    async with stand.forwarding(server.open) as forwarder:
        await until(lambda: not forwarder.state.filling)
    hear(stand, 20)
    bodies = iter([None, None])
    server.fault = lambda _: next(bodies, ServerBusyError("away"))
    async with stand.forwarding(server.open, max_lines=4) as forwarder:
        await until(lambda: forwarder.state.away_since_ms is not None)
        assert stand.log.consumers()["influx"] == forwarder.state.seq == 8
        assert forwarder.backlog() == 12


def test_a_cursor_of_another_log_or_beyond_the_end_stops_it(stand: Stand) -> None:
    hear(stand, 2)
    shipments = stand.shipments()
    with pytest.raises(CursorError, match=r"delete influx\.db"):
        shipments.begin(Progress("another", 1))
    with pytest.raises(CursorError, match="ends at 2"):
        shipments.begin(Progress(stand.log.log_id, 3))


async def test_a_cursor_that_does_not_fit_is_told_and_nothing_is_sent(
    stand: Stand, server: MemoryServer
) -> None:
    hear_much_and_trim(stand)
    book = stand.book()
    book.save(Progress("another", 7))
    forwarder = Forwarder(stand.shipments(), book, open_sink=server.open, pace=QUICK)
    task = asyncio.create_task(forwarder.run())
    await until(lambda: bool(forwarder.troubles()))
    assert "delete influx.db" in forwarder.troubles()[0]
    assert server.tries == 0
    assert forwarder.backlog() == KEEP_RECORDS + MORE_THAN_KEPT
    assert forwarder.oldest_unsent_ms() is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    forwarder.close()


async def test_a_cursor_below_what_was_trimmed_fills_from_the_store_again(
    stand: Stand, server: MemoryServer
) -> None:
    book = stand.book()
    book.save(Progress(stand.log.log_id, 1, rolled_ms=T0))
    book.close()
    hear(stand, 3)
    hear_much_and_trim(stand)
    async with stand.forwarding(server.open) as forwarder:
        await caught_up(forwarder)
        assert forwarder.state.counters == {"points": 3}
        assert forwarder.troubles() == []


def test_dead_letters_are_capped_and_all_counted(tmp_path: Path) -> None:
    book = ForwarderBook(tmp_path / "influx.db")
    progress = Progress("log", 1)
    lines = [RefusedLine(b"line%d" % n, "400: no") for n in range(KEEP_REFUSED + 50)]
    book.save(progress, refused=lines, now_ms=5)
    book.save(progress, refused=lines[-1:], now_ms=9)
    newest = book.refused(5)[0]
    assert (newest.line, newest.times, newest.first_ms, newest.last_ms) == (lines[-1].line, 2, 5, 9)
    assert len(book.refused(10_000)) == KEEP_REFUSED
    assert book.counters() == {"refused": KEEP_REFUSED + 51}
    book.close()


def test_a_file_of_another_version_is_not_touched(tmp_path: Path) -> None:
    book = ForwarderBook(tmp_path / "influx.db")
    book._connection.execute("PRAGMA user_version = 99")  # noqa: SLF001 - the next version's mark
    book.close()
    with pytest.raises(SchemaError, match="delete the file"):
        ForwarderBook(tmp_path / "influx.db")
