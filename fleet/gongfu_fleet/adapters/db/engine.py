"""Opening the relational store by URL: SQLite by default, PostgreSQL later by the same code.

``writing(engine)`` and ``reading(engine)`` give sessions; on SQLite the first begins IMMEDIATE,
so that two writers wait for each other (up to 10 s) instead of failing half-way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from gongfu_fleet.errors import DatabaseUnusableError

BUSY_TIMEOUT_MS = 10_000
READS = "gongfu_reads"


def open_database(url: str) -> Engine:
    """Open the engine for a SQLAlchemy URL (``sqlite:////path/fleet.db``, ``postgresql+…``).

    A SQLite file is created when missing; its folder must exist. Raises DatabaseUnusableError.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        raise DatabaseUnusableError(
            "The database URL cannot be read.", "Write it like sqlite:///state/fleet.db."
        ) from fault
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True)
    if not parsed.database or parsed.database == ":memory:":
        raise DatabaseUnusableError(
            "The database URL names no file, and several threads cannot share one in memory.",
            "Write it like sqlite:///state/fleet.db.",
        )
    if not Path(parsed.database).parent.is_dir():
        raise DatabaseUnusableError(
            f"The folder of the database {parsed.database} does not exist.",
            "Create it, or name another file.",
        )
    engine = create_engine(parsed)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session in one write transaction: committed at the end, undone on an exception."""
    with Session(engine) as session, session.begin():
        yield session


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session on one snapshot; it takes no write lock."""
    with Session(engine.execution_options(**{READS: True})) as session, session.begin():
        yield session


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
