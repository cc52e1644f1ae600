"""Whose account a person of a sign-in provider is."""

from dataclasses import dataclass

from sqlalchemy import Engine, ForeignKey, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from gongfu_fleet.adapters.db.audit import append
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.people_rows import account_of, grant_rows, user_row
from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.adapters.db.schema_access import UserRow
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.oidc import Identity
from gongfu_fleet.domain.people import Account
from gongfu_fleet.errors import ConflictError


class IdentityRow(Base):
    """A subject of an issuer, as its ID tokens name them."""

    __tablename__ = "identity"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)


@dataclass
class SqlIdentities:
    """Fits the port Identities."""

    engine: Engine

    def account_of(self, identity: Identity) -> Account | None:
        """The account of this person; None at the first time."""
        mine = (IdentityRow.issuer == identity.issuer, IdentityRow.subject == identity.subject)
        query = select(UserRow).join(IdentityRow, IdentityRow.user_id == UserRow.id)
        with reading(self.engine) as session:
            row = session.scalar(query.where(*mine))
            return None if row is None else account_of(session, row)

    def add(self, identity: Identity, account: Account, deed: Deed) -> None:
        """Register both. Raises ConflictError when the name or the identity is taken."""
        try:
            with writing(self.engine) as session:
                session.add(user_row(account))
                session.flush()
                session.add_all(grant_rows(account.id, account.scope))
                session.add(
                    IdentityRow(
                        issuer=identity.issuer, subject=identity.subject, user_id=account.id
                    )
                )
                append(session, deed)
        except IntegrityError as fault:
            raise ConflictError(
                f"There is an account {account.name} already.", "Sign in once more."
            ) from fault
