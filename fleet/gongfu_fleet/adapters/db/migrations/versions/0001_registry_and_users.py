"""Places, assets, zones, policies, users and web sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _places()
    _assets()
    _people()


def downgrade() -> None:
    for table in (
        "web_session",
        "user",
        "registry_state",
        "policy",
        "zone",
        "asset",
        "depot",
        "village",
        "town",
        "county",
    ):
        op.drop_table(table)


def _places() -> None:
    op.create_table(
        "county",
        sa.Column("code", sa.String(6), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("polygon", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_county"),
    )
    _place_in("town", 9, "county", 6)
    _place_in("village", 12, "town", 9)
    op.create_table(
        "depot",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("county_code", sa.String(6), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_depot"),
        sa.ForeignKeyConstraint(["county_code"], ["county.code"], "fk_depot_county_code_county"),
    )
    op.create_index("ix_depot_county_code", "depot", ["county_code"])


def _place_in(table: str, digits: int, parent: str, parent_digits: int) -> None:
    column = f"{parent}_code"
    op.create_table(
        table,
        sa.Column("code", sa.String(digits), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column(column, sa.String(parent_digits), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("position_source", sa.String(120), nullable=False),
        sa.Column("served", sa.Boolean(), nullable=False),
        sa.Column("polygon", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=f"pk_{table}"),
        sa.ForeignKeyConstraint([column], [f"{parent}.code"], f"fk_{table}_{column}_{parent}"),
    )
    op.create_index(f"ix_{table}_{column}", table, [column])


def _assets() -> None:
    op.create_table(
        "asset",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("site", sa.String(40), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("position_source", sa.String(120), nullable=False),
        sa.Column("lifecycle", sa.String(20), nullable=False),
        sa.Column("county_code", sa.String(6), nullable=True),
        sa.Column("depot", sa.String(40), nullable=True),
        sa.Column("model", sa.String(80), nullable=False),
        sa.Column("place", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_asset"),
        sa.ForeignKeyConstraint(["county_code"], ["county.code"], "fk_asset_county_code_county"),
        sa.ForeignKeyConstraint(["depot"], ["depot.id"], "fk_asset_depot_depot"),
        sa.CheckConstraint("kind IN ('truck', 'cabinet')", name=op.f("ck_asset_kind")),
        sa.CheckConstraint(
            "lifecycle IN ('planned', 'contracted', 'installed', 'live', 'retired')",
            name=op.f("ck_asset_lifecycle"),
        ),
    )
    op.create_index("ix_asset_site", "asset", ["site"])
    op.create_table(
        "zone",
        sa.Column("asset_id", sa.String(40), nullable=False),
        sa.Column("zone", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("metric", sa.String(40), nullable=False),
        sa.Column("product_class", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", "zone", name="pk_zone"),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["asset.id"], "fk_zone_asset_id_asset", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "policy",
        sa.Column("product_class", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("low_celsius", sa.Double(), nullable=True),
        sa.Column("high_celsius", sa.Double(), nullable=True),
        sa.Column("deadband_celsius", sa.Double(), nullable=False),
        sa.Column("on_delay_s", sa.Integer(), nullable=False),
        sa.Column("low_on_delay_s", sa.Integer(), nullable=False),
        sa.Column("off_delay_s", sa.Integer(), nullable=False),
        sa.Column("max_gap_s", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("product_class", "version", name="pk_policy"),
    )
    op.create_table(
        "registry_state",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registry_state"),
    )


def _people() -> None:
    op.create_table(
        "user",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("name", name="uq_user_name"),
        sa.CheckConstraint("role IN ('viewer', 'manager', 'admin')", name=op.f("ck_user_role")),
    )
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
