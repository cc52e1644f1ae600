"""Bringing counties, towns, villages, assets, zones and timetables into the registry.

Everything is read and checked before anything is written. With any fault nothing is written,
unless ``partial`` asks for the right lines alone. The same files twice change nothing. What is
written stands in the audit log, from the same transaction.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.registry import (
    CallRecord,
    ImportFault,
    ImportReport,
    KnownKeys,
    RegistryRecords,
    Saved,
    ZoneRecord,
    depot_id,
)
from gongfu_fleet.ports import RegistryStore
from gongfu_fleet.services.delimited import (
    TableFile,
    TableRow,
    TableUnreadableError,
    read_rows,
)
from gongfu_fleet.services.people import By
from gongfu_fleet.services.registry_csv import (
    ASSET_COLUMNS,
    MORE_ASSET_COLUMNS,
    ZONE_COLUMNS,
    read_assets,
    read_zones,
)
from gongfu_fleet.services.registry_geojson import read_places, without_parent
from gongfu_fleet.services.timetable_csv import TIMETABLE_COLUMNS, read_calls
from gongfu_geo.villages import (
    COUNTY_CODE_DIGITS,
    TOWN_CODE_DIGITS,
    VILLAGE_CODE_DIGITS,
    County,
    Town,
    Village,
    county_of,
    town_of,
    village_of,
)

# A deed names so many new or changed records one by one.
MOST_NAMED = 50

Record = TypeVar("Record")
LineReader = Callable[[str, list[TableRow], KnownKeys], tuple[list[Record], list[ImportFault]]]


@dataclass(frozen=True)
class RegistryFiles:
    """The files of one import; each may be missing. The first three are GeoJSON, the others CSV."""

    counties: TableFile | None = None
    towns: TableFile | None = None
    villages: TableFile | None = None
    assets: TableFile | None = None
    zones: TableFile | None = None
    timetable: TableFile | None = None


def import_registry(
    store: RegistryStore,
    files: RegistryFiles,
    *,
    by: By | None,
    dry_run: bool = False,
    partial: bool = False,
) -> ImportReport:
    """Read, check and (unless ``dry_run``) write; the report lists every fault in file order.

    ``by`` is None when nobody did it, as at the first start.
    """
    reading = _Reading(store.known_keys())
    records = RegistryRecords(
        counties=reading.read(files.counties, reading.counties),
        towns=reading.read(files.towns, reading.towns),
        villages=reading.read(files.villages, reading.villages),
        assets=reading.read(files.assets, reading.assets),
        zones=reading.read(files.zones, reading.zones),
        calls=reading.read(files.timetable, reading.calls),
    )
    writes = not dry_run and (partial or not reading.faults)
    if writes:
        counts = store.save(records, _deed_of(files, by, len(reading.faults)) if by else None)
    else:
        counts = store.compare(records)
    return ImportReport(tuple(reading.faults), counts, writes)


def _deed_of(files: RegistryFiles, by: By, faults: int) -> Callable[[Saved], Deed]:
    """Which files by name and content, and what they changed."""
    given = {kind: file for kind, file in vars(files).items() if file is not None}

    def deed(saved: Saved) -> Deed:
        data = {
            "files": {kind: [file.name, _sha256(file)] for kind, file in given.items()},
            **vars(saved.counts),
            "faults": faults,
            "changes": saved.changes[:MOST_NAMED],
        }
        return Deed(by.at_ms, by.user, "registry.import", f"registry:{','.join(given)}", data=data)

    return deed


def _sha256(file: TableFile) -> str:
    return hashlib.sha256(file.data).hexdigest()


@dataclass
class _Reading:
    known: KnownKeys
    faults: list[ImportFault] = field(default_factory=list)

    def read(
        self, file: TableFile | None, reader: Callable[[TableFile], list[Record]]
    ) -> tuple[Record, ...]:
        if file is None:
            return ()
        try:
            return tuple(reader(file))
        except TableUnreadableError as unreadable:
            self.faults.append(unreadable.fault)
            return ()

    def counties(self, file: TableFile) -> list[County]:
        numbered, faults = read_places(file, county_of, code_digits=COUNTY_CODE_DIGITS)
        self.faults += faults
        counties = [county for _, county in numbered]
        self.known.counties |= {county.code for county in counties}
        self.known.depots |= {depot_id(county.code) for county in counties if county.depot}
        return counties

    def towns(self, file: TableFile) -> list[Town]:
        numbered, faults = read_places(file, town_of, code_digits=TOWN_CODE_DIGITS)
        parents = self.known.counties
        codes = [(number, town.code, town.county_code) for number, town in numbered]
        self.faults += faults + without_parent(file, codes, parents=parents, what="county")
        towns = [town for _, town in numbered if town.county_code in parents]
        self.known.towns |= {town.code for town in towns}
        return towns

    def villages(self, file: TableFile) -> list[Village]:
        numbered, faults = read_places(file, village_of, code_digits=VILLAGE_CODE_DIGITS)
        parents = self.known.towns
        codes = [(number, village.code, village.town_code) for number, village in numbered]
        self.faults += faults + without_parent(file, codes, parents=parents, what="town")
        villages = [village for _, village in numbered if village.town_code in parents]
        self.known.villages |= {village.code for village in villages}
        return villages

    def assets(self, file: TableFile) -> list[Asset]:
        return self._lines(file, ASSET_COLUMNS, read_assets, optional=MORE_ASSET_COLUMNS)

    def zones(self, file: TableFile) -> list[ZoneRecord]:
        return self._lines(file, ZONE_COLUMNS, read_zones)

    def calls(self, file: TableFile) -> list[CallRecord]:
        return self._lines(file, TIMETABLE_COLUMNS, read_calls)

    def _lines(
        self,
        file: TableFile,
        columns: tuple[str, ...],
        reader: LineReader[Record],
        *,
        optional: tuple[str, ...] = (),
    ) -> list[Record]:
        records, faults = reader(file.name, read_rows(file, columns, optional), self.known)
        self.faults += faults
        return records
