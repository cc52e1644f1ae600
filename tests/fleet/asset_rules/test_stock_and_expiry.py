"""Trays that will be empty soon, and goods that have little of their shelf life left."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms.asset_rules.fold import CABINET, AssetState
from gongfu_fleet.domain.alarms.asset_rules.policy import CabinetPolicy
from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.asset_rules.stock_out_soon import traded_h
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rulebook import Found
from gongfu_fleet.services.asset_policies import cabinet_policy, shelf_life_of
from tests.fleet.asset_rules.rides import CABINETS, FULL, MINUTE, START, cabinet, over, told

HOUR = 60
# START is 22:13 in Shanghai: the next morning's hours of trade begin after this many minutes.
MORNING = 8 * HOUR + 47
LIFE = shelf_life_of("chilled_generic")
KEEPS = replace(CABINETS, life=LIFE)


def of(hazard: Hazard, found: Iterable[Found]) -> list[Found]:
    return [one for one in found if one.hazard is hazard]


def judged(rows: Iterable[AssetReading], policy: CabinetPolicy = CABINETS) -> list[Found]:
    result = CABINET.follow(CABINET.fresh, rows, policy)
    return [one for one in result.raised if one.hazard in {Hazard.STOCK_OUT_SOON, Hazard.EXPIRY}]


def takes(count: int, each_kg: float, *, every: int = 40, begin: int = MORNING) -> dict[int, float]:
    """By minute: what tray 1 holds from then on."""
    return {begin + every * (n + 1): 5.0 - each_kg * (n + 1) for n in range(count)}


def course(minutes: int, levels: dict[int, float], **more: object) -> Iterator[AssetReading]:
    """A row a minute; at each of ``levels`` the door was opened and tray 1 holds so much."""
    kg, opens = 5.0, 100.0
    for minute in range(minutes):
        if minute in levels:
            kg, opens = levels[minute], opens + 1
        yield cabinet(minute, trays_kg=(kg, *FULL[1:]), door_opens=opens, **more)


def test_a_tray_that_sells_fast_is_told_hours_before_it_is_empty() -> None:
    (found,) = judged(course(MORNING + 8 * HOUR, takes(6, 0.75)))
    raised_after = (found.episode.raised_ms - START) / MINUTE - MORNING
    # 0.75 kg in 40 min is 1.1 kg an hour: 5 kg last until minute 267.
    assert 80 <= raised_after <= 200


def test_a_tray_that_sells_slowly_is_not_told() -> None:
    assert judged(course(MORNING + 12 * HOUR, takes(6, 0.3, every=110))) == []


def test_filling_the_tray_ends_it_and_silence_or_the_night_does_not() -> None:
    sold = takes(6, 0.75)
    closing = MORNING + 14 * HOUR
    silent = [*course(MORNING + 5 * HOUR, sold), cabinet(closing + 3 * HOUR, trays_kg=rest())]
    result = CABINET.follow(CABINET.fresh, silent, CABINETS)
    assert [f.hazard for f in of(Hazard.STOCK_OUT_SOON, result.open)] == [Hazard.STOCK_OUT_SOON]
    filled = MORNING + 6 * HOUR
    result = CABINET.follow(CABINET.fresh, course(closing, {**sold, filled: 5.0}), CABINETS)
    ((_, minute),) = over(of(Hazard.STOCK_OUT_SOON, result.ended))
    assert filled <= minute <= filled + 5
    assert of(Hazard.STOCK_OUT_SOON, result.open) == []


def test_a_tray_that_ran_low_stays_told_though_nobody_takes_anything_for_hours() -> None:
    sold = takes(3, 1.35)
    result = CABINET.follow(CABINET.fresh, course(MORNING + 8 * HOUR, sold), CABINETS)
    assert len(of(Hazard.STOCK_OUT_SOON, result.raised)) == 1
    assert of(Hazard.STOCK_OUT_SOON, result.ended) == []


def rest() -> tuple[float, ...]:
    return (0.5, *FULL[1:])


def test_an_empty_tray_stays_told_until_it_is_filled() -> None:
    sold = {minute: max(0.0, kg) for minute, kg in takes(7, 0.75).items()}
    result = CABINET.follow(CABINET.fresh, course(MORNING + 60 * HOUR, sold), CABINETS)
    assert len(of(Hazard.STOCK_OUT_SOON, result.open)) == 1
    assert of(Hazard.STOCK_OUT_SOON, result.ended) == []


@pytest.mark.parametrize("kg", [0.0, 0.05, 0.4])
def test_a_tray_that_nobody_uses_is_not_told_however_little_lies_on_it(kg: float) -> None:
    rows = [cabinet(n, trays_kg=(kg, *FULL[1:])) for n in range(MORNING + 10 * HOUR)]
    assert judged(rows) == []


def test_a_scale_that_creeps_down_is_no_sale() -> None:
    rows = (
        cabinet(n, trays_kg=(5.0 - 0.004 * n, *FULL[1:]), door_opens=100.0 + n // 30)
        for n in range(MORNING + 6 * HOUR)
    )
    assert judged(rows) == []


def test_a_tray_just_filled_is_not_told_though_it_sold_well_before() -> None:
    sold = takes(3, 0.9)
    filled = max(sold) + 20
    rows = course(filled + 3 * HOUR, {**sold, filled: 8.0})
    assert judged(rows) == []


def test_what_is_put_back_is_not_sold() -> None:
    levels = {}
    for n in range(10):
        levels[MORNING + 30 * n] = 4.2
        levels[MORNING + 30 * n + 10] = 5.0
    assert judged(course(MORNING + 7 * HOUR, levels)) == []


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.0, 0.02))
def test_noise_of_the_scale_neither_sells_nor_fills(seed: int, noise_kg: float) -> None:
    def shaken(minute: int) -> float:
        return noise_kg * ((seed + minute * 7919) % 200 / 100 - 1)

    rows = [
        cabinet(n, trays_kg=tuple(0.6 + shaken(n + tray) for tray in range(8)), door_opens=n // 20)
        for n in range(MORNING, MORNING + 6 * HOUR)
    ]
    assert judged(rows) == []


def test_the_clock_of_trade_stands_still_at_night() -> None:
    midnight = START - START % 86_400_000 + 16 * 3_600_000  # 00:00 in Shanghai
    hours = [traded_h(midnight + int(h * 3_600_000), CABINETS) for h in (0, 7, 8.5, 21, 24, 31, 32)]
    assert [hour - hours[0] for hour in hours] == pytest.approx([0, 0, 1.5, 14, 14, 14, 15])


def warm(hours: float, celsius: float | None, begin: float = 0.0) -> list[AssetReading]:
    """A row each five minutes."""
    steps = range(int(hours * 12))
    return [cabinet(60 * begin + 5 * n, zone_1_celsius=celsius) for n in steps]


def test_goods_older_than_their_life_less_a_day_are_told() -> None:
    (found,) = judged(warm(24 * 7, 4.0), KEEPS)
    assert found.hazard is Hazard.EXPIRY
    assert told([found])[0][2] / 60 == pytest.approx(24 * 6, abs=0.2)


def test_warm_goods_expire_sooner_by_the_model_of_their_class() -> None:
    (found,) = judged([*warm(24, 4.0), *warm(80, 14.0, begin=24)], KEEPS)
    # A day at 4 degrees, then three times as fast: 5 days of age in 40 hours, and the goods lag.
    assert 24 + 40 <= told([found])[0][2] / 60 <= 24 + 41


def test_a_filling_makes_it_young_again_and_ends_it() -> None:
    old = warm(24 * 6.5, 4.0)
    filled = [
        cabinet(
            24 * 6.5 * 60 + 5 * n,
            zone_1_celsius=4.0,
            door_opens=101.0,
            trays_kg=(7.0, *FULL[1:]),
        )
        for n in range(12 * 24 * 5)
    ]
    result = CABINET.follow(CABINET.fresh, [*old, *filled], KEEPS)
    assert len(of(Hazard.EXPIRY, result.raised)) == 1
    ((_, minute),) = over(of(Hazard.EXPIRY, result.ended))
    assert minute <= 24 * 6.5 * 60 + 20


def test_a_customer_s_opening_is_no_filling() -> None:
    rows = [
        cabinet(5 * n, zone_1_celsius=4.0, door_opens=100.0 + n // 20) for n in range(12 * 24 * 7)
    ]
    assert [one.hazard for one in judged(rows, KEEPS)] == [Hazard.EXPIRY]


def test_silence_ends_nothing_and_its_hours_count() -> None:
    rows = [*warm(24, 4.0), *warm(1, 4.0, begin=24 * 6.2)]
    result = CABINET.follow(CABINET.fresh, rows, KEEPS)
    assert len(of(Hazard.EXPIRY, result.open)) == 1


@pytest.mark.parametrize("code", [85.0, -127.0, 882.6, None])
def test_codes_of_a_probe_are_no_temperature(code: float | None) -> None:
    assert judged([*warm(1, 4.0), *warm(48, code, begin=1)], KEEPS) == []


def test_zero_degrees_is_a_temperature() -> None:
    state: AssetState = CABINET.follow(CABINET.fresh, warm(24, 0.0), KEEPS).state
    ages = [course.own for course in state.courses if hasattr(course.own, "celsius")]
    assert ages[0].celsius == 0.0
    assert 0.5 < ages[0].days < 0.7


def test_a_class_without_a_model_is_not_judged() -> None:
    assert shelf_life_of("frozen") is None
    assert judged(warm(24 * 30, 20.0), cabinet_policy()) == []
