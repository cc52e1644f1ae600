"""Backups while three threads commit, follow and trim as fast as they can."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from gongfu.backup.archive import Manifest
from gongfu.backup.examine import check_backup
from gongfu.backup.make import make_backup
from gongfu.backup.restore import restore_backup
from gongfu.settings import Settings
from tests.gongfu.backup.conftest import CONSUMER, NewSettings, Worker

BACKUPS = 8
NOW = datetime(2026, 11, 17, 8, tzinfo=UTC)


@contextmanager
def busy(worker: Worker) -> Iterator[None]:
    """Ingest commits in one thread and trims right behind the consumer; the consumer follows."""
    ended = threading.Event()
    followed = [worker.follow()]

    def ingest() -> None:
        while not ended.is_set():
            worker.commit(20)
            worker.trim(followed[-1])

    def follow() -> None:
        while not ended.is_set():
            followed.append(worker.follow())

    threads = [threading.Thread(target=ingest), threading.Thread(target=follow)]
    for thread in threads:
        thread.start()
    yield
    ended.set()
    for thread in threads:
        thread.join()


def test_every_backup_under_load_is_of_one_moment(
    worker: Worker,
    new_settings: NewSettings,
    open_worker: Callable[[Settings], Worker],
    tmp_path: Path,
) -> None:
    made: list[Manifest] = []
    seen: dict[int, tuple[str, int, bytes]] = {}
    with busy(worker):
        for _ in range(BACKUPS):
            made.append(make_backup(worker.settings, tmp_path / "a.tar"))
            assert check_backup(tmp_path / "a.tar") == made[-1]
            seen = worker.records()
    heads = [manifest.facts.log.head for manifest in made]
    print(f"\n{BACKUPS} backups while the log grew from {heads[0]} to {heads[-1]}")
    assert heads == sorted(set(heads))
    elsewhere = new_settings("elsewhere")
    restore_backup(elsewhere, tmp_path / "a.tar", force=False, now=NOW)
    other = open_worker(elsewhere)
    records, log = other.records(), made[-1].facts.log
    assert sorted(records) == list(range(log.trimmed + 1, log.head + 1))
    common = records.keys() & seen.keys()
    assert {n: records[n] for n in common} == {n: seen[n] for n in common}
    cursor = other.fleet.ledger.cursor(CONSUMER)
    assert cursor is not None
    assert log.trimmed <= cursor.seq <= log.head
    assert other.follow() == log.head
