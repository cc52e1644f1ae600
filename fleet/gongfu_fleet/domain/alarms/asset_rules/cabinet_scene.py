"""What is known of a cabinet at each row: its door, and what its scales did while it was shut.

Trays are weighed only while the door is shut and was not opened since the row before: by its input
and by its count of openings. Each opening begins a new stretch, as goods may come and go.
"""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.asset_rules.scales import Tray, Weighing, weigh
from gongfu_fleet.domain.alarms.asset_rules.stock import Change, Shelf, counted


class CabinetUnit(NamedTuple):
    """``open_ms``: since when the door is open; ``stepped``: trays with a step in this stretch."""

    last_ms: int | None = None
    open_ms: int | None = None
    opens: float | None = None
    shut: bool = False
    trays: tuple[Tray, ...] = ()
    stepped: tuple[int, ...] = ()
    shelves: tuple[Shelf, ...] = ()


class CabinetScene(NamedTuple):
    """One row, ``elapsed_ms`` after the one before. ``weighing`` None: the trays say nothing now.

    ``stepped``: trays with a step since the door was shut, those of this row included.
    ``again``: it was opened since the row before, by its count of openings.
    ``shelves``: what lies on the trays; ``changes``: what an opening did, once it is weighed.
    """

    ts_ms: int
    reading: AssetReading
    elapsed_ms: int
    gap: bool
    open_ms: int | None
    weighing: Weighing | None
    stepped: tuple[int, ...]
    again: bool = False
    shelves: tuple[Shelf, ...] = ()
    changes: tuple[Change, ...] = ()


def observe(
    unit: CabinetUnit, reading: AssetReading, policy: CabinetPolicy
) -> tuple[CabinetUnit, CabinetScene]:
    """The cabinet after one more row, and the scene the rules judge."""
    ts_ms = reading.ts_ms
    elapsed_ms = 0 if unit.last_ms is None else ts_ms - unit.last_ms
    gap = elapsed_ms > policy.max_gap_min * MINUTE_MS
    again = _opened_again(unit, reading)
    shut = unit.shut if reading.door_open is None else not reading.door_open
    trays, stepped, weighing = unit.trays, unit.stepped, None
    if gap or again or not (shut and unit.shut):
        trays, stepped = (), ()
    elif reading.door_open is False and reading.trays_kg:
        weighing = weigh(trays, reading.trays_kg, policy)
        trays, stepped = weighing.trays, tuple(sorted({*stepped, *weighing.steps}))
    open_ms = None
    if not shut and (unit.open_ms is not None or reading.door_open):
        open_ms = ts_ms if unit.open_ms is None or again else unit.open_ms
    opens = unit.opens if reading.door_opens is None else reading.door_opens
    shelves, changes = counted(unit.shelves, trays)
    after = CabinetUnit(ts_ms, open_ms, opens, shut, trays, stepped, shelves)
    return after, CabinetScene(
        ts_ms, reading, elapsed_ms, gap, open_ms, weighing, stepped, again, shelves, changes
    )


def _opened_again(unit: CabinetUnit, reading: AssetReading) -> bool:
    if reading.door_opens is None or unit.opens is None:
        return False
    return reading.door_opens != unit.opens
