"""What sign-in remembers: rotating sessions, known browsers, failed attempts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Sessions of before have no id: people sign in again.
    op.drop_table("web_session")
    op.create_table(
        "web_session",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("previous_sha256", sa.String(64), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("rotated_ms", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_ms", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_web_session"),
        sa.UniqueConstraint("token_sha256", name="uq_web_session_token_sha256"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], "fk_web_session_user_id_user", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_web_session_user_id", "web_session", ["user_id"])
    op.create_index("ix_web_session_previous_sha256", "web_session", ["previous_sha256"])
    op.create_table(
        "known_browser",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("browser_sha256", sa.String(64), nullable=False),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "browser_sha256", "address", name="pk_known_browser"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], "fk_known_browser_user_id_user", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "sign_in_tally",
        sa.Column("bucket", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_sign_in_tally"),
    )
    op.create_index("ix_sign_in_tally_last_ms", "sign_in_tally", ["last_ms"])


def downgrade() -> None:
    for table in ("sign_in_tally", "known_browser", "web_session"):
        op.drop_table(table)
    op.create_table(
        "web_session",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_sha256", name="pk_web_session"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], "fk_web_session_user_id_user", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_web_session_user_id", "web_session", ["user_id"])
