"""What devices sign in with, and the codes printed on them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device_credential",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("login", sa.String(80), nullable=False),
        sa.Column("nats_hash", sa.String(80), nullable=True),
        sa.Column("mosquitto_hash", sa.String(200), nullable=True),
        sa.Column("serial", sa.String(40), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_device_credential"),
        sa.CheckConstraint("kind IN ('secret', 'certificate')", name="ck_device_credential_kind"),
        sa.ForeignKeyConstraint(["device"], ["asset.id"], "fk_device_credential_device_asset"),
    )
    op.create_index("ix_device_credential_device", "device_credential", ["device"])
    op.create_table(
        "device_claim",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("device", sa.String(40), nullable=False),
        sa.Column("code_sha256", sa.String(64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_device_claim"),
        sa.UniqueConstraint("code_sha256", name="uq_device_claim_code_sha256"),
        sa.ForeignKeyConstraint(["device"], ["asset.id"], "fk_device_claim_device_asset"),
    )
    op.create_index("ix_device_claim_device", "device_claim", ["device"])
    op.create_table(
        "device_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device_state"),
    )


def downgrade() -> None:
    for table in ("device_state", "device_claim", "device_credential"):
        op.drop_table(table)
