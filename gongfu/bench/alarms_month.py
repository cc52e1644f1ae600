"""The reference month: 119 units for 30 days, one fault in a hundred unit-days, rules and notices.

Each unit is simulated and judged by itself (in processes beside each other), then all incidents of
a rule set go through the stages of the notification chain for one channel. Whoever is told
acknowledges before the ladder climbs. A fault is missed when the goods truly passed their limit by
it and no incident of its zone was raised from its begin until an hour after its end.
"""

import os
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

from gongfu.bench.alarms_county import (
    LEARN_DAYS,
    PARKED_EVERY_MIN,
    Place,
    faults_of,
    on_duty,
    openings_of,
    places,
    zone_of,
)
from gongfu.bench.alarms_told import Alarm, Sent, told
from gongfu.bench.alarms_zone import DAY, Fault, Minute, course
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.rules.catalogue import rule_of
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, follow
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy

DAYS = 30
MINUTE_MS = 60_000
# 2026-09-28 00:00 in Shanghai, a Monday: day 0, from which the units are learned.
MIDNIGHT_MS = 1_790_524_800_000
AFTER_MIN = 60
LINGER_MIN = 180
SETS = ("ours", "plain", "peer30")


class Outcome(NamedTuple):
    """One fault: whether the goods truly passed their limit by it, and by whom it was found."""

    kind: str
    crossed: bool
    found_by: tuple[str, ...]


class Judged(NamedTuple):
    """What became of one unit; ``false`` counts alarms that no fault explains, by rule set."""

    alarms: dict[str, list[Alarm]]
    outcomes: list[Outcome]
    false: dict[str, Counter[str]]
    crossed_unprovoked: int


def month(*, quick: bool, seed: int) -> dict[str, Any]:  # Any: figures of several types
    """The figures of the rules, and beside them those of the two plain rules."""
    days = 4 if quick else DAYS
    units = places()
    units = units[:4] + units[78:86] if quick else units
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        jobs = [(seed, unit, days) for unit in units]
        judged = list(pool.map(_judged, jobs, chunksize=4))
    body: dict[str, Any] = {"units": len(units), "zones": sum(map(len, units))}  # Any: as above
    body["days"] = days
    body["crossed_without_fault"] = sum(one.crossed_unprovoked for one in judged)
    body |= _figures(judged, "ours", days)
    for name in SETS[1:]:
        body[name] = _figures(judged, name, days)
    return body


def _figures(judged: Sequence[Judged], name: str, days: int) -> dict[str, Any]:  # Any: as above
    alarms = [alarm for one in judged for alarm in one.alarms[name]]
    sent = told(alarms)
    outcomes = [outcome for one in judged for outcome in one.outcomes]
    crossed = [outcome for outcome in outcomes if outcome.crossed]
    false = sum((one.false[name] for one in judged), Counter[str]())
    figures: dict[str, Any] = {  # Any: as above
        "notifications_per_day": round(len(sent) / days, 2),
        "of_them_digests_per_day": round(sum(one.digest for one in sent) / days, 2),
        "incidents_per_day": round(len(alarms) / days, 2),
        "missed": sum(name not in outcome.found_by for outcome in crossed),
        "flood_windows": _above_ten(sent),
        "incident_windows_above_ten": _above_ten(alarms),
        "faults": len(outcomes),
        "faults_that_crossed": len(crossed),
        "faults_found": sum(name in outcome.found_by for outcome in outcomes),
        "false_per_unit_month": round(false.total() / len(judged) / days * 30, 2),
    }
    if name == "ours":
        figures["by_hazard"] = dict(Counter(alarm.hazard.value for alarm in alarms))
        figures["false_by_hazard"] = dict(false)
    return figures


def _above_ten(stamped: Sequence[Alarm] | Sequence[Sent]) -> int:
    """How many of them end ten minutes in which more than ten came."""
    times = sorted(one.at_ms for one in stamped)
    since = (bisect_right(times, at_ms - 10 * MINUTE_MS) for at_ms in times)
    return sum(n + 1 - first > 10 for n, first in enumerate(since))  # noqa: PLR2004 - ISA-18.2


