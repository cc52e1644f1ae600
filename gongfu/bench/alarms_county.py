"""The 119 units of the reference month: what their doors do, and which of them fail when.

Cabinets: fifteen openings a day and a crew in the morning. Trucks: on duty on weekdays, sixteen
stops, three openings at each; behind strip curtains the outer zone feels 0.6 of an open door, the
inner one 0.3. Of all unit-days one in a hundred begins a fault; the kinds are equally likely.
"""

import csv
import random
from collections.abc import Iterable
from importlib.resources import files
from typing import NamedTuple

from gongfu.bench.alarms_zone import CHILLED, DAY, FREEZER, Fault, Opening, Shape, Zone, fault

LEARN_DAYS = 5
FAULTS_PER_UNIT_DAY = 0.01
KINDS = ("compressor", "door", "leak", "stuck")
WEEK, WORKDAYS = 7, 5
ON_DUTY = (8 * 60, 17 * 60 + 30)
STOPS = 16
PARKED_EVERY_MIN = 5
DAYLIGHT = (8 * 60, 20 * 60)
DOOR_SHARES = (0.6, 0.3)


class Place(NamedTuple):
    """A zone of an asset at a site, with the class of its goods."""

    asset: str
    site: str
    zone: int
    product_class: str
    truck: bool


def on_duty(minute: int) -> bool:
    """Whether a truck is at work; day 0 is a Monday."""
    day, of_day = divmod(minute, DAY)
    return day % WEEK < WORKDAYS and ON_DUTY[0] <= of_day < ON_DUTY[1]


def places() -> list[list[Place]]:
    """The units of the shipped county, each with its zones."""
    zones: dict[str, list[tuple[int, str]]] = {}
    for line in _lines("zones.csv"):
        zones.setdefault(line["asset_id"], []).append((int(line["zone"]), line["product_class"]))
    return [
        [
            Place(unit["id"], unit["site"], number, goods, unit["kind"] == "truck")
            for number, goods in sorted(zones[unit["id"]])
        ]
        for unit in _lines("assets.csv")
    ]


def faults_of(dice: random.Random, unit: list[Place], days: int) -> dict[int, list[Fault]]:
    """By zone, in order of time: none while the unit is learned, one at a time."""
    found: dict[int, list[Fault]] = {place.zone: [] for place in unit}
    free = 0
    for day in range(LEARN_DAYS, LEARN_DAYS + days):
        if dice.random() >= FAULTS_PER_UNIT_DAY:
            continue
        place, kind = dice.choice(unit), dice.choice(KINDS)
        begin = day * DAY + (dice.randrange(*ON_DUTY) if kind == "door" else dice.randrange(DAY))
        if begin >= free and shape_of(place.product_class) is not None:
            found[place.zone].append(fault(dice, kind, begin))
            free = found[place.zone][-1].end + DAY
    return found


def shape_of(product_class: str) -> Shape | None:
    """The unit that keeps a class; None: nothing is cooled."""
    if product_class == "ambient":
        return None
    return FREEZER if product_class in {"frozen", "ice_cream"} else CHILLED


def zone_of(
    dice: random.Random, place: Place, openings: list[Opening], faults: list[Fault], tau_min: float
) -> Zone:
    """The zone; its goods are up to a third slower or faster than the policy's time constant."""
    share = DOOR_SHARES[place.zone - 1] if place.truck else 1.0
    true_tau_min = tau_min * dice.uniform(0.7, 1.35)
    return Zone(shape_of(place.product_class), openings, share, true_tau_min, faults)


def openings_of(dice: random.Random, unit: list[Place], days: int) -> list[Opening]:
    """What the door of a unit does, which all its zones share."""
    daily = _truck_day if unit[0].truck else _cabinet_day
    return _apart(one for day in range(days) for one in daily(dice, day))


def _cabinet_day(dice: random.Random, day: int) -> Iterable[Opening]:
    morning = day * DAY + dice.randrange(5 * 60 + 30, 7 * 60 + 15)
    yield Opening(morning, morning + dice.randint(6, 15), restocking=True)
    for _ in range(15):
        begin = day * DAY + dice.randrange(*DAYLIGHT)
        yield Opening(begin, begin + 1)


def _truck_day(dice: random.Random, day: int) -> Iterable[Opening]:
    if day % WEEK >= WORKDAYS:
        return
    first, last = ON_DUTY
    slot = (last - first - 30) // STOPS
    for stop in range(STOPS):
        arrival = day * DAY + first + 15 + stop * slot + dice.randint(0, 6)
        for n in range(3):
            begin = arrival + 1 + n * 4 + dice.randint(0, 1)
            yield Opening(begin, begin + dice.randint(1, 2))


def _apart(openings: Iterable[Opening]) -> list[Opening]:
    kept: list[Opening] = []
    for opening in sorted(openings):
        if not kept or opening.begin > kept[-1].end:
            kept.append(opening)
    return kept


def _lines(name: str) -> list[dict[str, str]]:
    text = files("gongfu_fleet").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
