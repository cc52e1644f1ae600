"""API tokens in the relational store."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError

from gongfu_fleet.adapters.db.audit import append
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.people_rows import account_of, token_grant_rows, token_of
from gongfu_fleet.adapters.db.schema_access import ApiTokenRow, UserRow
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.people import Account
from gongfu_fleet.domain.tokens import ApiToken

log = logging.getLogger(__name__)


@dataclass
class SqlTokens:
    """Fits the port TokenStore."""

    engine: Engine

    def add(self, token: ApiToken, deed: Deed) -> None:
        """Keep a token."""
        row = ApiTokenRow(
            id=token.id,
            user_id=token.account_id,
            name=token.name,
            token_sha256=token.token_sha256,
            role=token.role.value,
            scoped=not token.scope.everything,
            created_ms=token.created_ms,
            expires_ms=token.expires_ms,
        )
        with writing(self.engine) as session:
            session.add(row)
            session.flush()
            session.add_all(token_grant_rows(token))
            append(session, deed)

    def find(self, token_sha256: str) -> tuple[ApiToken, Account] | None:
        """A token with its owner, living or not."""
        query = select(ApiTokenRow, UserRow).join(UserRow, ApiTokenRow.user_id == UserRow.id)
        with reading(self.engine) as session:
            found = session.execute(
                query.where(ApiTokenRow.token_sha256 == token_sha256)
            ).one_or_none()
            if found is None:
                return None
            return token_of(session, found[0]), account_of(session, found[1])

    def of(self, account_id: str) -> Sequence[ApiToken]:
        """The account's tokens, newest first."""
        query = select(ApiTokenRow).where(ApiTokenRow.user_id == account_id)
        with reading(self.engine) as session:
            rows = session.scalars(query.order_by(ApiTokenRow.id.desc())).all()
            return [token_of(session, row) for row in rows]

    def used(self, token_id: str, now_ms: int) -> None:
        """Note that it was used; a store that is full is no reason to refuse."""
        mine = ApiTokenRow.id == token_id
        try:
            with writing(self.engine) as session:
                session.execute(update(ApiTokenRow).where(mine).values(used_ms=now_ms))
        except OperationalError:
            log.warning("the use of a token is not noted: the database takes no writes")

    def revoke(self, token_id: str, account_id: str | None, deed: Deed) -> bool:
        """End a token (of this account); whether there was one that was not revoked before."""
        rules = [ApiTokenRow.id == token_id, ApiTokenRow.revoked_ms.is_(None)]
        if account_id is not None:
            rules.append(ApiTokenRow.user_id == account_id)
        statement = update(ApiTokenRow).where(*rules).values(revoked_ms=deed.at_ms)
        with writing(self.engine) as session:
            found = session.scalar(statement.returning(ApiTokenRow.id)) is not None
            if found:
                append(session, deed)
        return found
