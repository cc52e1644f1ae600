"""Cold-chain policies: one row per version of a layer, never changed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cold_policy_version",
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("layer", sa.String(10), nullable=False),
        sa.Column("ref", sa.String(80), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_name", sa.String(120), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("valid_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("restores", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("version", name="pk_cold_policy_version"),
        sa.UniqueConstraint("layer", "ref", "before", name="uq_cold_policy_version_layer"),
    )


def downgrade() -> None:
    op.drop_table("cold_policy_version")
