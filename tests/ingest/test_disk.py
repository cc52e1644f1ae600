"""Ingest waits while the disk has too little room, and for good once a flush has failed."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from gongfu_broker.ports import Device
from gongfu_ingest.commit import Committer, Limits
from gongfu_ingest.database import Database
from gongfu_ingest.disk import DiskGuard, is_lost_write, told, used_bytes
from gongfu_ingest.errors import LostWritesError, StoreFullError
from gongfu_ingest.log import TelemetryLog


class Nobody:
    def devices(self) -> Mapping[str, Device]:
        return {}


class Broken:
    """A registry whose every question meets a disk that cannot flush."""

    def devices(self) -> Mapping[str, Device]:
        raise failed(sqlite3.SQLITE_IOERR_FSYNC)


def failed(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    return error


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "telemetry.db")
    yield made
    made.close()


def test_below_its_free_space_nothing_is_committed_and_the_remedy_is_told(tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path, lambda: 0, min_free_bytes=2**62)
    with pytest.raises(StoreFullError, match=r"disk .* MB free.*GONGFU_STORE__MIN_FREE_BYTES"):
        guard.check()


def test_at_the_cap_nothing_is_committed_until_there_is_room_again(tmp_path: Path) -> None:
    used = [100_000_000]
    guard = DiskGuard(tmp_path, lambda: used[0], max_bytes=50_000_000, min_free_bytes=0)
    with pytest.raises(StoreFullError, match=r"needs 100 MB.*GONGFU_STORE__RETENTION_DAYS"):
        guard.check()
    used[0] = 10_000_000
    guard.check()


def test_pages_that_became_free_count_as_room(database: Database) -> None:
    writer = database.writer
    writer.execute("CREATE TABLE big (data BLOB)")
    writer.execute("INSERT INTO big VALUES (zeroblob(1000000))")
    full = used_bytes(writer)
    writer.execute("DELETE FROM big")
    assert used_bytes(writer) <= full - 990_000


def test_a_committer_asks_its_guard_first(database: Database, tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path, lambda: 0, min_free_bytes=2**62)
    with pytest.raises(StoreFullError):
        Committer(database, TelemetryLog(database), Nobody(), Limits(guard)).commit([])


def test_after_a_failed_flush_a_committer_takes_nothing_more(database: Database) -> None:
    committer = Committer(database, TelemetryLog(database), Broken())
    for _ in range(2):
        with pytest.raises(LostWritesError, match="look at the disk"):
            committer.commit([])


def test_a_failed_flush_is_known_behind_other_errors_and_a_full_disk_is_none() -> None:
    outer = RuntimeError("the turn failed")
    outer.__cause__ = failed(sqlite3.SQLITE_IOERR_FSYNC)
    assert is_lost_write(outer)
    assert not is_lost_write(failed(sqlite3.SQLITE_FULL))
    assert not is_lost_write(None)


def test_a_full_disk_is_told_in_a_sentence_with_its_remedy() -> None:
    assert "full: free some space" in told(failed(sqlite3.SQLITE_FULL))
    assert "look at the disk" in told(failed(sqlite3.SQLITE_IOERR_WRITE))
