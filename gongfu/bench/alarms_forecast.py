"""How good the forecast is a quarter of an hour after the alarm.

The forecast says when the product-equivalent temperature passes its limit, so that is its truth:
the filter of the policy over the air to come. How the simulated goods themselves fare, which are
four times as slow in the mean, is told beside it (``bulk``).
"""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gongfu.bench.alarms_freezer import DAY, MINUTE_MS, Failure, failure, freezer, splice_minutes
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, ZoneRules, follow
from gongfu_fleet.domain.coldchain.breach import Forecast, Goods, forecast
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.coldchain.product import begun, felt
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy

LEARN_DAYS = 5
KINDS = ("compressor", "door")
AFTER_MIN = 15
NEAR = 0.25


class _Case(NamedTuple):
    told: Forecast | None
    equivalent_min: float
    bulk_min: float


def forecasts(*, units: int, seed: int) -> dict[str, object]:
    """``n`` cases whose goods were within their limit when it was asked, and how they went."""
    policy = cold_policy("frozen", {"learn_h": LEARN_DAYS * 24})
    dice = random.Random(f"forecast {seed}")
    cases = [case for _ in range(units) for case in _cases(dice, policy)]
    return {
        **_figures([(case.told, case.equivalent_min) for case in cases]),
        "bulk": _figures([(case.told, case.bulk_min) for case in cases]),
    }


def _figures(pairs: Sequence[tuple[Forecast | None, float]]) -> dict[str, float]:
    near = covered = 0
    for told, truth in pairs:
        if told is None or told.p10_ms is None or told.p50_ms is None:
            continue
        near += abs(told.p50_ms / MINUTE_MS - truth) <= NEAR * truth
        late_ms = told.p90_ms
        covered += told.p10_ms <= truth * MINUTE_MS and (
            late_ms is None or truth * MINUTE_MS <= late_ms
        )
    count = max(1, len(pairs))
    return {
        "n": len(pairs),
        "p50_within_25_pct": round(100 * near / count, 1),
        "p90_covers_pct": round(100 * covered / count, 1),
    }


def _cases(dice: random.Random, policy: ColdPolicy) -> Iterator[_Case]:
    unit = freezer(dice, LEARN_DAYS + 4)
    minutes = splice_minutes(dice, unit, 2, LEARN_DAYS * DAY + 300)
    state, waiting = FRESH, set(minutes)
    for minute, reading in enumerate(unit.readings(door_input=True)):
        if minute in waiting:
            for kind in KINDS:
                broken = failure(dice, unit, kind, minute)
                readings = broken.readings(door=kind == "door")
                case = _case(state, readings, broken, policy)
                if case is not None:
                    yield case
        if minute >= max(minutes):
            return
        state = follow(state, (reading,), policy).state


def _case(
    state: ZoneRules, readings: Sequence[Reading], broken: Failure, policy: ColdPolicy
) -> _Case | None:
    asked = None
    for minute, reading in enumerate(readings):
        followed = follow(state, (reading,), policy)
        state = followed.state
        if followed.raised and asked is None:
            asked = minute + AFTER_MIN
        if minute == asked:
            break
    product, bulk = state.unit.product, broken.breach - (asked or 0)
    if asked is None or product is None or bulk <= 0:
        return None
    equivalent = _passes(product.celsius, readings[asked + 1 :], policy)
    if not equivalent:
        return None
    told = forecast(
        state.unit.points,
        Goods(product.celsius, policy.tau_min),
        limit=policy.product_high_celsius,
        warmest_celsius=policy.warmest_air_celsius,
    )
    return _Case(told, equivalent, bulk)


def _passes(celsius: float, coming: Sequence[Reading], policy: ColdPolicy) -> float | None:
    """Minutes until the limit, within a minute by a straight line; 0 if it is passed already."""
    limit, warm = policy.product_high_celsius, celsius
    if warm > limit:
        return 0.0
    for minute, reading in enumerate(coming):
        air = warm if reading.celsius is None else reading.celsius
        after = felt(begun(warm), air, MINUTE_MS, policy.tau_min * MINUTE_MS).celsius
        if after > limit:
            return minute + (limit - warm) / (after - warm)
        warm = after
    return None
