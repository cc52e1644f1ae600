"""Tables of the registry: places, assets, policies. People: schema_access.py.

Only types and constraints that SQLite and PostgreSQL both know. ``*_ms`` are UTC milliseconds,
``lon``/``lat`` WGS-84 degrees, ``*_s`` seconds. Other modules of this package derive from ``Base``.
"""

from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Double, ForeignKey, MetaData, String, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The one metadata; constraints get names, so that migrations can drop them."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        float: Double()
    }  # SQLAlchemy types this map so


class CountyRow(Base):
    """A county: 6-digit code; ``polygon`` is a GeoJSON geometry as text."""

    __tablename__ = "county"

    code: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    lon: Mapped[float]
    lat: Mapped[float]
    polygon: Mapped[str] = mapped_column(Text)


class TownRow(Base):
    """A town: 9-digit code."""

    __tablename__ = "town"

    code: Mapped[str] = mapped_column(String(9), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    county_code: Mapped[str] = mapped_column(ForeignKey("county.code"), index=True)
    lon: Mapped[float]
    lat: Mapped[float]
    position_source: Mapped[str] = mapped_column(String(120))
    served: Mapped[bool]
    polygon: Mapped[str] = mapped_column(Text)


class VillageRow(Base):
    """A village: 12-digit code, for names repeat; ``position_source`` says how sure it is."""

    __tablename__ = "village"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    town_code: Mapped[str] = mapped_column(ForeignKey("town.code"), index=True)
    lon: Mapped[float]
    lat: Mapped[float]
    position_source: Mapped[str] = mapped_column(String(120))
    served: Mapped[bool]
    polygon: Mapped[str] = mapped_column(Text)


class DepotRow(Base):
    """Where trucks start and end their day."""

    __tablename__ = "depot"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    county_code: Mapped[str] = mapped_column(ForeignKey("county.code"), index=True)
    lon: Mapped[float]
    lat: Mapped[float]


class AssetRow(Base):
    """A truck or a cabinet, from the plan to the scrapyard; ``place`` is the spot in words."""

    __tablename__ = "asset"
    __table_args__ = (
        CheckConstraint("kind IN ('truck', 'cabinet')", name="kind"),
        CheckConstraint(
            "lifecycle IN ('planned', 'contracted', 'installed', 'live', 'retired')",
            name="lifecycle",
        ),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(80))
    site: Mapped[str] = mapped_column(String(40), index=True)
    lon: Mapped[float]
    lat: Mapped[float]
    position_source: Mapped[str] = mapped_column(String(120))
    lifecycle: Mapped[str] = mapped_column(String(20))
    county_code: Mapped[str | None] = mapped_column(ForeignKey("county.code"))
    depot: Mapped[str | None] = mapped_column(ForeignKey("depot.id"))
    model: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(String(120))
    operator: Mapped[str] = mapped_column(String(40), index=True, server_default=text("''"))
    town_code: Mapped[str | None] = mapped_column(String(9))
    gateway: Mapped[str | None] = mapped_column(String(30))


class ZoneRow(Base):
    """One climate zone of an asset: which metric measures it, which product class it keeps."""

    __tablename__ = "zone"

    asset_id: Mapped[str] = mapped_column(
        ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True
    )
    zone: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    metric: Mapped[str] = mapped_column(String(40))
    product_class: Mapped[str] = mapped_column(String(40))


class CallRow(Base):
    """When a truck is expected in a village: its whole week from the day ``from_day`` on.

    ``from_day`` counts days since 1970-01-01, ``weekday`` from 1 for Monday, ``*_min`` minutes
    after midnight in Asia/Shanghai.
    """

    __tablename__ = "timetable_call"

    asset_id: Mapped[str] = mapped_column(
        ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True
    )
    from_day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    weekday: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    village_code: Mapped[str] = mapped_column(ForeignKey("village.code"), primary_key=True)
    from_min: Mapped[int]
    until_min: Mapped[int]


class PolicyRow(Base):
    """Limits and delays of a product class; the highest version counts, older ones are evidence."""

    __tablename__ = "policy"

    product_class: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    low_celsius: Mapped[float | None]
    high_celsius: Mapped[float | None]
    deadband_celsius: Mapped[float]
    on_delay_s: Mapped[int]
    low_on_delay_s: Mapped[int]
    off_delay_s: Mapped[int]
    max_gap_s: Mapped[int]
    source: Mapped[str] = mapped_column(Text)


class RegistryStateRow(Base):
    """One row (id 1): the revision grows with every import, so readers may keep what they read."""

    __tablename__ = "registry_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]
