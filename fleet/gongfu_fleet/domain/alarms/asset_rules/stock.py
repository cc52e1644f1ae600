"""What lies on the trays of a cabinet, and what came and went while its door was open.

The level follows the scale while the door stays shut: creeping is no sale. What differs between the
last level before an opening and the first after it is what people took or brought.
"""

from typing import NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.scales import Tray


class Shelf(NamedTuple):
    """The newest level that three weighings agree on; ``settled``: it is of this stretch."""

    level_kg: float | None = None
    settled: bool = False


class Change(NamedTuple):
    """What an opening did to a tray, numbered from 1: it held ``before_kg``, ``kg`` came."""

    tray: int
    before_kg: float
    kg: float


_NEW = Shelf()


def counted(
    shelves: tuple[Shelf, ...], trays: tuple[Tray, ...]
) -> tuple[tuple[Shelf, ...], tuple[Change, ...]]:
    """The shelves after a row, and what an opening before it is now known to have changed."""
    if not trays:
        return tuple(shelf._replace(settled=False) for shelf in shelves), ()
    known = (*shelves, *(_NEW for _ in range(len(trays) - len(shelves))))
    changes: list[Change] = []
    after = []
    for number, (shelf, tray) in enumerate(zip(known, trays, strict=False), 1):
        level_kg, before_kg = tray.level_kg, shelf.level_kg
        if level_kg is None:
            after.append(shelf)
            continue
        if not shelf.settled and before_kg is not None and before_kg != level_kg:
            changes.append(Change(number, before_kg, level_kg - before_kg))
        same = shelf.settled and before_kg == level_kg
        after.append(shelf if same else Shelf(level_kg, settled=True))
    return (*after, *known[len(after) :]), tuple(changes)


def restocked(changes: tuple[Change, ...], least_kg: float) -> bool:
    """Whether goods were brought: a tray gained at least so much."""
    return any(change.kg >= least_kg for change in changes)
