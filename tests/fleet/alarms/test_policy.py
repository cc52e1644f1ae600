"""Limits: 0 and negative ones count, and nonsense is refused."""

import math

import pytest

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.policy import ZonePolicy
from gongfu_fleet.errors import InvalidError


def policy(
    *, low: float | None, high: float | None, deadband: float = 0.5, max_gap_ms: int = 900_000
) -> ZonePolicy:
    return ZonePolicy("dairy", 1, low, high, deadband, 0, 0, 0, max_gap_ms)


def test_a_limit_of_zero_is_a_limit_and_none_is_not() -> None:
    zero = policy(low=0.0, high=None).limit(Hazard.TEMPERATURE_LOW)
    assert zero is not None
    assert zero.beyond(-0.1)
    assert policy(low=0.0, high=None).limit(Hazard.TEMPERATURE_HIGH) is None


def test_the_limit_itself_is_still_good() -> None:
    both = policy(low=0.0, high=8.0)
    for hazard, celsius in ((Hazard.TEMPERATURE_HIGH, 8.0), (Hazard.TEMPERATURE_LOW, 0.0)):
        limit = both.limit(hazard)
        assert limit is not None
        assert not limit.beyond(celsius)
        assert not limit.recovered(celsius)


def test_recovery_begins_at_the_deadband_on_either_side() -> None:
    frozen = policy(low=-25.0, high=-18.0, deadband=1.0)
    high, low = frozen.limit(Hazard.TEMPERATURE_HIGH), frozen.limit(Hazard.TEMPERATURE_LOW)
    assert high is not None
    assert low is not None
    assert [high.recovered(c) for c in (-18.9, -19.0)] == [False, True]
    assert [low.recovered(c) for c in (-24.1, -24.0)] == [False, True]
    assert (high.worse(-17.0, -3.0), low.worse(-26.0, -30.0)) == (-3.0, -30.0)


@pytest.mark.parametrize(
    ("low", "high", "deadband", "max_gap_ms"),
    [
        (8.0, 0.0, 0.5, 1),
        (0.0, math.nan, 0.5, 1),
        (-math.inf, 8.0, 0.5, 1),
        (0.0, 8.0, -0.5, 1),
        (0.0, 8.0, 0.5, 0),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_with_a_remedy(
    low: float, high: float, deadband: float, max_gap_ms: int
) -> None:
    with pytest.raises(InvalidError) as refused:
        policy(low=low, high=high, deadband=deadband, max_gap_ms=max_gap_ms)
    assert refused.value.remedy
