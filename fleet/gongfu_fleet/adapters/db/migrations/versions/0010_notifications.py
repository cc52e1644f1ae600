"""Who is told: outbox, sealed messages, attempts, the ladder, duty, acknowledge links."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_message",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("form", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("made_real_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_real_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_real_ms", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notice_message"),
    )
    op.create_index("ix_notice_message_channel_state", "notice_message", ["channel", "state"])
    op.create_table(
        "notice",
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("incident_id", sa.String(36), nullable=False),
        sa.Column("transition", sa.String(20), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("mentions", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("made_real_ms", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.String(36), nullable=True),
        sa.Column("dropped", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_notice"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["notice_message.id"], "fk_notice_message_id_notice_message"
        ),
    )
    op.create_index("ix_notice_incident_id", "notice", ["incident_id"])
    op.create_index("ix_notice_message_id", "notice", ["message_id"])
    op.create_index("ix_notice_channel_message_id", "notice", ["channel", "message_id"])
    op.create_index("ix_notice_channel_made_real_ms", "notice", ["channel", "made_real_ms"])
    op.create_table(
        "notice_attempt",
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("started_real_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_real_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", "n", name="pk_notice_attempt"),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["notice_message.id"],
            "fk_notice_attempt_message_id_notice_message",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_notice_attempt_channel_started", "notice_attempt", ["channel", "started_real_ms"]
    )
    _small_tables()


def _small_tables() -> None:
    op.create_table(
        "notice_cursor",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notice_cursor"),
    )
    op.create_table(
        "notice_channel",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("flood", sa.Boolean(), nullable=False),
        sa.Column("digest_real_ms", sa.BigInteger(), nullable=True),
        sa.Column("held_until_real_ms", sa.BigInteger(), nullable=False),
        sa.Column("held_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notice_channel"),
    )
    op.create_table(
        "notice_ascent",
        sa.Column("incident_id", sa.String(36), nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name="pk_notice_ascent"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], "fk_notice_ascent_incident_id_incident"
        ),
    )
    op.create_index("ix_notice_ascent_due_ms", "notice_ascent", ["due_ms"])
    op.create_table(
        "notice_link_use",
        sa.Column("message_id", sa.String(36), nullable=False),
        sa.Column("used_real_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_notice_link_use"),
    )
    op.create_table(
        "duty_shift",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("person", sa.String(80), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("weekdays", sa.String(20), nullable=False),
        sa.Column("from_min", sa.Integer(), nullable=False),
        sa.Column("to_min", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("contact", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_duty_shift"),
    )


def downgrade() -> None:
    for table in (
        "duty_shift",
        "notice_link_use",
        "notice_cursor",
        "notice_ascent",
        "notice_channel",
        "notice_attempt",
        "notice",
        "notice_message",
    ):
        op.drop_table(table)
