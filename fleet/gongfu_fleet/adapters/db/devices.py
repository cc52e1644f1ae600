"""Credentials and codes of devices in the relational store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.audit import append
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.schema import AssetRow, RegistryStateRow
from gongfu_fleet.adapters.db.schema_devices import (
    DeviceClaimRow,
    DeviceCredentialRow,
    DeviceStateRow,
)
from gongfu_fleet.adapters.db.tallies import SqlTallies, release
from gongfu_fleet.adapters.db.within import within
from gongfu_fleet.domain.assets import Lifecycle
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.devices import Claim, Credential, CredentialKind, Hashes, Plan
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import NotFoundError
from gongfu_fleet.services.devices_ports import Decide, Step, Taking

_NOT_YET = frozenset({Lifecycle.PLANNED.value, Lifecycle.CONTRACTED.value})


@dataclass
class SqlDevices(SqlTallies):
    """Fits the port DeviceStore."""

    def revision(self) -> int:
        """Grows with every change of a credential; 0 at first."""
        with reading(self.engine) as session:
            return session.scalar(select(DeviceStateRow.revision)) or 0

    def credentials(self, scope: Scope = EVERYTHING) -> Sequence[Credential]:
        """Those of the scope's assets, ended ones too, by device and age."""
        row = DeviceCredentialRow
        query = select(row).join(AssetRow, row.device == AssetRow.id).where(within(scope))
        with reading(self.engine) as session:
            found = session.scalars(query.order_by(row.device, row.created_ms, row.id))
            return [_credential(one) for one in found]

    def expired(self, now_ms: int) -> int:
        """How many credentials have ended by their own time."""
        query = select(func.count()).where(DeviceCredentialRow.expires_ms <= now_ms)
        with reading(self.engine) as session:
            return session.scalar(query) or 0

    def change(self, *steps: Step) -> Sequence[Plan]:
        """Do what each step decides, all in one transaction. Raises NotFoundError."""
        plans = []
        with writing(self.engine) as session:
            for device, decide, deed in steps:
                if session.get(AssetRow, device) is None:
                    raise NotFoundError(f"There is no asset {device}.", "Import it first.")
                plans.append(_carry_out(session, device, decide, deed.at_ms))
            append(session, *(step.deed for step in steps))
        return plans

    def print_code(self, claim: Claim, deed: Deed) -> None:
        """Keep a code; older ones of the device end."""
        with writing(self.engine) as session:
            _end_codes(session, claim.device, claim.created_ms)
            session.add(
                DeviceClaimRow(
                    id=claim.id,
                    device=claim.device,
                    code_sha256=claim.code_sha256,
                    created_ms=claim.created_ms,
                    expires_ms=claim.expires_ms,
                )
            )
            append(session, deed)

    def claims(self, scope: Scope = EVERYTHING) -> Sequence[Claim]:
        """The codes of the scope's assets that have not ended, expired ones too."""
        row = DeviceClaimRow
        query = select(row).join(AssetRow, row.device == AssetRow.id)
        query = query.where(within(scope), row.ended_ms.is_(None)).order_by(row.device)
        with reading(self.engine) as session:
            return [_claim(one) for one in session.scalars(query)]

    def take(
        self, taking: Taking, decide: Callable[[str], Decide], deed: Callable[[str], Deed]
    ) -> str | None:
        """Use a code; None when no living code is this one."""
        mine = DeviceClaimRow.code_sha256 == taking.code_sha256
        with writing(self.engine) as session:
            row = session.scalar(select(DeviceClaimRow).where(mine))
            told = deed(row.device) if row else None
            if row is None or told is None or not _claim(row).lives(told.at_ms):
                return None
            _end_codes(session, row.device, told.at_ms)
            _carry_out(session, row.device, decide(row.device), told.at_ms)
            _hand_over(session, row.device, taking)
            release(session, taking.passed)
            append(session, told)
            return row.device

    def note(self, deed: Deed) -> None:
        """Append a deed that changes nothing else."""
        with writing(self.engine) as session:
            append(session, deed)


def _carry_out(session: Session, device: str, decide: Decide, at_ms: int) -> Plan:
    mine = DeviceCredentialRow.device == device
    rows = list(session.scalars(select(DeviceCredentialRow).where(mine)))
    plan = decide([_credential(row) for row in rows])
    for row in rows:
        row.expires_ms = plan.expires_ms.get(row.id, row.expires_ms)
        if row.id in plan.revoked:
            row.revoked_ms = at_ms
    if plan.added:
        session.add(_row(plan.added))
    session.flush()
    state = session.get(DeviceStateRow, 1) or DeviceStateRow(id=1, revision=0)
    state.revision += 1
    session.add(state)
    return plan


def _hand_over(session: Session, device: str, taking: Taking) -> None:
    asset = session.get_one(AssetRow, device)
    asset.operator = taking.operator
    if taking.site is not None:
        asset.site = taking.site
    if asset.lifecycle in _NOT_YET:
        asset.lifecycle = Lifecycle.INSTALLED.value
    # Who keeps the registry in memory reads it again.
    state = session.get(RegistryStateRow, 1) or RegistryStateRow(id=1, revision=0)
    state.revision += 1
    session.add(state)
    session.flush()


def _end_codes(session: Session, device: str, at_ms: int) -> None:
    mine = (DeviceClaimRow.device == device, DeviceClaimRow.ended_ms.is_(None))
    session.execute(update(DeviceClaimRow).where(*mine).values(ended_ms=at_ms))


def _credential(row: DeviceCredentialRow) -> Credential:
    hashes = None
    if row.nats_hash is not None and row.mosquitto_hash is not None:
        hashes = Hashes(row.nats_hash, row.mosquitto_hash)
    return Credential(
        id=row.id,
        device=row.device,
        kind=CredentialKind(row.kind),
        login=row.login,
        created_ms=row.created_ms,
        hashes=hashes,
        serial=row.serial,
        expires_ms=row.expires_ms,
        revoked_ms=row.revoked_ms,
    )


def _row(one: Credential) -> DeviceCredentialRow:
    return DeviceCredentialRow(
        id=one.id,
        device=one.device,
        kind=one.kind.value,
        login=one.login,
        nats_hash=one.hashes.nats if one.hashes else None,
        mosquitto_hash=one.hashes.mosquitto if one.hashes else None,
        serial=one.serial,
        created_ms=one.created_ms,
        expires_ms=one.expires_ms,
        revoked_ms=one.revoked_ms,
    )


def _claim(row: DeviceClaimRow) -> Claim:
    return Claim(
        id=row.id,
        device=row.device,
        code_sha256=row.code_sha256,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        ended_ms=row.ended_ms,
    )
