"""Which gateway an asset is linked through; none of those there are."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("asset", sa.Column("gateway", sa.String(30), nullable=True))


def downgrade() -> None:
    op.drop_column("asset", "gateway")
