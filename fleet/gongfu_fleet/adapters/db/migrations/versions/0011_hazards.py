"""Hazards that are no temperatures: their incidents have neither a peak nor a limit.

States and checkpoints of the plain rule stay as they are: the watch knows them by their shape and
judges their zones anew from the readings.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = ("peak_celsius", "limit_celsius")


def upgrade() -> None:
    _remake(nullable=True)


def downgrade() -> None:
    _remake(nullable=False)


def _remake(*, nullable: bool) -> None:
    # Never in batch mode: SQLite would copy the table, and the ledger hangs on the incidents.
    for name in COLUMNS:
        default = None if nullable else sa.text("0")
        column: sa.Column[float] = sa.Column(
            f"{name}_new", sa.Double(), nullable=nullable, server_default=default
        )
        op.add_column("incident", column)
        told = sa.table("incident", sa.column(name), sa.column(f"{name}_new"))
        here = told.c[name].is_not(None)
        op.execute(told.update().values({f"{name}_new": told.c[name]}).where(here))
        op.drop_column("incident", name)
        op.execute(f"ALTER TABLE incident RENAME COLUMN {name}_new TO {name}")
