"""One moment of a SQLite database that others go on writing: held open, read, copied."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gongfu.errors import BackupError


@contextmanager
def frozen(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection whose snapshot was taken on entering; writers are not held up."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source:
            source.isolation_level = None
            source.execute("PRAGMA busy_timeout = 10000")
            source.execute("BEGIN")
            # BEGIN alone takes no snapshot; the first read does.
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            yield source
    except sqlite3.Error as error:
        raise BackupError(f"{path} cannot be copied ({error}): see 'gongfu doctor'") from error


def copy_frozen(source: sqlite3.Connection, target: Path) -> None:
    """Write the snapshot as a database file of its own, by SQLite's online backup."""
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA synchronous = OFF")  # the archive is synced as a whole
        source.backup(copy)
    target.chmod(0o600)
    require_sound(target)


def require_sound(path: Path) -> None:
    """Raise BackupError when SQLite finds the file damaged."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise BackupError(f"{path.name} is damaged ({verdict}): use another backup")
