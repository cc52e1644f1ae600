"""What a backup holds is what a restore brings back, and nothing is replaced unasked."""

import asyncio
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gongfu.backup.archive import Manifest
from gongfu.backup.daily import backup_job, kept
from gongfu.backup.examine import check_backup
from gongfu.backup.make import make_backup
from gongfu.backup.restore import restore_backup
from gongfu.errors import BackupError, StateInUseError
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu_fleet.adapters.db.leases import scheduler_lease
from gongfu_fleet.jobs import start_jobs
from gongfu_fleet.services.watch_ports import Cursor, Turn
from tests.gongfu.backup.conftest import CONSUMER, NewSettings, Worker

NOW = datetime(2026, 11, 17, 8, tzinfo=UTC)
OpenWorker = Callable[[Settings], Worker]


def restored(settings: Settings, archive: Path, *, force: bool = False) -> Manifest:
    return restore_backup(settings, archive, force=force, now=NOW).manifest


def test_a_restored_state_is_the_one_that_was_backed_up(
    worker: Worker, new_settings: NewSettings, open_worker: OpenWorker, tmp_path: Path
) -> None:
    made = make_backup(worker.settings, tmp_path / "out" / "a.tar")
    worker.commit(10)
    worker.follow()
    elsewhere = new_settings("elsewhere")
    assert restored(elsewhere, tmp_path / "out" / "a.tar") == made
    other = open_worker(elsewhere)
    assert other.records() == {n: row for n, row in worker.records().items() if n <= 50}
    assert other.telemetry.log.log_id == worker.telemetry.log.log_id
    assert other.fleet.ledger.cursor(CONSUMER) == Cursor(worker.telemetry.log.log_id, 50)
    assert other.fleet.registry.assets() == worker.fleet.registry.assets()
    assert other.fleet.first_password is None
    for name in ("secrets.json", "first-password.txt"):
        copy = elsewhere.state / name
        assert copy.read_bytes() == (worker.settings.state / name).read_bytes()
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert other.commit() == 51
    assert other.follow() == 51


def test_a_backup_is_readable_by_its_owner_only_and_leaves_nothing_beside_it(
    worker: Worker, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "a.tar"
    make_backup(worker.settings, out)
    make_backup(worker.settings, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert list(out.parent.iterdir()) == [out]


def test_a_state_that_is_not_empty_is_replaced_only_by_force_and_kept_aside(
    worker: Worker, new_settings: NewSettings, open_worker: OpenWorker, tmp_path: Path
) -> None:
    archive = tmp_path / "a.tar"
    make_backup(worker.settings, archive)
    settings = new_settings("other")
    other = open_worker(settings)
    other.commit(7)
    other.telemetry.close()
    other.fleet.close()
    with pytest.raises(BackupError, match="not empty"):
        restored(settings, archive)
    again = open_worker(settings)
    assert len(again.records()) == 7
    again.telemetry.close()
    again.fleet.close()
    aside = restore_backup(settings, archive, force=True, now=NOW).aside
    assert aside is not None
    assert {path.name for path in aside.iterdir()} >= {"telemetry.db", "secrets.json"}
    assert {"fleet.db", "fleet.dump"} & {path.name for path in aside.iterdir()}
    assert len(open_worker(settings).records()) == 50


@pytest.mark.parametrize("kind", ["postgresql"])
def test_an_empty_folder_does_not_excuse_a_database_that_is_in_use(
    worker: Worker, tmp_path: Path
) -> None:
    archive = tmp_path / "a.tar"
    make_backup(worker.settings, archive)
    settings = worker.settings.model_copy(update={"state": tmp_path / "new"})
    with pytest.raises(BackupError, match="not empty"):
        restored(settings, archive)
    lease = scheduler_lease(worker.fleet.engine)
    assert lease.hold()
    with pytest.raises(BackupError, match="stop it first"):
        restored(settings, archive, force=True)
    lease.release()
    assert not (tmp_path / "new" / "telemetry.db").exists()
    assert worker.fleet.ledger.cursor(CONSUMER) is not None
    restored(settings, archive, force=True)


def test_a_running_gongfu_is_never_replaced(worker: Worker, tmp_path: Path) -> None:
    make_backup(worker.settings, tmp_path / "a.tar")
    with hold_state(worker.settings.state), pytest.raises(StateInUseError, match="stop it"):
        restored(worker.settings, tmp_path / "a.tar", force=True)


def test_a_backup_of_one_kind_of_database_does_not_go_into_the_other(
    worker: Worker, tmp_path: Path, kind: str
) -> None:
    make_backup(worker.settings, tmp_path / "a.tar")
    other = "postgresql://nobody@/none" if kind == "sqlite" else ""
    settings = Settings(state=tmp_path / "new", database={"url": other})  # type: ignore[arg-type] # as from a file
    with pytest.raises(BackupError, match="GONGFU_DATABASE__URL"):
        restored(settings, tmp_path / "a.tar")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_empty_state_has_nothing_to_back_up(new_settings: NewSettings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        make_backup(new_settings("empty"), tmp_path / "a.tar")
    assert not (tmp_path / "a.tar").exists()


def test_a_cursor_ahead_of_its_log_is_told_instead_of_kept(worker: Worker, tmp_path: Path) -> None:
    log_id = worker.telemetry.log.log_id
    turn = Turn(CONSUMER, Cursor(log_id, 50), Cursor(log_id, 51), 0, ())
    worker.fleet.ledger.save_turn(turn)
    with pytest.raises(BackupError, match="at 51, the log ends at 50"):
        make_backup(worker.settings, tmp_path / "a.tar")


def test_a_log_trimmed_under_its_consumer_is_told_instead_of_kept(
    worker: Worker, tmp_path: Path
) -> None:
    worker.commit(10)
    worker.trim(55)
    with pytest.raises(BackupError, match="trimmed up to 55"):
        make_backup(worker.settings, tmp_path / "a.tar")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_database_that_newer_programs_wrote_is_refused(worker: Worker, tmp_path: Path) -> None:
    with worker.fleet.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    make_backup(worker.settings, tmp_path / "a.tar")
    with pytest.raises(BackupError, match="the version that made it"):
        check_backup(tmp_path / "a.tar")


async def test_the_nightly_job_keeps_the_newest_and_shows_its_next_turn(worker: Worker) -> None:
    times = iter(NOW.replace(day=day) for day in (17, 18, 19, 20))
    job = backup_job(worker.settings, keep=2, now=lambda: next(times))
    for _ in range(3):
        job.run()
    schedule = worker.fleet.schedule()
    with start_jobs([job], schedule) as running:
        while not (schedule.states() and schedule.states()[0].last_end_ms):
            await asyncio.sleep(0.02)
        assert running.troubles() == []
    (state,) = schedule.states()
    assert (state.name, state.last_error) == ("backup", None)
    assert state.next_due_ms - state.last_due_ms == 86_400_000
    names = [path.name for path in kept(worker.settings.state / "backups")]
    assert names == ["gongfu-20261119-160000.tar", "gongfu-20261120-160000.tar"]
