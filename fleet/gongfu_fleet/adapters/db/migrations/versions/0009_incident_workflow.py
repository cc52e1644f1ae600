"""What people do about an incident: assignment, shelving, service, disposition, closing."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COLUMNS = ("consequence", "eta_ms", "assignee", "shelved_until_ms", "out_of_service", "handling")
KEY = ["incident_id", "key"]


def upgrade() -> None:
    # Never in batch mode: SQLite would copy the tables, and the ledger hangs on the incidents.
    for column in _columns():
        op.add_column("incident", column)
    op.add_column("incident_event", sa.Column("key", sa.String(48), nullable=True))
    op.create_index("ix_incident_event_incident_id_key", "incident_event", KEY, unique=True)
    op.create_index("ix_incident_event_at_ms", "incident_event", ["at_ms"])


def downgrade() -> None:
    op.drop_index("ix_incident_event_at_ms", "incident_event")
    op.drop_index("ix_incident_event_incident_id_key", "incident_event")
    op.drop_column("incident_event", "key")
    for name in COLUMNS:
        op.drop_column("incident", name)


def _columns() -> tuple[sa.Column[Any], ...]:  # Any: columns of several types
    return (
        sa.Column("consequence", sa.String(20), nullable=False, server_default=sa.text("'none'")),
        sa.Column("eta_ms", sa.BigInteger(), nullable=True),
        sa.Column("assignee", sa.String(80), nullable=True),
        sa.Column("shelved_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("out_of_service", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("handling", sa.Text(), nullable=False, server_default=sa.text("'{}'")),
    )
