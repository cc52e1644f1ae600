"""A backup every night at 03:10 in Asia/Shanghai; the newest few are kept."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gongfu.backup.make import make_backup
from gongfu.demo_clock import SHANGHAI, utc_now
from gongfu.settings import Settings
from gongfu_fleet.domain.due import daily
from gongfu_fleet.jobs import Job

FOLDER = "backups"
KEEP = 7
_PREFIX = "gongfu-"


def backup_job(
    settings: Settings, *, keep: int = KEEP, now: Callable[[], datetime] = utc_now
) -> Job:
    """Into ``backups/`` of the state folder: copy them to another disk, this one may be lost."""
    folder = settings.state / FOLDER

    def run() -> None:
        folder.mkdir(exist_ok=True, mode=0o700)
        # An older one goes only after the newer one is whole.
        make_backup(settings, folder / f"{_PREFIX}{now().astimezone(SHANGHAI):%Y%m%d-%H%M%S}.tar")
        for old in kept(folder)[:-keep]:
            old.unlink()

    night = daily(hour=3, minute=10)
    return Job("backup", night.every_ms / 1000, run, at=night)


def kept(folder: Path) -> list[Path]:
    """The backups in the folder, the oldest first."""
    return sorted(folder.glob(f"{_PREFIX}*.tar"))
