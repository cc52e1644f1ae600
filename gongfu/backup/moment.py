"""One moment of everything: consumers first, the log last, so that no cursor is ahead of its log.

All snapshots are opened before anything is copied, milliseconds apart. The log may have been
trimmed in between, past a consumer that was far behind; then the moment is taken again.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from gongfu.backup.archive import Facts, FleetFacts, FleetKind, LogFacts
from gongfu.backup.postgres_copy import FrozenPostgres, frozen_postgres
from gongfu.backup.sqlite_copy import copy_frozen, frozen
from gongfu.errors import BackupError
from gongfu_fleet.adapters.db.engine import is_postgresql
from gongfu_fleet.services.watch_ports import Cursor

FLEET, FLEET_DUMP, TELEMETRY = "fleet.db", "fleet.dump", "telemetry.db"
# The forwarder's book, and the rings of the demonstration's devices: either may be missing.
BESIDE = ("influx.db", "devices.db")
ATTEMPTS = 5
_CURSORS = "SELECT name, log_id, seq FROM consumer_cursor"
_REVISION = "SELECT version_num FROM alembic_version"
Query = Callable[[str], Sequence[Sequence[Any]]]  # Any: the query decides


@dataclass(frozen=True)
class Moment:
    """Open snapshots that fit each other."""

    facts: Facts
    databases: Mapping[str, sqlite3.Connection]
    postgres: FrozenPostgres | None

    def copy(self, folder: Path) -> list[Path]:
        """Write every snapshot into the folder; returns the files."""
        if self.postgres:
            self.postgres.dump(folder / FLEET_DUMP)
        for name, source in self.databases.items():
            copy_frozen(source, folder / name)
        return sorted(path for path in folder.iterdir() if path.is_file())


@contextmanager
def one_moment(state: Path, engine: Engine) -> Iterator[Moment]:
    """Snapshots that fit, held open for the block. Raises BackupError."""
    why: str | None = None
    for _ in range(ATTEMPTS):
        with ExitStack() as stack:
            moment = _open(stack, state, engine)
            why = misfit(moment.facts)
            if why is None:
                yield moment
                return
    raise BackupError(f"{why}, at every attempt: see /health, and back up when it is well again")


def misfit(facts: Facts) -> str | None:
    """Why consumers and log are not of one moment; None when they are."""
    log = facts.log
    for name, (log_id, seq) in facts.fleet.cursors.items():
        if log_id != log.log_id:
            return f"the cursor of {name} belongs to another log than {TELEMETRY}"
        if seq > log.head:
            return f"the cursor of {name} is at {seq}, the log ends at {log.head}"
        if seq < log.trimmed:
            return f"the log was trimmed up to {log.trimmed}, {name} needs it from {seq} on"
    return None


def log_facts(log: sqlite3.Connection) -> LogFacts:
    """What a telemetry.db says of its log."""
    meta = dict(log.execute("SELECT key, value FROM meta").fetchall())
    head = log.execute("SELECT seq FROM sqlite_sequence WHERE name = 'log'").fetchone()
    return LogFacts(meta["schema"], meta["log_id"], head[0] if head else 0, int(meta["trimmed"]))


def fleet_facts(ask: Query, kind: FleetKind) -> FleetFacts:
    """What a fleet database says of itself; ``ask`` runs a query on it."""
    cursors = {name: Cursor(log_id, seq) for name, log_id, seq in ask(_CURSORS)}
    return FleetFacts(kind, ask(_REVISION)[0][0], cursors)


def _open(stack: ExitStack, state: Path, engine: Engine) -> Moment:
    beside = [name for name in BESIDE if (state / name).exists()]
    databases = {name: stack.enter_context(frozen(state / name)) for name in beside}
    postgres = None
    if is_postgresql(engine):
        postgres = stack.enter_context(frozen_postgres(engine))
        fleet = fleet_facts(postgres.ask, "postgresql")
    else:
        source = stack.enter_context(frozen(Path(str(engine.url.database))))
        databases[FLEET] = source
        fleet = fleet_facts(lambda query: source.execute(query).fetchall(), "sqlite")
    databases[TELEMETRY] = stack.enter_context(frozen(state / TELEMETRY))
    return Moment(Facts(fleet, log_facts(databases[TELEMETRY])), databases, postgres)
