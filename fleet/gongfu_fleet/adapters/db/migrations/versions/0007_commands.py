"""Commands to devices and their ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "command",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("asset", sa.String(40), nullable=False),
        sa.Column("site", sa.String(40), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(120), nullable=False),
        sa.Column("requested_ms", sa.BigInteger(), nullable=False),
        sa.Column("exp_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_command"),
    )
    op.create_index("ix_command_state", "command", ["state"])
    op.create_index("ix_command_asset_id", "command", ["asset", "id"])
    op.create_table(
        "command_event",
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("command_id", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_command_event"),
        sa.UniqueConstraint("command_id", "state", name="uq_command_event_command_id"),
        sa.ForeignKeyConstraint(
            ["command_id"], ["command.id"], "fk_command_event_command_id_command"
        ),
    )


def downgrade() -> None:
    op.drop_table("command_event")
    op.drop_table("command")
