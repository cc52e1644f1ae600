"""Bringing a database to the age of this program: Alembic, run from the program itself.

Alembic is loaded only when there is something to migrate: it costs half a second of CPU, and a
worker that was killed is to be back soon.
"""

import threading
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError

from gongfu_fleet.adapters.db.engine import lock_writes, reading
from gongfu_fleet.errors import DatabaseUnusableError

if TYPE_CHECKING:
    from alembic.config import Config

# The newest file under migrations/versions; a test compares the two.
HEAD = "0015"
# Alembic keeps what it works on in globals, so threads of a process take turns.
_ALEMBIC = threading.Lock()


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply all migrations up to ``revision`` in one transaction. Raises DatabaseUnusableError."""
    if revision != "head" or _revision(engine) != HEAD:
        _run(engine, revision, down=False)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Undo migrations down to ``revision``; what their tables held is gone."""
    _run(engine, revision, down=True)


def knows(revision: str) -> bool:
    """Whether this program has the migrations up to ``revision``."""
    return revision == HEAD or _has_script(revision)


def _revision(engine: Engine) -> str | None:
    try:
        if not inspect(engine).has_table("alembic_version"):
            return None
        with reading(engine) as session:
            found = session.scalar(text("SELECT version_num FROM alembic_version"))
            return None if found is None else str(found)
    except OperationalError as fault:
        raise _silent(fault) from fault


def _has_script(revision: str) -> bool:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see the top
    from alembic.util import CommandError  # noqa: PLC0415 - see the top

    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see the top

    config = Config()
    config.set_main_option("script_location", "gongfu_fleet.adapters.db:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _run(engine: Engine, revision: str, *, down: bool) -> None:
    from alembic import command  # noqa: PLC0415 - see the top
    from alembic.util import CommandError  # noqa: PLC0415 - see the top

    config = _config()
    try:
        with _ALEMBIC, engine.begin() as connection:
            lock_writes(connection)  # the worker and the API may start in the same moment
            config.attributes["connection"] = connection
            if down:
                command.downgrade(config, revision)
            else:
                command.upgrade(config, revision)
    except CommandError as fault:
        raise DatabaseUnusableError(
            f"The database cannot be brought to {revision}: {fault}.",
            "It was probably written by a newer Gongfu: start that one, or restore a backup.",
        ) from fault
    except OperationalError as fault:
        raise _silent(fault) from fault


def _silent(fault: OperationalError) -> DatabaseUnusableError:
    reason = str(fault.orig).strip().partition("\n")[0]
    return DatabaseUnusableError(
        f"The database does not answer: {reason}.",
        "See that it runs, and that GONGFU_DATABASE__URL names it and its user rightly.",
    )
