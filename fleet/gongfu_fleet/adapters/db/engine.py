"""Opening the relational store by URL: SQLite by default, PostgreSQL by the same code.

``writing(engine)`` and ``reading(engine)`` give sessions that mean the same on both. Writers come
one after another: on SQLite by BEGIN IMMEDIATE, on PostgreSQL by one advisory lock; who waits
longer than 10 s fails before it wrote anything. A reader sees one snapshot and waits for nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError
from sqlalchemy.orm import Session

from gongfu_fleet.errors import DatabaseUnusableError, InvalidError

BUSY_TIMEOUT_MS = 10_000
READS = "gongfu_reads"
# Our advisory locks share this first number; the second says what is locked.
LOCK_SPACE = 0x676F6E67
_WAIT_AND_LOCK = text(
    f"SELECT set_config('lock_timeout', '{BUSY_TIMEOUT_MS}', true),"
    f" pg_advisory_xact_lock({LOCK_SPACE}, 1)"
)
# A connection whose other end vanished is given up after about a minute, not after hours.
_KEEP_ALIVE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}


def open_database(url: str) -> Engine:
    """Open the engine for a SQLAlchemy URL (``sqlite:////path/fleet.db``, ``postgresql://…``).

    A SQLite file is created when missing; its folder must exist. Raises DatabaseUnusableError.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise DatabaseUnusableError(
            "The database URL cannot be read.", "Write it like sqlite:///state/fleet.db."
        ) from fault
    backend = parsed.drivername.partition("+")[0]
    if backend == "sqlite":
        return _open_sqlite(parsed)
    if backend in ("postgres", "postgresql"):
        return _open_postgresql(parsed)
    raise DatabaseUnusableError(
        f"The database URL names {backend}.",
        "Write it like sqlite:///state/fleet.db or postgresql://user:password@host/gongfu.",
    )


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session in one write transaction: committed at the end, undone on an exception.

    Raises InvalidError for a value that the database cannot hold.
    """
    with _values_told(), Session(engine) as session, session.begin():
        lock_writes(session.connection())
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session on one snapshot; it takes no write lock."""
    options: dict[str, Any] = {READS: True}  # Any: what the dialect takes
    if is_postgresql(engine):
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _values_told(), Session(engine.execution_options(**options)) as session, session.begin():
        yield session


def is_postgresql(engine: Engine) -> bool:
    """Whether the engine speaks to a PostgreSQL server; else it is a SQLite file."""
    return engine.dialect.name == "postgresql"


def lock_writes(connection: Connection) -> None:
    """Hold off other writers until this transaction ends; SQLite has done so at its begin."""
    if connection.dialect.name == "postgresql":
        connection.execute(_WAIT_AND_LOCK)


@contextmanager
def _values_told() -> Iterator[None]:
    try:
        yield
    except DataError as fault:
        # PostgreSQL alone measures texts and numbers, and takes no zero byte.
        reason = str(fault.orig).partition("\n")[0]
        raise InvalidError(
            f"The database cannot hold a value: {reason}.", "Shorten or correct it."
        ) from fault


def _open_postgresql(url: URL) -> Engine:
    chosen = url.set(drivername="postgresql+psycopg")
    return create_engine(chosen, pool_pre_ping=True, connect_args=_KEEP_ALIVE)


def _open_sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise DatabaseUnusableError(
            "The database URL names no file, and several threads cannot share one in memory.",
            "Write it like sqlite:///state/fleet.db.",
        )
    if not Path(url.database).parent.is_dir():
        raise DatabaseUnusableError(
            f"The folder of the database {url.database} does not exist.",
            "Create it, or name another file.",
        )
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type of its own
    # Without this the driver begins transactions by itself, and too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get(READS, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
