"""One moment of a PostgreSQL database, by pg_dump and pg_restore; both must be installed here.

The dump is taken from an exported snapshot, so that the moment is ours to choose. The password goes
by the environment, never by the command line, where anybody could read it.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from gongfu.errors import BackupError
from gongfu_fleet.adapters.db.leases import scheduler_lease

_DEBIAN = Path("/usr/lib/postgresql")
_PLAIN = ("--no-owner", "--no-privileges")


@dataclass(frozen=True)
class FrozenPostgres:
    """A snapshot of the whole database; ``connection`` reads it."""

    connection: Connection
    snapshot: str

    def ask(self, query: str) -> list[tuple[Any, ...]]:  # Any: the query decides
        """Run a query on the snapshot."""
        return [tuple(row) for row in self.connection.execute(text(query))]

    def dump(self, target: Path) -> None:
        """Write the snapshot in pg_dump's custom format. Raises BackupError."""
        words = ["pg_dump", "--format=custom", f"--snapshot={self.snapshot}", *_PLAIN]
        url = self.connection.engine.url
        _run([*words, f"--file={target}", f"--dbname={_without_password(url)}"], url)


@contextmanager
def frozen_postgres(engine: Engine) -> Iterator[FrozenPostgres]:
    """Hold a snapshot for the block; writers are not held up."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with _told(), engine.execution_options(**options).connect() as connection:
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        yield FrozenPostgres(connection, snapshot)


def is_empty(engine: Engine) -> bool:
    """Whether the database holds no tables yet."""
    with _told():
        return not inspect(engine).get_table_names()


@contextmanager
def undisturbed(engine: Engine) -> Iterator[None]:
    """Raise BackupError while a worker runs on this database; keep others away for the block."""
    lease = scheduler_lease(engine)
    with _told():
        try:
            if not lease.hold():
                raise BackupError("a worker runs on this database: stop it first")
            yield
        finally:
            lease.release()


def load_dump(engine: Engine, dump: Path) -> None:
    """Replace the whole content of the database by the dump's. Raises BackupError."""
    with _told(), engine.begin() as connection:
        for table in inspect(connection).get_table_names():
            name = connection.dialect.identifier_preparer.quote(table)
            connection.execute(text(f"DROP TABLE {name} CASCADE"))
    words = ["pg_restore", "--exit-on-error", "--single-transaction", *_PLAIN]
    _run([*words, f"--dbname={_without_password(engine.url)}", str(dump)], engine.url)


def _run(words: Sequence[str], url: URL) -> None:
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    done = subprocess.run(  # noqa: S603 - our own words
        [_tool(words[0]), *words[1:]],
        env={"PATH": os.defpath, **password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        told = done.stderr.strip().splitlines()
        raise BackupError(
            f"{words[0]} failed ({told[-1] if told else done.returncode}): "
            "it must be as new as the server, and its user must own the tables"
        )


def _tool(name: str) -> str:
    newest = sorted(_DEBIAN.glob(f"*/bin/{name}"), key=lambda path: _major(path.parts[-3]))
    found = shutil.which(name) or (str(newest[-1]) if newest else None)
    if found is None:
        raise BackupError(f"there is no {name} on this machine: install postgresql-client")
    return found


def _major(folder: str) -> int:
    return int(folder) if folder.isdigit() else 0


def _without_password(url: URL) -> str:
    # A URL, and not what the driver makes of it: its libpq is newer than the system's tools.
    return URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database, url.query
    ).render_as_string()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise BackupError(f"the database does not take part ({reason}): see its log") from error
