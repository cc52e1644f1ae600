"""S10: any of ten thousand audit rows, altered in any column, and whether the chain tells."""

import random
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Engine, select, update

from gongfu_fleet.adapters.db.audit import SqlAuditLog, append
from gongfu_fleet.adapters.db.engine import open_database, writing
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.schema_access import AuditRow
from gongfu_fleet.domain.audit import Deed, Entry, chained, verify

ROWS = 10_000
AT_MS = 1_790_000_000_000
COLUMNS = ("at_ms", "actor", "action", "object", "outcome", "data", "previous", "hash")


@dataclass(frozen=True)
class Altered:
    """How many rows were altered, one at a time, and how many of them were told by their place."""

    rows: int
    altered: int
    detected: int

    @property
    def detected_pct(self) -> float:
        """The key of the bench."""
        return round(100.0 * self.detected / self.altered, 3) if self.altered else 0.0


def alter_in_database(folder: Path, *, times: int, seed: int, rows: int = ROWS) -> Altered:
    """Alter that many rows of a real database one after the other, and put them right again."""
    engine = open_database(f"sqlite:///{folder}/audit.db")
    upgrade(engine)
    with writing(engine) as session:
        append(session, *(_deed(number) for number in range(rows)))
    dice, found = random.Random(seed), 0
    try:
        for _ in range(times):
            found += _told(engine, dice.randint(1, rows), dice.choice(COLUMNS))
    finally:
        engine.dispose()
    return Altered(rows, times, found)


def alter_every_row(*, seed: int, rows: int = ROWS) -> Altered:
    """Alter each row once, in a column by chance, and walk the chain from its beginning."""
    entries: list[Entry] = []
    for number in range(rows):
        entries.append(chained(_deed(number), entries[-1] if entries else None))
    dice, found = random.Random(seed), 0
    for place, entry in enumerate(entries):
        column = dice.choice(COLUMNS)
        other = {column: _other(getattr(entry, column))}
        entries[place] = replace(entry, **other)  # type: ignore[arg-type] # any column
        found += _named(verify(entries).fault, place + 1)
        entries[place] = entry
    return Altered(rows, rows, found)


def _deed(number: int) -> Deed:
    return Deed(AT_MS + number, f"user-{number % 7}", "incident.acknowledge", f"incident:{number}")


def _told(engine: Engine, seq: int, column: str) -> bool:
    found = select(getattr(AuditRow, column)).where(AuditRow.seq == seq)
    with writing(engine) as session:
        before: str | int = session.execute(found).scalar_one()
    _set(engine, seq, column, _other(before))
    fault = SqlAuditLog(engine).verify().fault
    _set(engine, seq, column, before)
    return _named(fault, seq)


def _set(engine: Engine, seq: int, column: str, value: str | int) -> None:
    with writing(engine) as session:
        session.execute(update(AuditRow).where(AuditRow.seq == seq).values({column: value}))


def _other(value: str | int) -> str | int:
    return value + 1 if isinstance(value, int) else f"{value[:50]}x"


def _named(fault: str | None, seq: int) -> bool:
    """A broken link shows at the altered row, or at the one that follows it."""
    return fault is not None and fault.startswith((f"entry {seq}:", f"entry {seq + 1}:"))
