"""When the disk says no: too little room, or a flush to it that failed."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gongfu_ingest.errors import LostWritesError, StoreFullError

MIN_FREE_BYTES = 200_000_000
LOOK_EVERY_S = 1.0
# What the kernel reports once: after it nobody knows which pages of the file reached the disk.
_UNSURE = frozenset(
    {
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_CLOSE,
        sqlite3.SQLITE_IOERR_DIR_CLOSE,
    }
)
FLUSH_FAILED = (
    "a flush to the disk failed (%s): look at the disk under the state folder, then start again; "
    "devices keep what was not acknowledged"
)
_FULL = sqlite3.SQLITE_FULL
_MILLION = 1_000_000


def is_lost_write(error: BaseException | None) -> bool:
    """Whether a flush to the disk failed, here or in what caused this error."""
    while error is not None:
        if isinstance(error, LostWritesError) or getattr(error, "sqlite_errorcode", 0) in _UNSURE:
            return True
        error = error.__cause__ or error.__context__
    return False


def told(error: sqlite3.OperationalError) -> str:
    """A refused commit in a sentence with its remedy."""
    if error.sqlite_errorcode == _FULL:
        return "The disk under the state folder is full: free some space; devices keep their data."
    return (
        f"The telemetry store refuses a commit ({error}): look at the disk under the state folder;"
        " devices keep their data."
    )


def used_bytes(connection: sqlite3.Connection) -> int:
    """What a database needs now; pages that are free inside the file do not count."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


@dataclass
class DiskGuard:
    """Stops ingest before the disk is full. None of its limits drops anything.

    ``used_bytes`` is what the store needs now; ``max_bytes`` None: as much as the disk has.
    """

    folder: Path
    used_bytes: Callable[[], int]
    max_bytes: int | None = None
    min_free_bytes: int = MIN_FREE_BYTES
    _looked_s: float = field(default=0.0, init=False)
    _trouble: str | None = field(default=None, init=False)

    def check(self) -> None:
        """Raise StoreFullError while there is too little room; looks once a second at most."""
        now_s = time.monotonic()
        if self._trouble is not None or now_s >= self._looked_s + LOOK_EVERY_S:
            self._looked_s = now_s
            self._trouble = self._look()
        if self._trouble is not None:
            raise StoreFullError(self._trouble)

    def _look(self) -> str | None:
        free = shutil.disk_usage(self.folder).free
        if free < self.min_free_bytes:
            return (
                f"The disk under the state folder has {free // _MILLION} MB free, less than "
                f"{self.min_free_bytes // _MILLION} MB: free some space, or lower "
                "GONGFU_STORE__MIN_FREE_BYTES; devices keep their data."
            )
        if self.max_bytes is None or (used := self.used_bytes()) < self.max_bytes:
            return None
        return (
            f"The telemetry store needs {used // _MILLION} MB, its limit is "
            f"{self.max_bytes // _MILLION} MB: raise GONGFU_STORE__MAX_BYTES, or shorten "
            "GONGFU_STORE__RETENTION_DAYS; devices keep their data."
        )
