"""The reference month: what its units do, what is true of them, what people are told."""

import random

from gongfu.bench.alarms_county import (
    KINDS,
    ON_DUTY,
    Place,
    faults_of,
    on_duty,
    openings_of,
    places,
    zone_of,
)
from gongfu.bench.alarms_told import Alarm, told
from gongfu.bench.alarms_zone import CHILLED, DAY, FREEZER, Fault, Opening, Zone, course, fault
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity

MINUTE_MS = 60_000
CABINET = Place("cab-0001", "hangzhou", 1, "frozen", truck=False)
TRUCK = [
    Place("veh-0001", "quzhou", zone, goods, truck=True)
    for zone, goods in ((1, "x"), (2, "frozen"))
]


def freezer(faults: list[Fault], openings: list[Opening] | None = None) -> Zone:
    return Zone(FREEZER, openings or [], 1.0, 120, faults)


def broken(kind: str) -> Fault:
    return fault(random.Random(2), kind, DAY)


def test_the_county_has_80_cabinets_and_39_trucks_of_two_zones() -> None:
    units = places()
    assert [len(units), sum(len(unit) == 2 for unit in units)] == [119, 39]
    assert all(unit[0].truck == (len(unit) == 2) for unit in units)


def test_a_truck_opens_at_sixteen_stops_on_weekdays_only() -> None:
    openings = openings_of(random.Random(1), TRUCK, 7)
    assert {opening.begin // DAY for opening in openings} == {0, 1, 2, 3, 4}
    assert 5 * 16 * 2 < len(openings) <= 5 * 16 * 3
    assert all(on_duty(opening.begin) for opening in openings)
    assert not on_duty(5 * DAY + ON_DUTY[0])


def test_about_one_unit_day_in_a_hundred_begins_a_fault_and_none_while_it_is_learned() -> None:
    dice = random.Random(1)
    found = [one for _ in range(300) for one in faults_of(dice, [CABINET], 30)[1]]
    assert 60 < len(found) < 120
    assert {one.kind for one in found} == set(KINDS)
    assert min(one.begin for one in found) >= 5 * DAY


def test_goods_of_a_stopped_unit_truly_pass_their_limit_and_cool_after_the_repair() -> None:
    stopped = broken("compressor")
    minutes = list(course(random.Random(1), freezer([stopped]), 3 * DAY))
    assert max(m.goods_celsius for m in minutes[: stopped.begin]) < -14
    assert max(m.goods_celsius for m in minutes[stopped.begin : stopped.end]) > -12
    assert minutes[-1].goods_celsius < -15


def test_a_stuck_probe_repeats_itself_while_the_air_goes_on() -> None:
    stuck = broken("stuck")
    minutes = list(course(random.Random(1), freezer([stuck]), 3 * DAY))
    during = minutes[stuck.begin : stuck.end]
    assert len({m.celsius for m in during}) == 1
    assert len({m.goods_celsius for m in during}) > 100
    assert len({m.celsius for m in minutes[stuck.end :]}) > 10


def test_a_door_warms_the_inner_zone_of_a_truck_less_than_the_outer() -> None:
    dice = random.Random(1)
    opened = [Opening(n, n + 2) for n in range(600, 900, 5)]
    zones = [zone_of(dice, place, opened, [], 60) for place in TRUCK]
    assert [zone.door_share for zone in zones] == [0.6, 0.3]
    lifted = [
        max(m.celsius for m in course(random.Random(3), zone._replace(shape=CHILLED), 1_000))
        for zone in zones
    ]
    assert lifted[0] > lifted[1] + 1


def alarm(minute: int, number: int, severity: Severity, *, over: bool = True) -> Alarm:
    place = Place(f"cab-{number:04}", f"site-{number}", 1, "frozen", truck=False)
    at_ms = minute * MINUTE_MS
    end_ms = at_ms + 3_600_000 if over else None
    return Alarm(place, Hazard.AIR_HIGH, severity, minute, at_ms, end_ms)


def test_an_alarm_is_one_message_and_its_end_one_digest() -> None:
    sent = told([alarm(100, 1, Severity.HIGH)])
    assert [one.digest for one in sent] == [False, True]
    assert told([alarm(100, 1, Severity.HIGH, over=False)])[0].notices == 1


def test_a_flood_of_high_alarms_is_told_in_digests_and_critical_ones_one_by_one() -> None:
    flood = [alarm(100, n, Severity.HIGH, over=False) for n in range(40)]
    assert [(one.digest, one.notices) for one in told(flood)] == [(True, 40)]
    grave = [alarm(100, n, Severity.CRITICAL, over=False) for n in range(40)]
    assert len(told(grave)) == 40


def test_what_is_of_low_severity_goes_to_the_digest() -> None:
    assert [one.digest for one in told([alarm(5, 1, Severity.LOW, over=False)])] == [True]


def test_the_alarms_of_one_failure_are_told_once_and_what_outlasts_it_then() -> None:
    goods = alarm(100, 1, Severity.CRITICAL)._replace(hazard=Hazard.PRODUCT_HIGH)
    air = alarm(110, 1, Severity.HIGH)
    outlasts = [goods, air]
    assert [one.digest for one in told(outlasts)] == [False, False, True, True]
    assert [one.at_ms - goods.at_ms for one in told(outlasts)][1] >= 60 * MINUTE_MS
    ends_with_it = [goods, air._replace(end_ms=goods.end_ms)]
    assert [one.digest for one in told(ends_with_it)] == [False, True]
    grows_into_it = [goods, air._replace(minute=90, at_ms=90 * MINUTE_MS, end_ms=goods.end_ms)]
    assert [one.digest for one in told(grows_into_it)] == [False, False, True]
