"""Which due times of recurring jobs were taken."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "job_run",
        sa.Column("job", sa.String(80), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("next_due_ms", sa.BigInteger(), nullable=False),
        sa.Column("begin_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("job", "due_ms", name="pk_job_run"),
    )


def downgrade() -> None:
    op.drop_table("job_run")
