"""What an import brings in and what it answers. Pure data, shared by readers, store and CLI."""

from dataclasses import dataclass, field

from gongfu_fleet.domain.assets import Asset, Policy
from gongfu_geo.villages import County, Town, Village


@dataclass(frozen=True)
class ImportFault:
    """One thing wrong in an imported file: ``line`` counts from 1, in GeoJSON it is the feature."""

    file: str
    line: int
    column: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file} line {self.line}, {self.column}: {self.fault} {self.remedy}"


@dataclass(frozen=True)
class ZoneRecord:
    """A line of zones.csv."""

    asset_id: str
    zone: int
    metric: str
    product_class: str


@dataclass(frozen=True)
class CallRecord:
    """A line of timetable.csv: a truck is expected in a village on a weekday, 1 for Monday.

    All lines of one ``from_day`` (days since 1970-01-01) are the truck's whole week from that day
    on. Times are minutes after midnight in Asia/Shanghai.
    """

    asset_id: str
    from_day: int
    weekday: int
    village_code: str
    from_min: int
    until_min: int


@dataclass(frozen=True)
class RegistryRecords:
    """Everything one import wants to have in the registry; ``assets`` come without zones."""

    counties: tuple[County, ...] = ()
    towns: tuple[Town, ...] = ()
    villages: tuple[Village, ...] = ()
    assets: tuple[Asset, ...] = ()
    zones: tuple[ZoneRecord, ...] = ()
    policies: tuple[Policy, ...] = ()
    calls: tuple[CallRecord, ...] = ()


@dataclass(frozen=True)
class Home:
    """Whose an asset is, in which town, behind what: what files of before those columns lack."""

    operator: str
    town_code: str | None
    gateway: str | None = None


@dataclass
class KnownKeys:
    """The keys that a line may point to: those in the registry and those read so far."""

    counties: set[str] = field(default_factory=set)
    towns: set[str] = field(default_factory=set)
    villages: set[str] = field(default_factory=set)
    depots: set[str] = field(default_factory=set)
    assets: dict[str, str] = field(default_factory=dict)  # id to kind
    product_classes: set[str] = field(default_factory=set)
    homes: dict[str, Home] = field(default_factory=dict)  # by id of a stored asset


@dataclass(frozen=True)
class ImportCounts:
    """How many records were (or, in a dry run, would be) new, changed, the same as before."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True)
class Saved:
    """What a save did; ``changes`` name the new and changed records, these with their columns."""

    counts: ImportCounts
    changes: tuple[str, ...]


@dataclass(frozen=True)
class ImportReport:
    """The answer to an import; ``written`` is false in a dry run and when faults stopped it."""

    faults: tuple[ImportFault, ...]
    counts: ImportCounts
    written: bool


def depot_id(county_code: str) -> str:
    """The depot that a county of the GeoJSON import brings along."""
    return f"depot-{county_code}"
