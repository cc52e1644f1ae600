"""Failed sign-ins in the relational store: every API process counts in the same table."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.schema_access import SignInTallyRow
from gongfu_fleet.domain.attempts import (
    FORGET_MS,
    Bucket,
    Counts,
    Tally,
    counted,
    wait_ms,
)

# A right password clears what was counted for this person here, and takes back the rest: whoever
# has an account of their own must not clear the count of an address by signing in.
_CLEARED = frozenset({Counts.PAIR, Counts.BROWSER})


@dataclass
class SqlTallies:
    """Part of the port Sessions."""

    engine: Engine

    def reserve(self, buckets: Sequence[Bucket], now_ms: int) -> int:
        """Count one attempt in each and return 0, or count nothing and return the wait in ms."""
        # A closed door is told by reading alone, so that a flood writes nothing.
        with reading(self.engine) as session:
            if wait := _wait(session, buckets, now_ms):
                return wait
        with writing(self.engine) as session:
            if wait := _wait(session, buckets, now_ms):
                return wait
            for bucket in buckets:
                _count(session, bucket, now_ms)
            session.execute(
                delete(SignInTallyRow).where(SignInTallyRow.last_ms < now_ms - FORGET_MS)
            )
        return 0


def release(session: Session, buckets: Sequence[Bucket]) -> None:
    """Take back what an attempt with the right password counted."""
    for bucket in buckets:
        mine = SignInTallyRow.bucket == _key(bucket)
        if bucket.by in _CLEARED:
            session.execute(delete(SignInTallyRow).where(mine))
        else:
            fewer = SignInTallyRow.failures - 1
            session.execute(update(SignInTallyRow).where(mine).values(failures=fewer))


def _wait(session: Session, buckets: Sequence[Bucket], now_ms: int) -> int:
    keys = {_key(bucket): bucket.by for bucket in buckets}
    rows = session.scalars(select(SignInTallyRow).where(SignInTallyRow.bucket.in_(keys)))
    waits = (wait_ms(keys[row.bucket], Tally(row.failures, row.last_ms), now_ms) for row in rows)
    return max(waits, default=0)


def _count(session: Session, bucket: Bucket, now_ms: int) -> None:
    key = _key(bucket)
    row = session.get(SignInTallyRow, key)
    tally = counted(Tally(row.failures, row.last_ms) if row else None, now_ms)
    if row is None:
        session.add(SignInTallyRow(bucket=key, failures=tally.failures, last_ms=tally.last_ms))
    else:
        row.failures, row.last_ms = tally


def _key(bucket: Bucket) -> str:
    return hashlib.sha256(f"{bucket.by}\n{bucket.key}".encode()).hexdigest()
