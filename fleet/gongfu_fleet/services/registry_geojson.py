"""Counties, towns and villages from GeoJSON, each inside a parent that is known."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from gongfu_fleet.domain.registry import ImportFault
from gongfu_fleet.services.delimited import TableFile, decode
from gongfu_geo.errors import PlaceError
from gongfu_geo.geojson import PlaceFeature, read_features
from gongfu_geo.villages import County, Town, Village

Place = TypeVar("Place", County, Town, Village)
Numbered = list[tuple[int, Place]]


def read_places(
    file: TableFile, build: Callable[[PlaceFeature], Place], *, code_digits: int
) -> tuple[Numbered[Place], list[ImportFault]]:
    """Places with the number of their feature, and the faults of those left out.

    Raises TableUnreadableError.
    """
    places: Numbered[Place] = []
    try:
        features, faults = read_features(decode(file), code_digits=code_digits)
    except PlaceError as fault:
        features, faults = [], [fault]
    for feature in features:
        try:
            places.append((feature.number, build(feature)))
        except PlaceError as fault:
            faults.append(fault)
    return places, [ImportFault(file.name, f.feature, f.column, f.fault, f.remedy) for f in faults]


def without_parent(
    file: TableFile, children: Iterable[tuple[int, str, str]], *, parents: set[str], what: str
) -> list[ImportFault]:
    """Faults of the (feature, code, parent code) whose parent is not known."""
    return [
        ImportFault(
            file.name,
            number,
            "code",
            f"{code} lies in the {what} {parent}, which is not in the registry.",
            f"Import the {what} first, or correct the code.",
        )
        for number, code, parent in children
        if parent not in parents
    ]
