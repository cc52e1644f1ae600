"""Every rule finds the same in whatever order its readings come, and by a clock that is off."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu.bench.alarms_order import heard
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.catalogue import RULES
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, follow, resolved
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.services.cold_policies import cold_policy

MINUTE = 60_000
START = 1_790_000_000_000
LEARNED = 400
FROZEN = cold_policy("frozen", {"learn_h": 6})
MEAT = cold_policy("chilled_meat", {"learn_h": 6, "tau_min": 10, "exposure_min": 60})
TEN_MIN = 600_000
# A clock that is less than two minutes off is believed as it is.
SKEWS = st.integers(121_000, TEN_MIN).flatmap(lambda ms: st.sampled_from([ms, -ms]))

Air = Callable[[int], float | None]


def course(air: Air, minutes: int, *, mean: float = -19.4) -> list[Reading]:
    """A unit that cycles while it is learned, then ``air`` by minute, the door shut."""
    calm = [mean + abs(m % 28 - 14) / 14 * 3 - 1.5 for m in range(LEARNED)]
    told = [round(c, 1) for c in calm] + [air(m) for m in range(minutes)]
    return [Reading(START + m * MINUTE, celsius, door_open=False) for m, celsius in enumerate(told)]


def opened(readings: list[Reading]) -> list[Reading]:
    return [r._replace(door_open=n >= LEARNED) for n, r in enumerate(readings)]


def warming(slope: float) -> Air:
    return lambda m: round(-18 + slope * m, 1)


def drifting(m: int) -> float:
    return round(-19.4 + abs(m % 28 - 14) / 14 * 3 - 1.5 + 0.8 * m / 60, 1)


TROUBLES: dict[Hazard, tuple[list[Reading], ColdPolicy]] = {
    Hazard.PROBE_FAULT: (course(lambda m: 85.0 if m < 30 else -19.4, 60), FROZEN),
    Hazard.PROBE_STUCK: (course(lambda _: -19.3, 60), FROZEN),
    Hazard.DOOR_AJAR: (opened(course(lambda _: -17.0, 20)), FROZEN),
    Hazard.AIR_HIGH: (course(warming(0.2), 120), FROZEN),
    Hazard.NO_COOLING: (course(warming(0.05), 60), FROZEN),
    Hazard.DRIFT: (course(drifting, 480), FROZEN),
    Hazard.RATE_OF_RISE: (course(lambda m: -23 + 0.5 * m, 40, mean=-24), FROZEN),
    Hazard.PRODUCT_HIGH: (course(warming(0.3), 180), FROZEN),
    Hazard.TEMPERATURE_LOW: (course(lambda _: -3.0, 60, mean=3), MEAT),
    Hazard.EXPOSURE: (course(lambda m: 6.0 + m % 2, 120, mean=3), MEAT),
}


@pytest.mark.parametrize("hazard", [rule.hazard for rule in RULES])
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 10_000), skew_ms=SKEWS)
def test_a_rule_finds_the_same_out_of_order_twice_late_and_by_a_clock_that_is_off(
    hazard: Hazard, seed: int, skew_ms: int
) -> None:
    readings, policy = TROUBLES[hazard]
    in_order = follow(FRESH, readings, policy)
    assert hazard in {found.hazard for found in in_order.raised}
    told = heard(random.Random(seed), readings, skew_ms)
    assert [one.ts_ms for one in told] != sorted(one.ts_ms for one in told)
    assert len(told) > len(readings)
    assert follow(FRESH, resolved(told), policy) == in_order


def test_a_clock_that_nobody_corrects_would_move_what_is_found() -> None:
    readings, policy = TROUBLES[Hazard.AIR_HIGH]
    wrong = [one._replace(ts_ms=one.ts_ms + TEN_MIN) for one in readings]
    assert follow(FRESH, wrong, policy).raised != follow(FRESH, readings, policy).raised
