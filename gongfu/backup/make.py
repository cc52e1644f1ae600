"""``gongfu backup``: everything Gongfu keeps, in one file, while it runs."""

import shutil
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from gongfu.backup.archive import Manifest, entry_of, pack
from gongfu.backup.moment import one_moment
from gongfu.errors import BackupError
from gongfu.settings import Settings
from gongfu_broker.clock import real_ms
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.errors import FleetError

# Everything in the state folder that is neither a database nor made anew by itself.
PLAIN_FILES = (
    "secrets.json",
    "simulator-secrets.json",
    "device-ca.pem",
    "device-ca.key",
    "first-password.txt",
    "clock.json",
    "scenario.json",
)


def make_backup(settings: Settings, out: Path) -> Manifest:
    """Write the backup; needs twice its size of free space beside ``out``. Raises BackupError."""
    if not settings.telemetry_path.exists():
        raise BackupError(
            f"there is nothing to back up in {settings.state}: run Gongfu first, or name the "
            "state folder with --state"
        )
    try:
        engine = open_database(settings.database_url)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=out.parent, prefix=".gongfu-backup-") as folder:
                return _write(settings, Path(folder), engine=engine, out=out)
        finally:
            engine.dispose()
    except FleetError as error:
        raise BackupError(str(error)) from error
    except OSError as error:
        raise BackupError(f"the backup cannot be written to {out}: {error}") from error


def _write(settings: Settings, folder: Path, *, engine: Engine, out: Path) -> Manifest:
    with one_moment(settings.state, engine) as moment:
        copies = moment.copy(folder)
    for name in PLAIN_FILES:
        if (settings.state / name).exists():
            copies.append(Path(shutil.copyfile(settings.state / name, folder / name)))
    entries = tuple(entry_of(copy) for copy in copies)
    manifest = Manifest(version("gongfu"), real_ms(), moment.facts, entries)
    pack(manifest, folder, out)
    return manifest
