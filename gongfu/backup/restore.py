"""``gongfu restore``: a state folder (and a PostgreSQL database) as a backup holds it.

Everything is unpacked and examined beside the state before anything is replaced, and what is
replaced is moved aside, not deleted.
"""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from gongfu.backup.archive import Manifest
from gongfu.backup.examine import unpacked
from gongfu.backup.make import PLAIN_FILES
from gongfu.backup.moment import BESIDE, FLEET, FLEET_DUMP, TELEMETRY
from gongfu.backup.postgres_copy import frozen_postgres, is_empty, load_dump, undisturbed
from gongfu.errors import BackupError
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.errors import FleetError

# A database has these beside it while it is open, and after a crash.
_PARTS = ("", "-wal", "-shm")


@dataclass(frozen=True)
class Restored:
    """What was restored; ``aside`` holds what was there before, None when nothing was."""

    manifest: Manifest
    aside: Path | None


@dataclass(frozen=True)
class Place:
    """Where a backup goes: a folder whose lock is held, and a database nobody works on."""

    state: Path
    engine: Engine

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    def path(self, name: str) -> Path:
        """Where a file of the backup belongs; a SQLite fleet.db is where its URL says."""
        return Path(str(self.engine.url.database)) if name == FLEET else self.state / name

    def former(self) -> list[Path]:
        """Files that a restored state must not find beside itself."""
        names = [TELEMETRY, *BESIDE, *([FLEET] if self.kind == "sqlite" else [])]
        databases = [Path(f"{self.path(name)}{part}") for name in names for part in _PARTS]
        plain = [self.path(name) for name in PLAIN_FILES]
        return [path for path in (*databases, *plain) if path.exists()]

    def undisturbed(self) -> AbstractContextManager[None]:
        """Nobody works on the database for the block; the folder's lock guards a SQLite file."""
        return undisturbed(self.engine) if self.kind == "postgresql" else nullcontext()

    def is_empty(self) -> bool:
        """Whether nothing would be replaced."""
        return not self.former() and (self.kind == "sqlite" or is_empty(self.engine))


def restore_backup(settings: Settings, archive: Path, *, force: bool, now: datetime) -> Restored:
    """Put a backup into the state folder, and into the database when its URL is PostgreSQL's.

    Without ``force`` only into empty ones. Raises BackupError, StateInUseError.
    """
    aside = settings.state / f"replaced-{now:%Y%m%d-%H%M%S}"
    with _place(settings) as place, unpacked(archive, beside=place.state) as (manifest, folder):
        if manifest.facts.fleet.kind != place.kind:
            raise BackupError(
                f"the backup is of a {manifest.facts.fleet.kind} database, the settings name a "
                f"{place.kind} one: set GONGFU_DATABASE__URL accordingly"
            )
        with place.undisturbed():
            empty = place.is_empty()
            if not empty and not force:
                raise BackupError(
                    f"{place.state} (or its database) is not empty: name an empty folder with "
                    "--state, or replace what is there with --force"
                )
            if not empty:
                aside.mkdir(mode=0o700)
            _replace(place, manifest, folder=folder, aside=None if empty else aside)
    return Restored(manifest, None if empty else aside)


def _replace(place: Place, manifest: Manifest, *, folder: Path, aside: Path | None) -> None:
    if place.kind == "postgresql":
        # First, because it alone may still fail: then the folder is as it was.
        _replace_postgres(place.engine, folder / FLEET_DUMP, aside)
    for path in place.former():
        if aside:
            shutil.move(path, aside / path.name)
    for entry in manifest.files:
        if entry.name != FLEET_DUMP:
            shutil.move(folder / entry.name, place.path(entry.name))


def _replace_postgres(engine: Engine, dump: Path, aside: Path | None) -> None:
    if aside:
        with frozen_postgres(engine) as former:
            former.dump(aside / FLEET_DUMP)
    load_dump(engine, dump)


@contextmanager
def _place(settings: Settings) -> Iterator[Place]:
    with hold_state(settings.state):
        try:
            engine = open_database(settings.database_url)
        except FleetError as error:
            raise BackupError(str(error)) from error
        try:
            yield Place(settings.state, engine)
        finally:
            engine.dispose()
