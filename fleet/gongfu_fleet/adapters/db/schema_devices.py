"""Tables of what devices sign in with; times are real, UTC milliseconds."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.domain.devices import CredentialKind

KINDS = ", ".join(f"'{kind}'" for kind in CredentialKind)


class DeviceCredentialRow(Base):
    """A secret by its hashes, or a certificate by its number; rows are never removed."""

    __tablename__ = "device_credential"
    __table_args__ = (CheckConstraint(f"kind IN ({KINDS})", name="kind"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("asset.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    login: Mapped[str] = mapped_column(String(80))
    nats_hash: Mapped[str | None] = mapped_column(String(80))
    mosquitto_hash: Mapped[str | None] = mapped_column(String(200))
    serial: Mapped[str] = mapped_column(String(40))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int | None] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)


class DeviceClaimRow(Base):
    """A code printed on a device, by its SHA-256."""

    __tablename__ = "device_claim"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    device: Mapped[str] = mapped_column(ForeignKey("asset.id"), index=True)
    code_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)


class DeviceStateRow(Base):
    """One row (id 1): the revision grows with every change of a credential."""

    __tablename__ = "device_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]
