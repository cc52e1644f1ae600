"""Scopes, operators, tokens, the audit log; more roles."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OLD_ROLES = "role IN ('viewer', 'manager', 'admin')"
ROLES = "role IN ('viewer', 'auditor', 'crew', 'dispatcher', 'manager', 'admin')"
KINDS = "kind IN ('county', 'town', 'truck', 'cabinet', 'operator')"


def upgrade() -> None:
    # Not in batch mode: SQLite would copy the table, and dropping the old one empties its zones.
    op.add_column(
        "asset", sa.Column("operator", sa.String(40), nullable=False, server_default=sa.text("''"))
    )
    op.add_column("asset", sa.Column("town_code", sa.String(9), nullable=True))
    op.create_index("ix_asset_operator", "asset", ["operator"])
    # Who ran the assets before operators existed is told by their site.
    op.execute(sa.text("UPDATE asset SET operator = site"))
    # On SQLite the table is copied and web sessions end: people sign in again.
    with op.batch_alter_table("user") as user:
        user.drop_constraint(op.f("ck_user_role"), type_="check")
        user.create_check_constraint(op.f("ck_user_role"), ROLES)
        user.add_column(
            sa.Column("scoped", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.create_table(
        "user_grant",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("ref", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", "ref", name="pk_user_grant"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], "fk_user_grant_user_id_user", ondelete="CASCADE"
        ),
        sa.CheckConstraint(KINDS, name=op.f("ck_user_grant_kind")),
    )
    _tokens()
    _audit()


def _tokens() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("scoped", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.UniqueConstraint("token_sha256", name="uq_api_token_token_sha256"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], "fk_api_token_user_id_user", ondelete="CASCADE"
        ),
        sa.CheckConstraint(ROLES, name=op.f("ck_api_token_role")),
    )
    op.create_index("ix_api_token_user_id", "api_token", ["user_id"])
    op.create_table(
        "api_token_grant",
        sa.Column("token_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("ref", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("token_id", "kind", "ref", name="pk_api_token_grant"),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["api_token.id"],
            "fk_api_token_grant_token_id_api_token",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(KINDS, name=op.f("ck_api_token_grant_kind")),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(120), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("object", sa.String(120), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    for name in ("actor", "action", "object"):
        op.create_index(f"ix_audit_{name}", "audit", [name])


def downgrade() -> None:
    for table in ("audit", "api_token_grant", "api_token", "user_grant"):
        op.drop_table(table)
    # Roles that did not exist become the least of those that did.
    op.execute(
        sa.text("UPDATE \"user\" SET role = 'viewer' WHERE role NOT IN ('manager', 'admin')")
    )
    with op.batch_alter_table("user") as user:
        user.drop_column("scoped")
        user.drop_constraint(op.f("ck_user_role"), type_="check")
        user.create_check_constraint(op.f("ck_user_role"), OLD_ROLES)
    op.drop_index("ix_asset_operator", "asset")
    op.drop_column("asset", "town_code")
    op.drop_column("asset", "operator")
