"""The incident ledger, its fold for lists, and the state of the cold-chain watch."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _ledger()
    _watch()


def downgrade() -> None:
    for table in (
        "consumer_cursor",
        "zone_checkpoint",
        "zone_state",
        "incident_event",
        "incident",
    ):
        op.drop_table(table)


def _ledger() -> None:
    op.create_table(
        "incident",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("asset", sa.String(40), nullable=False),
        sa.Column("zone", sa.Integer(), nullable=False),
        sa.Column("hazard", sa.String(40), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("condition", sa.String(20), nullable=False),
        sa.Column("begin_ms", sa.BigInteger(), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.Column("peak_celsius", sa.Double(), nullable=False),
        sa.Column("unknown", sa.Text(), nullable=False),
        sa.Column("limit_celsius", sa.Double(), nullable=False),
        sa.Column("product_class", sa.String(40), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("workflow", sa.String(20), nullable=False),
        sa.Column("acked_by", sa.String(80), nullable=True),
        sa.Column("acked_ms", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("merged_into", sa.String(36), nullable=True),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_index("ix_incident_open_id", "incident", ["open", "id"])
    op.create_index("ix_incident_asset_zone_hazard", "incident", ["asset", "zone", "hazard"])
    op.create_table(
        "incident_event",
        sa.Column("incident_id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("by", sa.String(80), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "n", name="pk_incident_event"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], "fk_incident_event_incident_id_incident"
        ),
        sa.UniqueConstraint("seq", name="uq_incident_event_seq"),
    )


def _watch() -> None:
    op.create_table(
        "zone_state",
        sa.Column("asset", sa.String(40), nullable=False),
        sa.Column("zone", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("covered_seq", sa.BigInteger(), nullable=True),
        sa.Column("covered_from_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("asset", "zone", name="pk_zone_state"),
    )
    op.create_table(
        "zone_checkpoint",
        sa.Column("asset", sa.String(40), nullable=False),
        sa.Column("zone", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "zone", "at_ms", name="pk_zone_checkpoint"),
    )
    op.create_table(
        "consumer_cursor",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("log_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_consumer_cursor"),
    )
