"""Web sessions and known browsers in the relational store."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.audit import append
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.people_rows import account_of, session_of, session_row
from gongfu_fleet.adapters.db.schema_access import KnownBrowserRow, UserRow, WebSessionRow
from gongfu_fleet.adapters.db.tallies import SqlTallies, release
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.people import Account
from gongfu_fleet.domain.web_session import ABSOLUTE_MS, IDLE_MS, WebSession
from gongfu_fleet.services.people_ports import Opening

log = logging.getLogger(__name__)
BROWSER_MS = 180 * 86_400_000
MOST_BROWSERS = 40
Found = tuple[WebSession, Account]


@dataclass
class SqlSessions(SqlTallies):
    """Fits the port Sessions."""

    def knows_browser(self, browser_sha256: str, account_id: str, now_ms: int) -> bool:
        """Whether the account signed in with this browser in the last 180 days."""
        return self._knows(KnownBrowserRow.browser_sha256 == browser_sha256, account_id, now_ms)

    def knows_address(self, address: str, account_id: str, now_ms: int) -> bool:
        """Whether it signed in at this address in the last 180 days."""
        return self._knows(KnownBrowserRow.address == address, account_id, now_ms)

    def note(self, deed: Deed) -> None:
        """Append a deed that changes nothing else."""
        with writing(self.engine) as session:
            append(session, deed)

    def open_session(self, opening: Opening, deed: Deed) -> None:
        """Keep a session, know its browser, take back what its attempt counted."""
        with writing(self.engine) as session:
            _sweep(session, opening)
            session.add(session_row(opening.web))
            _remember(session, opening)
            release(session, opening.passed)
            append(session, deed)

    def session(self, token_sha256: str) -> Found | None:
        """The session whose token this is or was; expired or not."""
        return self._found(
            or_(
                WebSessionRow.token_sha256 == token_sha256,
                WebSessionRow.previous_sha256 == token_sha256,
            )
        )

    def session_by_id(self, session_id: str) -> Found | None:
        """A session, expired or not."""
        return self._found(WebSessionRow.id == session_id)

    def sessions_of(self, account_id: str) -> Sequence[WebSession]:
        """Its sessions, newest first."""
        query = select(WebSessionRow).where(WebSessionRow.user_id == account_id)
        with reading(self.engine) as session:
            rows = session.scalars(query.order_by(WebSessionRow.created_ms.desc()))
            return [session_of(row) for row in rows]

    def rotate(self, web: WebSession, instead_of: str) -> bool:
        """Store a rotated session if its token is still ``instead_of``; whether it was."""
        still = (WebSessionRow.id == web.id, WebSessionRow.token_sha256 == instead_of)
        values = {
            "token_sha256": web.token_sha256,
            "previous_sha256": web.previous_sha256,
            "rotated_ms": web.rotated_ms,
            "confirmed_ms": web.confirmed_ms,
            "seen_ms": web.seen_ms,
        }
        statement = update(WebSessionRow).where(*still).values(**values).returning(WebSessionRow.id)
        try:
            with writing(self.engine) as session:
                return session.scalar(statement) is not None
        except OperationalError:
            log.warning("a session keeps its token: the database takes no writes")
            return False

    def seen(self, session_id: str, now_ms: int, *, confirmed: bool = False) -> None:
        """Note that the session was used; a store that is full is no reason to refuse."""
        values = {"seen_ms": now_ms} | ({"confirmed_ms": now_ms} if confirmed else {})
        mine = WebSessionRow.id == session_id
        try:
            with writing(self.engine) as session:
                session.execute(update(WebSessionRow).where(mine).values(**values))
        except OperationalError:
            log.warning("the use of a session is not noted: the database takes no writes")

    def drop_session(self, session_id: str, account_id: str, deed: Deed) -> bool:
        """End a session of this account; whether there was one."""
        mine = (WebSessionRow.id == session_id, WebSessionRow.user_id == account_id)
        statement = delete(WebSessionRow).where(*mine).returning(WebSessionRow.id)
        with writing(self.engine) as session:
            found = session.scalar(statement) is not None
            if found:
                append(session, deed)
        return found

    def _found(self, rule: ColumnElement[bool]) -> Found | None:
        query = select(WebSessionRow, UserRow).join(UserRow, WebSessionRow.user_id == UserRow.id)
        with reading(self.engine) as session:
            found = session.execute(query.where(rule)).one_or_none()
            if found is None:
                return None
            return session_of(found[0]), account_of(session, found[1])

    def _knows(self, rule: ColumnElement[bool], account_id: str, now_ms: int) -> bool:
        fresh = KnownBrowserRow.seen_ms > now_ms - BROWSER_MS
        query = select(KnownBrowserRow.user_id).where(
            rule, fresh, KnownBrowserRow.user_id == account_id
        )
        with reading(self.engine) as session:
            return session.scalar(query.limit(1)) is not None


def _sweep(session: Session, opening: Opening) -> None:
    """Forget sessions that expired, and the one that this one replaces in its browser."""
    now_ms = opening.web.created_ms
    over = (WebSessionRow.seen_ms <= now_ms - IDLE_MS) | (
        WebSessionRow.created_ms <= now_ms - ABSOLUTE_MS
    )
    if opening.instead_of:
        over |= WebSessionRow.token_sha256 == opening.instead_of
    session.execute(delete(WebSessionRow).where(over))


def _remember(session: Session, opening: Opening) -> None:
    web = opening.web
    session.merge(
        KnownBrowserRow(
            user_id=web.account_id,
            browser_sha256=opening.browser_sha256,
            address=web.address,
            seen_ms=web.created_ms,
        )
    )
    session.flush()
    mine = select(KnownBrowserRow).where(KnownBrowserRow.user_id == web.account_id)
    eldest = mine.order_by(KnownBrowserRow.seen_ms.desc()).offset(MOST_BROWSERS)
    for row in session.scalars(eldest):
        session.delete(row)
