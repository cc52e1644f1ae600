"""The registry in the relational store: what imports write and what everything else reads."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType

from sqlalchemy import Engine, inspect, select
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.audit import append
from gongfu_fleet.adapters.db.engine import reading, writing
from gongfu_fleet.adapters.db.registry_rows import rows_of
from gongfu_fleet.adapters.db.schema import (
    AssetRow,
    Base,
    CountyRow,
    DepotRow,
    PolicyRow,
    RegistryStateRow,
    TownRow,
    VillageRow,
    ZoneRow,
)
from gongfu_fleet.adapters.db.timetables import timetables_of
from gongfu_fleet.domain.alarms.asset_rules.timetable import Timetable
from gongfu_fleet.domain.assets import Asset, AssetKind, Lifecycle, Policy, Zone
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.registry import (
    Home,
    ImportCounts,
    KnownKeys,
    RegistryRecords,
    Saved,
)
from gongfu_fleet.domain.scope import EVERYTHING, Scope
from gongfu_fleet.errors import ConflictError
from gongfu_geo.datum import Wgs84


@dataclass
class SqlRegistry:
    """Fits the ports AssetRegistry and RegistryStore; assets are kept until the next revision."""

    engine: Engine
    _kept: tuple[int, Mapping[str, Asset]] | None = field(default=None, init=False, repr=False)

    def revision(self) -> int:
        """Grows with every import that changed something; 0 at first."""
        with reading(self.engine) as session:
            return _revision(session)

    def assets(self, scope: Scope = EVERYTHING) -> Mapping[str, Asset]:
        """The assets of a scope by id, with their zones and the policies in force."""
        with reading(self.engine) as session:
            revision, kept = _revision(session), self._kept
            if kept is None or kept[0] != revision:
                kept = self._kept = (revision, _assets(session))
        if scope.everything:
            return kept[1]
        return {name: asset for name, asset in kept[1].items() if scope.covers(asset)}

    def places_geojson(self, level: str) -> str:
        """``villages`` or ``counties`` as a GeoJSON FeatureCollection (WGS-84)."""
        with reading(self.engine) as session:
            features = _villages(session) if level == "villages" else _counties(session)
        return '{"type":"FeatureCollection","features":[' + ",".join(features) + "]}"

    def village_points(self) -> Sequence[Wgs84]:
        """Each village's point."""
        with reading(self.engine) as session:
            found = session.execute(select(VillageRow.lon, VillageRow.lat))
            return [Wgs84(lon, lat) for lon, lat in found]

    def timetables(self) -> Mapping[str, Timetable]:
        """By truck: every version, with the villages as they are now."""
        with reading(self.engine) as session:
            return timetables_of(session)

    def known_keys(self) -> KnownKeys:
        """The keys that lines of an import may point to."""
        with reading(self.engine) as session:
            assets = session.scalars(select(AssetRow)).all()
            return KnownKeys(
                counties=set(session.scalars(select(CountyRow.code))),
                towns=set(session.scalars(select(TownRow.code))),
                villages=set(session.scalars(select(VillageRow.code))),
                depots=set(session.scalars(select(DepotRow.id))),
                assets={row.id: row.kind for row in assets},
                product_classes=set(session.scalars(select(PolicyRow.product_class))),
                homes={row.id: Home(row.operator, row.town_code, row.gateway) for row in assets},
            )

    def compare(self, records: RegistryRecords) -> ImportCounts:
        """What ``save`` would change; writes nothing."""
        with reading(self.engine) as session:
            return _plan(session, records).counts

    def save(
        self, records: RegistryRecords, deed_of: Callable[[Saved], Deed] | None = None
    ) -> ImportCounts:
        """Add what is new, change what differs. Raises ConflictError for a rewritten policy."""
        with writing(self.engine) as session:
            plan = _plan(session, records)
            saved = Saved(plan.counts, plan.changes)
            for row, values in plan.changed:
                _refuse_rewritten_policy(row)
                for name, value in values.items():
                    setattr(row, name, value)
            # Rows know no relationships, so parents are written before their children here.
            for _, rows in groupby(plan.added, type):
                session.add_all(rows)
                session.flush()
            if plan.added or plan.changed:
                session.merge(RegistryStateRow(id=1, revision=_revision(session) + 1))
            if deed_of is not None:
                append(session, deed_of(saved))
            return saved.counts


