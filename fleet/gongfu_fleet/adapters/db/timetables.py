"""The timetables of trucks out of the registry's tables."""

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gongfu_fleet.adapters.db.schema import CallRow, VillageRow
from gongfu_fleet.domain.alarms.asset_rules.timetable import Call, Ring, Timetable, Version

_ORDER = (CallRow.asset_id, CallRow.from_day, CallRow.weekday, CallRow.from_min)


def timetables_of(session: Session) -> Mapping[str, Timetable]:
    """By truck, the versions oldest first, the calls of a day by the hour."""
    rows = session.execute(
        select(CallRow, VillageRow)
        .join(VillageRow, CallRow.village_code == VillageRow.code)
        .order_by(*_ORDER, CallRow.village_code)
    ).all()
    rings = {village.code: _rings(village.polygon) for _, village in rows}
    found = {}
    for asset, lines in groupby(rows, key=lambda row: row[0].asset_id):
        versions = (
            Version(day, tuple(_call(call, village, rings[village.code]) for call, village in own))
            for day, own in groupby(lines, key=lambda row: row[0].from_day)
        )
        found[asset] = Timetable(tuple(versions))
    return found


def _call(row: CallRow, village: VillageRow, rings: tuple[Ring, ...]) -> Call:
    at = (village.lat, village.lon)
    return Call(village.code, row.weekday, row.from_min, row.until_min, at, rings)


def _rings(text: str) -> tuple[Ring, ...]:
    geometry: dict[str, Any] = json.loads(text)  # Any: GeoJSON, checked when it was imported
    several = geometry["type"] == "MultiPolygon"
    polygons = geometry["coordinates"] if several else [geometry["coordinates"]]
    return tuple(
        tuple((lat, lon) for lon, lat, *_ in ring) for polygon in polygons for ring in polygon
    )
