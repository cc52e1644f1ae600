"""When trucks are expected in which village, in versions that begin on a day."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "timetable_call",
        sa.Column("asset_id", sa.String(40), nullable=False),
        sa.Column("from_day", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("weekday", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("village_code", sa.String(12), nullable=False),
        sa.Column("from_min", sa.Integer(), nullable=False),
        sa.Column("until_min", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"],
            ["asset.id"],
            name="fk_timetable_call_asset_id_asset",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["village.code"], name="fk_timetable_call_village_code_village"
        ),
        sa.PrimaryKeyConstraint(
            "asset_id", "from_day", "weekday", "village_code", name="pk_timetable_call"
        ),
    )


def downgrade() -> None:
    op.drop_table("timetable_call")
