"""The formulas give the published and hand-computed values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.coldchain.breach import Goods, forecast, time_to_breach
from gongfu_fleet.domain.coldchain.exposure import (
    Exposure,
    TimeControl,
    WhoRuns,
    exposed,
    to_discard,
    unmeasured,
    who_run,
)
from gongfu_fleet.domain.coldchain.growth import Baranyi, Ratkowsky, grown_log10
from gongfu_fleet.domain.coldchain.mkt import mean_kinetic_celsius
from gongfu_fleet.domain.coldchain.product import Surroundings, begun, felt, unseen
from gongfu_fleet.domain.coldchain.shelf_life import (
    Q10,
    Arrhenius,
    SquareRoot,
    aged_days,
    remaining_days,
)
from gongfu_fleet.services.cold_policies import shipped_cold_policies, shipped_life

MINUTE = 60_000


@pytest.mark.parametrize(
    ("spans", "celsius"),
    [
        ([(5, 1)] * 7, 5.0),
        ([(2, 1), (8, 1)], 5.536425),
        ([(20, 1), (25, 1), (30, 1)], 25.858208),
        ([(4, 4), (16, 1)], 8.108857),
        ([(4, 8), (12, 2)], 6.32667),
        ([(4, 23.5), (25, 0.5)], 5.685334),
        ([(-20, 1), (-10, 1)], -13.363048),
        ([(18, 1), (26, 1), (18, 1), (26, 1), (20, 1), (30, 1)], 24.120793),
    ],
)
def test_mean_kinetic_temperature(spans: list[tuple[float, float]], celsius: float) -> None:
    assert mean_kinetic_celsius(spans) == pytest.approx(celsius, abs=1e-4)


def test_without_any_time_there_is_no_mean_kinetic_temperature() -> None:
    assert mean_kinetic_celsius([]) is None


def test_the_product_filter_is_exact_for_any_steps() -> None:
    once = felt(begun(4), 20, 10 * MINUTE, 60 * MINUTE)
    twice = felt(felt(begun(4), 20, 5 * MINUTE, 60 * MINUTE), 20, 5 * MINUTE, 60 * MINUTE)
    assert once.celsius == pytest.approx(6.456292401750175)
    assert twice.celsius == pytest.approx(once.celsius)


def test_the_product_feels_a_short_door_opening_a_little() -> None:
    product = felt(begun(4), 15, 3 * MINUTE, 60 * MINUTE)
    assert product.celsius == pytest.approx(4.536476330492146)
    assert felt(product, 4, 30 * MINUTE, 60 * MINUTE).celsius == pytest.approx(4.325389342653615)


@given(st.floats(-30, 30), st.integers(1, 10**8), st.floats(-30, 30))
def test_a_gap_only_widens_the_bounds_and_readings_narrow_them(
    start: float, gap_ms: int, air: float
) -> None:
    wide = unseen(begun(start), Surroundings(-30, 35), gap_ms, 60 * MINUTE)
    assert wide.low_celsius <= wide.celsius == start <= wide.high_celsius
    after = felt(wide, air, MINUTE, 60 * MINUTE)
    width = wide.high_celsius - wide.low_celsius
    assert after.high_celsius - after.low_celsius <= width + 1e-9


@pytest.mark.parametrize(
    ("now", "towards", "limit", "tau", "hours"),
    [(4, 25, 8, 6, 1.267855), (4, 25, 8, 34, 7.184509), (-19, 27, -15, 20, 1.819436)],
)
def test_time_to_breach(now: float, towards: float, limit: float, tau: float, hours: float) -> None:
    assert time_to_breach(now, towards, limit, tau) == pytest.approx(hours, abs=1e-5)


def test_a_refrigerator_without_power_warms_as_usda_measured() -> None:
    assert time_to_breach(2.5, 25, 5, 33.96074806281505) == pytest.approx(4)


def test_what_never_gets_there_takes_for_ever_and_what_is_there_no_time() -> None:
    assert time_to_breach(4, 8, 8, 1) == math.inf
    assert time_to_breach(8, 25, 8, 1) == 0


def test_a_forecast_of_a_clean_rise_is_within_a_quarter_of_the_truth() -> None:
    air = [(n * MINUTE, -5 - 14 * math.exp(-n / 30)) for n in range(26)]
    found = forecast(air, Goods(-19, 120), limit=-15, warmest_celsius=35)
    product, minutes = begun(-19), 0
    while product.celsius < -15:
        minutes += 1
        product = felt(product, -5 - 14 * math.exp(-(25 + minutes) / 30), MINUTE, 120 * MINUTE)
    assert found
    assert found.p10_ms is not None
    assert found.p50_ms is not None
    assert found.p90_ms is not None
    assert found.p10_ms <= found.p50_ms <= found.p90_ms
    assert found.p50_ms == pytest.approx(minutes * MINUTE, rel=0.25)


def test_there_is_no_forecast_while_the_air_falls() -> None:
    air = [(n * MINUTE, -10.0 - n) for n in range(20)]
    assert forecast(air, Goods(-19, 120), limit=-15, warmest_celsius=35) is None


def test_the_four_hours_of_the_food_code() -> None:
    used = Exposure()
    for count, celsius in ((12, 4), (30, 6), (12, 4), (19, 7)):
        for _ in range(count):
            used = exposed(used, 5, celsius, 5 * MINUTE)
    assert used.over_ms == 245 * MINUTE
    assert used.degree_minutes == 30 * 5 * 1 + 19 * 5 * 2
    assert to_discard(used, TimeControl.FOUR_HOURS)
    assert not to_discard(used, TimeControl.SIX_HOURS)


def test_six_hours_are_only_for_food_that_never_passed_21_degrees() -> None:
    assert to_discard(exposed(Exposure(), 5, 22, MINUTE), TimeControl.SIX_HOURS)


def test_a_gap_counts_as_unknown_and_as_possibly_over_where_the_bound_is() -> None:
    used = unmeasured(Exposure(), 5, 9, 60 * MINUTE)
    assert (used.over_ms, used.unknown_ms, used.possible_ms) == (0, 60 * MINUTE, 60 * MINUTE)
    assert unmeasured(Exposure(), 5, 4, MINUTE).possible_ms == 0


@pytest.mark.parametrize(
    ("values", "alarms"),
    [
        ([8.1] * 59 + [8.0] + [8.1] * 59, []),
        ([8.1] * 60, [("H", 59)]),
        ([-0.5] * 6, [("L", 5)]),
        ([-0.4] * 6, []),
    ],
)
def test_the_runs_of_who(values: list[float], alarms: list[tuple[str, int]]) -> None:
    runs, found = WhoRuns(), []
    for n, celsius in enumerate(values):
        runs = who_run(runs, celsius, 10 * MINUTE)
        found += [("H", n)] if runs.high else []
        found += [("L", n)] if runs.low else []
    assert found == alarms


def test_ageing_by_q10_and_arrhenius() -> None:
    q10 = Q10(4, 3)
    assert remaining_days(q10, 10, 0, 10) == pytest.approx(5.172819, abs=1e-6)
    aged = aged_days(q10, [(4, 24), (12, 6), (6, 18)])
    assert aged / 10 == pytest.approx(0.2536354376)
    assert remaining_days(q10, 10, aged, 4) == pytest.approx(7.463645624)
    assert Arrhenius(4, 60).rate(10) == pytest.approx(1.736277, abs=1e-6)
    assert Arrhenius(4, 80).rate(10) == pytest.approx(2.086853, abs=1e-6)
    assert Arrhenius(4, 72.69463179843183).rate(14) == pytest.approx(Q10(4, 3).rate(14))


def test_fish_ages_by_the_square_of_a_straight_line() -> None:
    fish = SquareRoot(0)
    rates = {0: 1, 2: 1.44, 4: 1.96, 5: 2.25, 8: 3.24, 10: 4, 15: 6.25}
    assert {t: round(fish.rate(t), 4) for t in rates} == rates
    aged = aged_days(fish, [(0, 48), (4, 12), (15, 2)])
    assert remaining_days(fish, 14, aged, 0) == pytest.approx(10.499167, abs=1e-6)
    assert remaining_days(fish, 14, aged, 4) == pytest.approx(5.356717687)


def test_tropical_fish_and_pseudomonas_age_by_their_published_rates() -> None:
    tropical = Q10(0, math.exp(1.2))
    rates = {0: 1, 4: 1.6161, 8: 2.6117, 15: 6.0496}
    assert {t: round(tropical.rate(t), 4) for t in rates} == rates
    spoiler = Ratkowsky(0.03, -11.8)
    ratios = {0: 1, 4: 1.7929, 8: 2.8156, 10: 3.4131, 15: 5.1583}
    assert {t: round(spoiler.per_hour(t) / spoiler.per_hour(0), 4) for t in ratios} == ratios


@pytest.mark.parametrize(("celsius", "days"), [(0, 12.4), (5, 10.4), (15, 3.7)])
def test_lettuce_ages_by_its_own_table(celsius: float, days: float) -> None:
    known = shipped_life("leafy_greens")
    assert known
    assert remaining_days(known[0], known[1], 0, celsius) == pytest.approx(days)


@pytest.mark.parametrize(
    ("kelvin", "months"), [(255, 443.61), (267, 15.51), (272, 4.19), (277, 1.18)]
)
def test_ice_cream_ages_as_published(kelvin: float, months: float) -> None:
    known = shipped_life("ice_cream")
    assert known
    left = remaining_days(known[0], known[1], 0, kelvin - 273.15)
    assert left / 30 == pytest.approx(months, rel=0.02)


def test_a_class_without_a_model_has_no_shelf_life() -> None:
    assert shipped_life("ambient") is None


@pytest.mark.parametrize(
    ("hours", "log10"),
    [(10, 3.085015), (24, 3.395307), (48, 4.415277), (120, 7.958611), (300, 9.0)],
)
def test_growth_after_baranyi(hours: float, log10: float) -> None:
    assert Baranyi(3, 9, 0.05, 20).at(hours) == pytest.approx(log10, abs=1e-6)


def test_growth_after_ratkowsky_through_changing_temperatures() -> None:
    model, spans = Ratkowsky(0.03, -7.5), [(4, 24), (15, 4), (4, 20)]
    assert grown_log10(model, 3, 30, spans) == pytest.approx(6.065945324, abs=1e-8)
    assert grown_log10(model, 3, 9.5, spans) == pytest.approx(6.065785, abs=1e-3)
    assert model.per_hour(-8) == 0


def test_every_shipped_policy_tells_its_source() -> None:
    assert len(shipped_cold_policies()) == 12
    assert all(len(policy.source) > 20 for policy in shipped_cold_policies().values())
