"""Whether a backup is whole, sound, of one moment, and readable by this program."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gongfu.backup.archive import Facts, Manifest, unpack
from gongfu.backup.make import PLAIN_FILES
from gongfu.backup.moment import (
    BESIDE,
    FLEET,
    FLEET_DUMP,
    TELEMETRY,
    fleet_facts,
    log_facts,
    misfit,
)
from gongfu.backup.sqlite_copy import frozen, require_sound
from gongfu.errors import BackupError
from gongfu_fleet.adapters.db.migrate import knows
from gongfu_ingest.database import READABLE_SCHEMAS


def check_backup(archive: Path) -> Manifest:
    """Unpack and examine a backup, keeping nothing. Raises BackupError."""
    with unpacked(archive, beside=None) as (manifest, _):
        return manifest


@contextmanager
def unpacked(archive: Path, *, beside: Path | None) -> Iterator[tuple[Manifest, Path]]:
    """A backup's files in a folder that lasts for the block. Raises BackupError."""
    try:
        with TemporaryDirectory(dir=beside, prefix=".gongfu-restore-") as name:
            folder = Path(name)
            manifest = unpack(archive, folder)
            _require_files(manifest)
            for entry in manifest.files:
                if entry.name.endswith(".db"):
                    require_sound(folder / entry.name)
            _require_facts(manifest.facts, folder)
            yield manifest, folder
    except OSError as error:
        raise BackupError(f"{archive} cannot be restored: {error}") from error


def _require_files(manifest: Manifest) -> None:
    names = {entry.name for entry in manifest.files}
    fleet = FLEET_DUMP if manifest.facts.fleet.kind == "postgresql" else FLEET
    if strangers := names - {TELEMETRY, fleet, *BESIDE, *PLAIN_FILES}:
        told = ", ".join(sorted(strangers))
        raise BackupError(f"the backup holds {told}: restore it with the version that made it")
    if missing := {TELEMETRY, fleet} - names:
        raise BackupError(f"the backup holds no {missing.pop()}: take another one")


def _require_facts(facts: Facts, folder: Path) -> None:
    revision, schema = facts.fleet.revision, facts.log.telemetry_schema
    if not knows(revision) or schema not in READABLE_SCHEMAS:
        raise BackupError(
            f"the backup's databases (fleet {revision}, telemetry {schema}) are unknown to this "
            "Gongfu: restore it with the version that made it"
        )
    fleet = facts.fleet
    with frozen(folder / TELEMETRY) as telemetry:
        log = log_facts(telemetry)
    if fleet.kind == "sqlite":
        with frozen(folder / FLEET) as copy:
            fleet = fleet_facts(lambda query: copy.execute(query).fetchall(), "sqlite")
    if Facts(fleet, log) != facts:
        raise BackupError("the databases are not those of the manifest: take another backup")
    if why := misfit(facts):
        raise BackupError(f"{why}: take another backup")
