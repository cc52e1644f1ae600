"""People who sign in at a provider: whose account a subject of an issuer is."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_identity"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], "fk_identity_user_id_user", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_identity_user_id", "identity", ["user_id"])


def downgrade() -> None:
    op.drop_table("identity")
