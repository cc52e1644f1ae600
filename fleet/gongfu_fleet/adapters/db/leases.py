"""Who may run the jobs: an advisory lock on PostgreSQL, a locked file beside a SQLite database.

Both belong to a living process: the server drops the lock with the connection, the kernel with the
process, so that a lost holder is replaced without waiting for a time-out that somebody chose.
"""

import fcntl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from gongfu_fleet.adapters.db.engine import LOCK_SPACE, is_postgresql
from gongfu_fleet.errors import DatabaseUnusableError
from gongfu_fleet.services.jobs_ports import Lease

_SCHEDULER = 2
_TRY = text(f"SELECT pg_try_advisory_lock({LOCK_SPACE}, {_SCHEDULER})")
_UNLOCK = text(f"SELECT pg_advisory_unlock({LOCK_SPACE}, {_SCHEDULER})")
_ALIVE = text("SELECT true")
# The server notices within 40 s that a holder's machine has vanished from the network.
_NOTICE_LOSS = (
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)


def scheduler_lease(engine: Engine) -> Lease:
    """The lease of all processes that share this database."""
    if is_postgresql(engine):
        return AdvisoryLease(engine)
    if not engine.url.database:
        raise DatabaseUnusableError("The database is no file.", "Write it like sqlite:///fleet.db.")
    return FileLease(Path(f"{engine.url.database}.scheduler"))


@dataclass
class FileLease:
    """Fits the port Lease among processes of one machine."""

    path: Path
    _file: BinaryIO | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def hold(self) -> bool:
        """Lock the file, or keep it locked."""
        with self._lock:
            if self._file is not None:
                return True
            file = self.path.open("ab")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._file = file
            return True

    def release(self) -> None:
        """Unlock the file; it stays, so that nobody locks one that was unlinked."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


@dataclass
class AdvisoryLease:
    """Fits the port Lease among everybody who reaches the server.

    It needs a session of its own: a pooler between must not share sessions among transactions.
    """

    engine: Engine
    _session: Connection | None = field(default=None, init=False)
    _held: bool = field(default=False, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def hold(self) -> bool:
        """Take the lock, or see that the session that has it still lives."""
        with self._lock:
            try:
                self._held = self._ask()
            except DBAPIError:
                # The session is gone, and the lock with it; a new one starts from nothing.
                self._end()
                self._held = self._ask()
            return self._held

    def release(self) -> None:
        """Unlock and end the session; ended alone, the server would unlock a moment later."""
        with self._lock:
            if self._held and self._session is not None:
                with suppress(DBAPIError):
                    self._session.execute(_UNLOCK)
            self._end()

    def _ask(self) -> bool:
        if self._session is None:
            self._session = self._open()
        return bool(self._session.execute(_ALIVE if self._held else _TRY).scalar_one())

    def _open(self) -> Connection:
        session = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # Not the pool's any more: a session that went back there would keep the lock.
        session.detach()
        for setting in _NOTICE_LOSS:
            session.exec_driver_sql(setting)
        return session

    def _end(self) -> None:
        self._held = False
        if self._session is not None:
            self._session.close()
            self._session = None
