"""The versions of cold-chain policies in the relational store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, Engine, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from gongfu_fleet.adapters.db.audit import append
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.schema import Base
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.policies import Layer, PolicyVersion, Target, layers_of
from gongfu_fleet.errors import ConflictError
from gongfu_fleet.services.policy_ports import Draft


class PolicyVersionRow(Base):
    """One version of one layer; rows are never changed and never removed."""

    __tablename__ = "cold_policy_version"
    __table_args__ = (UniqueConstraint("layer", "ref", "before"),)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    layer: Mapped[str] = mapped_column(String(10))
    ref: Mapped[str] = mapped_column(String(80))
    before: Mapped[int]
    fields: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    by_name: Mapped[str] = mapped_column(String(120))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    valid_from_ms: Mapped[int] = mapped_column(BigInteger)
    restores: Mapped[int | None]


@dataclass
class SqlPolicies:
    """Fits the port PolicyStore."""

    engine: Engine

    def revision(self) -> int:
        """The newest version's number; 0 when there is none."""
        with reading(self.engine) as session:
            return _newest(session)

    def versions(self) -> Sequence[PolicyVersion]:
        """All of them in the order of their numbers."""
        with reading(self.engine) as session:
            return _versions(session)

    def append(self, draft: Draft, *, expected: int, deed: Deed) -> PolicyVersion:
        """Add a version of a layer and the deed. Raises ConflictError for a stale ``expected``."""
        with writing(self.engine) as session:
            standing = layers_of(_versions(session)).get(draft.target)
            before = standing.version if standing else 0
            if before != expected:
                raise ConflictError(
                    f"The policy {draft.target} is at version {before}, not {expected}: somebody"
                    " changed it meanwhile.",
                    "Look at the newest version, then change that one.",
                )
            added = _add(session, draft, before)
            append(session, replace(deed, data={**deed.data, "version": added.version}))
            return added

    def record_shipped(self, shipped: Mapping[Target, Draft]) -> int:
        """Add those that differ from the newest of their layer; returns how many they were."""
        if not _differing(self.versions(), shipped):
            return 0
        with writing(self.engine) as session:  # another process may have been quicker
            differing = _differing(_versions(session), shipped)
            for draft, before in differing:
                _add(session, draft, before)
            return len(differing)


def _differing(
    versions: Sequence[PolicyVersion], shipped: Mapping[Target, Draft]
) -> list[tuple[Draft, int]]:
    standing = layers_of(versions)
    found = []
    for target, draft in shipped.items():
        old = standing.get(target)
        if old is None or (old.fields, old.source) != (draft.fields, draft.source):
            found.append((draft, old.version if old else 0))
    return found


def _newest(session: Session) -> int:
    return session.scalar(select(func.max(PolicyVersionRow.version))) or 0


def _versions(session: Session) -> list[PolicyVersion]:
    rows = session.scalars(select(PolicyVersionRow).order_by(PolicyVersionRow.version))
    return [_version(row) for row in rows]


def _add(session: Session, draft: Draft, before: int) -> PolicyVersion:
    row = PolicyVersionRow(
        version=_newest(session) + 1,
        layer=draft.target.layer.value,
        ref=draft.target.ref,
        before=before,
        fields=json.dumps(draft.fields, sort_keys=True),
        source=draft.source,
        note=draft.note,
        by_name=draft.by[:120],
        at_ms=draft.at_ms,
        valid_from_ms=draft.valid_from_ms,
        restores=draft.restores,
    )
    session.add(row)
    session.flush()
    return _version(row)


def _version(row: PolicyVersionRow) -> PolicyVersion:
    return PolicyVersion(
        version=row.version,
        target=Target(Layer(row.layer), row.ref),
        fields=json.loads(row.fields),
        source=row.source,
        note=row.note,
        by=row.by_name,
        at_ms=row.at_ms,
        valid_from_ms=row.valid_from_ms,
        before=row.before,
        restores=row.restores,
    )
