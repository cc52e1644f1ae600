"""Bringing a database to the age of this program: Alembic, run from the program itself."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from gongfu_fleet.adapters.db.engine import lock_writes
from gongfu_fleet.errors import DatabaseUnusableError


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply all migrations up to ``revision`` in one transaction. Raises DatabaseUnusableError."""
    _run(engine, revision, down=False)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Undo migrations down to ``revision``; what their tables held is gone."""
    _run(engine, revision, down=True)


def knows(revision: str) -> bool:
    """Whether this program has the migrations up to ``revision``."""
    try:
        return ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "gongfu_fleet.adapters.db:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _run(engine: Engine, revision: str, *, down: bool) -> None:
    config = _config()
    try:
        with engine.begin() as connection:
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
        reason = str(fault.orig).strip().partition("\n")[0]
        raise DatabaseUnusableError(
            f"The database does not answer: {reason}.",
            "See that it runs, and that GONGFU_DATABASE__URL names it and its user rightly.",
        ) from fault
