"""The shipped county at first start: policies always, places and assets into an empty registry."""

import json
from importlib.resources import files

from gongfu_fleet.domain.assets import Policy
from gongfu_fleet.domain.registry import ImportReport, RegistryRecords
from gongfu_fleet.errors import MiswiredError
from gongfu_fleet.ports import RegistryStore
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import RegistryFiles, import_registry
from gongfu_geo.villages import shipped_text


def shipped_policies() -> tuple[Policy, ...]:
    """The alarm limits per product class that come with the program, each with its source."""
    return tuple(Policy(**line) for line in json.loads(_text("policies.json")))


def shipped_county() -> RegistryFiles:
    """The files of the demonstration county: Quzhou, its 39 trucks, and 80 cabinets."""
    return RegistryFiles(
        counties=TableFile("counties.geojson", shipped_text("counties.geojson").encode()),
        towns=TableFile("towns.geojson", shipped_text("towns.geojson").encode()),
        villages=TableFile("villages.geojson", shipped_text("villages.geojson").encode()),
        assets=TableFile("assets.csv", _text("assets.csv").encode()),
        zones=TableFile("zones.csv", _text("zones.csv").encode()),
    )


def seed_registry(store: RegistryStore) -> ImportReport | None:
    """Load the shipped county if the registry has no asset; None when it had one already."""
    store.save(RegistryRecords(policies=shipped_policies()))
    if store.known_keys().assets:
        return None
    report = import_registry(store, shipped_county(), by=None)
    if report.faults:
        raise MiswiredError(f"The shipped county is damaged: {report.faults[0]}", "Reinstall.")
    return report


def _text(name: str) -> str:
    return files("gongfu_fleet").joinpath("data", name).read_text(encoding="utf-8")
