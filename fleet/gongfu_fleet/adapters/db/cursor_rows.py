"""Where consumers of the log stand, kept in the transaction of what they derived."""

from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.incident_rows import ConsumerCursorRow
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.watch_ports import Cursor


def cursor_of(session: Session, consumer: str) -> Cursor | None:
    """Where the consumer stands; None before its first turn."""
    row = session.get(ConsumerCursorRow, consumer)
    return Cursor(row.log_id, row.seq) if row else None


def move_cursor(session: Session, consumer: str, before: Cursor | None, after: Cursor) -> None:
    """Move it on. Raises ConflictError when it does not stand at ``before``."""
    if cursor_of(session, consumer) != before:
        raise ConflictError(
            f"The cursor of {consumer} was moved by somebody else.",
            "Run one worker only for this log.",
        )
    session.merge(ConsumerCursorRow(name=consumer, **after._asdict()))
