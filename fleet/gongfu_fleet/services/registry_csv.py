"""Lines of assets.csv and zones.csv to records; every wrong value gets its own fault."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from gongfu_fleet.domain.assets import Asset, AssetKind, Lifecycle
from gongfu_fleet.domain.registry import Home, ImportFault, KnownKeys, ZoneRecord
from gongfu_fleet.services.delimited import TableRow
from gongfu_geo.positions import position_fault

ASSET_COLUMNS = (
    "id", "kind", "name", "site", "lon", "lat", "position_source", "lifecycle",
    "county_code", "depot", "model", "place",
)  # fmt: skip
# Empty, the site names the operator. Missing, an asset keeps what it has.
MORE_ASSET_COLUMNS = ("operator", "town_code", "gateway")
# An incident names its gateway in 40 characters, "gateway:" included.
LONGEST_GATEWAY = 30
ZONE_COLUMNS = ("asset_id", "zone", "metric", "product_class")
ZONES_OF = {AssetKind.CABINET: 1, AssetKind.TRUCK: 2}
IDENTIFIER = re.compile(r"[a-z][a-z0-9-]{1,39}")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")

T = TypeVar("T")


@dataclass
class Cells:
    """The values of one line, taken one by one; what is wrong collects in ``faults``."""

    file: str
    row: TableRow
    faults: list[ImportFault] = field(default_factory=list)

    def complain(self, column: str, fault: str, remedy: str) -> None:
        """Note a fault of this line."""
        self.faults.append(ImportFault(self.file, self.row.line, column, fault, remedy))

    def text(self, column: str, longest: int, *, shortest: int = 0) -> str:
        """Text of a bounded length, without control characters."""
        value = self.row.values[column]
        if CONTROL.search(value):
            self.complain(column, "There is a control character.", "Type the text anew.")
        elif not shortest <= len(value) <= longest:
            self.complain(
                column,
                f"There are {len(value)} characters.",
                f"Write {shortest} to {longest} characters.",
            )
        return value

    def identifier(self, column: str, example: str) -> str:
        """A lower-case identifier."""
        value = self.row.values[column]
        if not IDENTIFIER.fullmatch(value):
            self.complain(
                column,
                f"{value!r:.50} is no identifier.",
                f"Write lower-case letters, digits and hyphens, such as {example}.",
            )
        return value

    def known(self, column: str, keys: set[str], what: str) -> str | None:
        """A key that must exist, or nothing."""
        value = self.row.values[column]
        if value and value not in keys:
            self.complain(
                column,
                f"There is no {what} {value!r:.50} in the registry.",
                f"Import the {what} first, correct the code, or leave it empty.",
            )
        return value or None

    def converted(self, column: str, convert: Callable[[str], T], remedy: str) -> T | None:
        """A value by its constructor; None, with a fault, when that refuses."""
        value = self.row.values[column]
        try:
            return convert(value)
        except ValueError:
            self.complain(column, f"{value!r:.50} is not possible here.", remedy)
            return None


def read_assets(
    file: str, rows: list[TableRow], known: KnownKeys
) -> tuple[list[Asset], list[ImportFault]]:
    """Assets of the right lines, faults of the others; what is read becomes known."""
    assets: list[Asset] = []
    faults: list[ImportFault] = []
    seen: dict[str, int] = {}
    for row in rows:
        cells = Cells(file, row)
        asset = _asset(cells, known)
        refuse_twice(cells, "id", row.values["id"], seen)
        faults += cells.faults
        if asset is not None and not cells.faults:
            known.assets[asset.id] = asset.kind
            assets.append(asset)
    return assets, faults


def read_zones(
    file: str, rows: list[TableRow], known: KnownKeys
) -> tuple[list[ZoneRecord], list[ImportFault]]:
    """Zones of the right lines, faults of the others."""
    zones: list[ZoneRecord] = []
    faults: list[ImportFault] = []
    seen: dict[str, int] = {}
    for row in rows:
        cells = Cells(file, row)
        zone = _zone(cells, known)
        key = f"{row.values['asset_id']} zone {row.values['zone']}"
        refuse_twice(cells, "zone", key, seen)
        faults += cells.faults
        if zone is not None and not cells.faults:
            zones.append(zone)
    return zones, faults


def _asset(cells: Cells, known: KnownKeys) -> Asset | None:
    kind = cells.converted("kind", AssetKind, "Write truck or cabinet.")
    lifecycle = cells.converted("lifecycle", Lifecycle, f"Write one of {', '.join(Lifecycle)}.")
    lon, lat = _position(cells)
    identity = cells.identifier("id", "cab-0001")
    name = cells.text("name", 80, shortest=1)
    site = cells.identifier("site", "quzhou")
    county = cells.known("county_code", known.counties, "county")
    depot = cells.known("depot", known.depots, "depot")
    source = cells.text("position_source", 120, shortest=1)
    model, place = cells.text("model", 80), cells.text("place", 120)
    home = _home(cells, known, known.homes.get(identity, Home(site, None)), site)
    if kind is None or lifecycle is None:
        return None
    return Asset(
        id=identity,
        kind=kind,
        name=name,
        site=site,
        lon=lon,
        lat=lat,
        position_source=source,
        lifecycle=lifecycle,
        county_code=county,
        depot=depot,
        model=model,
        place=place,
        zones=(),
        operator=home.operator,
        town_code=home.town_code,
        gateway=home.gateway,
    )


def _home(cells: Cells, known: KnownKeys, stored: Home, site: str) -> Home:
    values, operator, town = cells.row.values, stored.operator, stored.town_code
    gateway = stored.gateway
    if "operator" in values:
        operator = cells.identifier("operator", "quzhou") if values["operator"] else site
    if "town_code" in values:
        town = cells.known("town_code", known.towns, "town")
    if "gateway" in values:
        gateway = _gateway(cells) if values["gateway"] else None
    return Home(operator, town, gateway)


def _gateway(cells: Cells) -> str:
    cells.text("gateway", LONGEST_GATEWAY)
    return cells.identifier("gateway", "gw-0001")


def _position(cells: Cells) -> tuple[float, float]:
    remedy = "Write WGS-84 degrees such as 118.86826."
    lon = cells.converted("lon", float, remedy)
    lat = cells.converted("lat", float, remedy)
    if lon is None or lat is None:
        return 0.0, 0.0
    if fault := position_fault(lon, lat):
        cells.complain("lon", *fault)
    return lon, lat


def _zone(cells: Cells, known: KnownKeys) -> ZoneRecord | None:
    values = cells.row.values
    number = cells.converted("zone", int, "Write 1, or 2 for the second zone of a truck.")
    kind = known.assets.get(values["asset_id"])
    if kind is None:
        cells.complain(
            "asset_id",
            f"There is no asset {values['asset_id']!r:.50}.",
            "Write it in the assets first, or correct its line there.",
        )
    elif number is not None and not 1 <= number <= ZONES_OF[AssetKind(kind)]:
        cells.complain("zone", f"A {kind} has no zone {number}.", "Remove this line.")
    if values["metric"] != f"zone_{number}_celsius":
        cells.complain(
            "metric", f"{values['metric']!r:.50} is not its metric.", "Write zone_1_celsius, …"
        )
    if values["product_class"] not in known.product_classes:
        classes = ", ".join(sorted(known.product_classes))
        cells.complain("product_class", "There is no such class.", f"Write one of {classes}.")
    if number is None or cells.faults:
        return None
    return ZoneRecord(values["asset_id"], number, values["metric"], values["product_class"])


def refuse_twice(cells: Cells, column: str, key: str, seen: dict[str, int]) -> None:
    """Note a fault when a line before this one had the key."""
    if key in seen:
        cells.complain(column, f"{key} stands in line {seen[key]} already.", "Remove one of them.")
    seen.setdefault(key, cells.row.line)