def _judged(job: tuple[int, list[Place], int]) -> Judged:
    seed, unit, days = job
    dice = random.Random(f"{seed} {unit[0].asset}")
    openings = openings_of(dice, unit, LEARN_DAYS + days)
    faults = faults_of(dice, unit, days)
    found = Judged({name: [] for name in SETS}, [], {name: Counter() for name in SETS}, 0)
    for place in unit:
        policy = cold_policy(place.product_class)
        here = faults[place.zone]
        zone = zone_of(dice, place, openings, here, policy.tau_min)
        minutes = list(course(dice, zone, (LEARN_DAYS + days) * DAY))
        raised = {
            "ours": list(_ours(place, minutes, policy)),
            "plain": list(_limit(place, minutes, policy, 0)),
            "peer30": list(_limit(place, minutes, policy, 30)),
        }
        found = _added(found, here, minutes, raised, policy)
    return found


def _added(
    found: Judged,
    faults: Sequence[Fault],
    minutes: Sequence[Minute],
    raised: dict[str, list[Alarm]],
    policy: ColdPolicy,
) -> Judged:
    since = LEARN_DAYS * DAY
    crossings = {m for m in range(since, len(minutes)) if _beyond(minutes[m], policy)}
    outcomes = []
    for fault in faults:
        span = range(fault.begin, fault.end + AFTER_MIN)
        by = [name for name in SETS if any(alarm.minute in span for alarm in raised[name])]
        outcomes.append(Outcome(fault.kind, not crossings.isdisjoint(span), tuple(by)))
    explained = [range(fault.begin, fault.end + LINGER_MIN) for fault in faults]
    for name, alarms in raised.items():
        judged = [alarm for alarm in alarms if alarm.minute >= since]
        found.alarms[name].extend(judged)
        strange = [a for a in judged if not any(a.minute in span for span in explained)]
        found.false[name].update(alarm.hazard.value for alarm in strange)
    unprovoked = any(not any(m in span for span in explained) for m in crossings)
    return found._replace(
        outcomes=found.outcomes + outcomes,
        crossed_unprovoked=found.crossed_unprovoked + unprovoked,
    )


def _beyond(minute: Minute, policy: ColdPolicy) -> bool:
    return minute.goods_celsius > policy.product_high_celsius


def _ours(place: Place, minutes: Sequence[Minute], policy: ColdPolicy) -> Iterator[Alarm]:
    state = FRESH
    ends: dict[tuple[Hazard, int], int] = {}
    raised = []
    for number, minute in _reported(place, minutes):
        at_ms = MIDNIGHT_MS + number * MINUTE_MS
        reading = Reading(at_ms, minute.celsius, minute.door_open, minute.restocking)
        followed = follow(state, (reading,), policy)
        state = followed.state
        raised += [(number, one.hazard, one.episode.begin_ms) for one in followed.raised]
        ends |= {(one.hazard, one.episode.begin_ms): at_ms for one in followed.ended}
    for number, hazard, begin_ms in raised:
        at_ms = MIDNIGHT_MS + number * MINUTE_MS
        severity = rule_of(hazard).severity
        yield Alarm(place, hazard, severity, number, at_ms, ends.get((hazard, begin_ms)))


def _limit(
    place: Place, minutes: Sequence[Minute], policy: ColdPolicy, delay_min: int
) -> Iterator[Alarm]:
    """Above the air limit for so many minutes; over at half a degree below it, told as high."""
    begin, since, limit = None, 0, policy.air_high_celsius
    for number, minute in _reported(place, minutes):
        if begin is not None:
            if minute.celsius <= limit - 0.5:
                yield _plain(place, begin, number)
                begin = None
        elif minute.celsius <= limit:
            since = number
        elif number - since > delay_min:
            begin = number
    if begin is not None:
        yield _plain(place, begin, None)


def _plain(place: Place, begin: int, end: int | None) -> Alarm:
    end_ms = None if end is None else MIDNIGHT_MS + end * MINUTE_MS
    at_ms = MIDNIGHT_MS + begin * MINUTE_MS
    return Alarm(place, Hazard.TEMPERATURE_HIGH, Severity.HIGH, begin, at_ms, end_ms)


def _reported(place: Place, minutes: Sequence[Minute]) -> Iterable[tuple[int, Minute]]:
    every = enumerate(minutes)
    if not place.truck:
        return every
    return ((n, m) for n, m in every if on_duty(n) or n % PARKED_EVERY_MIN == 0)