@dataclass(frozen=True)
class _Plan:
    added: list[Base]
    changed: list[tuple[Base, dict[str, object]]]
    unchanged: int

    @property
    def counts(self) -> ImportCounts:
        return ImportCounts(len(self.added), len(self.changed), self.unchanged)

    @property
    def changes(self) -> tuple[str, ...]:
        new = (f"{_name(row)}: new" for row in self.added)
        other = (f"{_name(row)}: {', '.join(values)}" for row, values in self.changed)
        return (*new, *other)


def _plan(session: Session, records: RegistryRecords) -> _Plan:
    added: list[Base] = []
    changed: list[tuple[Base, dict[str, object]]] = []
    unchanged = 0
    loaded: dict[type[Base], dict[tuple[object, ...], Base]] = {}
    for row in rows_of(records):
        kind = type(row)
        mapper = inspect(kind)
        if kind not in loaded:
            stored = session.scalars(select(kind))
            loaded[kind] = {tuple(mapper.primary_key_from_instance(old)): old for old in stored}
        old = loaded[kind].get(tuple(mapper.primary_key_from_instance(row)))
        if old is None:
            added.append(row)
        elif differing := _differing(old, row):
            changed.append((old, differing))
        else:
            unchanged += 1
    return _Plan(added, changed, unchanged)


def _name(row: Base) -> str:
    key = inspect(type(row)).primary_key_from_instance(row)
    return " ".join(map(str, (row.__tablename__, *key)))


def _differing(old: Base, new: Base) -> dict[str, object]:
    names = [column.key for column in inspect(type(new)).column_attrs]
    return {n: getattr(new, n) for n in names if getattr(old, n) != getattr(new, n)}


def _refuse_rewritten_policy(row: Base) -> None:
    if isinstance(row, PolicyRow):
        raise ConflictError(
            f"Policy {row.product_class} version {row.version} exists with other values; "
            "incidents were judged by it.",
            "Give the new values the next version.",
        )


def _revision(session: Session) -> int:
    return session.scalar(select(RegistryStateRow.revision)) or 0


def _assets(session: Session) -> Mapping[str, Asset]:
    policies = _policies_in_force(session)
    zones: dict[str, list[Zone]] = {}
    for row in session.scalars(select(ZoneRow).order_by(ZoneRow.asset_id, ZoneRow.zone)):
        zone = Zone(row.zone, row.metric, policies[row.product_class])
        zones.setdefault(row.asset_id, []).append(zone)
    rows = session.scalars(select(AssetRow).order_by(AssetRow.id))
    return MappingProxyType({row.id: _asset(row, tuple(zones.get(row.id, ()))) for row in rows})


def _policies_in_force(session: Session) -> dict[str, Policy]:
    rows = session.scalars(select(PolicyRow).order_by(PolicyRow.version))
    return {
        row.product_class: Policy(
            product_class=row.product_class,
            version=row.version,
            low_celsius=row.low_celsius,
            high_celsius=row.high_celsius,
            deadband_celsius=row.deadband_celsius,
            on_delay_s=row.on_delay_s,
            low_on_delay_s=row.low_on_delay_s,
            off_delay_s=row.off_delay_s,
            max_gap_s=row.max_gap_s,
            source=row.source,
        )
        for row in rows
    }


def _asset(row: AssetRow, zones: tuple[Zone, ...]) -> Asset:
    return Asset(
        id=row.id,
        kind=AssetKind(row.kind),
        name=row.name,
        site=row.site,
        lon=row.lon,
        lat=row.lat,
        position_source=row.position_source,
        lifecycle=Lifecycle(row.lifecycle),
        county_code=row.county_code,
        depot=row.depot,
        model=row.model,
        place=row.place,
        zones=zones,
        operator=row.operator,
        town_code=row.town_code,
        gateway=row.gateway,
    )


def _villages(session: Session) -> list[str]:
    columns = select(VillageRow, TownRow.name, CountyRow.name)
    query = columns.join(TownRow, VillageRow.town_code == TownRow.code)
    query = query.join(CountyRow, TownRow.county_code == CountyRow.code)
    return [
        _feature(
            village.polygon,
            code=village.code,
            name=village.name,
            town=town,
            county=county,
            served=village.served,
            position_source=village.position_source,
        )
        for village, town, county in session.execute(query.order_by(VillageRow.code))
    ]


def _counties(session: Session) -> list[str]:
    rows = session.scalars(select(CountyRow).order_by(CountyRow.code))
    return [_feature(row.polygon, code=row.code, name=row.name) for row in rows]


def _feature(polygon: str, **properties: object) -> str:
    texts = json.dumps(properties, ensure_ascii=False, separators=(",", ":"))
    return f'{{"type":"Feature","properties":{texts},"geometry":{polygon}}}'
