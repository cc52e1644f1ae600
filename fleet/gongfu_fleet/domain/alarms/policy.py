"""What a zone must keep: limits, deadband and delays, as versioned data.

Temperatures are degrees Celsius, delays milliseconds of event time. A limit of None is no limit;
0 and negative limits are limits like any other. Names after OPC UA Part 9 (OnDelay, OffDelay,
AlarmDeadband) and ISA-18.2.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.errors import InvalidError

# The hazards that a limit of the plain rule can find.
LIMITED = (Hazard.TEMPERATURE_HIGH, Hazard.TEMPERATURE_LOW)


@dataclass(frozen=True, slots=True)
class Limit:
    """One side of a policy. ``clear_celsius`` is where recovery begins, the deadband off the limit.

    A value between the limit and ``clear_celsius`` is evidence for neither side.
    """

    hazard: Hazard
    celsius: float
    clear_celsius: float
    on_delay_ms: int
    off_delay_ms: int
    max_gap_ms: int

    def beyond(self, celsius: float) -> bool:
        """Whether the value lies outside the limit; the limit itself is still good."""
        if self.hazard is Hazard.TEMPERATURE_HIGH:
            return celsius > self.celsius
        return celsius < self.celsius

    def recovered(self, celsius: float) -> bool:
        """Whether the value is back by at least the deadband."""
        if self.hazard is Hazard.TEMPERATURE_HIGH:
            return celsius <= self.clear_celsius
        return celsius >= self.clear_celsius

    def worse(self, one: float, other: float) -> float:
        """The value further out."""
        return max(one, other) if self.hazard is Hazard.TEMPERATURE_HIGH else min(one, other)


@dataclass(frozen=True, slots=True)
class ZonePolicy:
    """The rule of one zone: raised after the on-delay beyond a limit, over after the off-delay.

    Samples further apart than ``max_gap_ms`` leave an unknown span between them. Raises
    InvalidError for values no rule can mean.
    """

    product_class: str
    version: int
    low_celsius: float | None
    high_celsius: float | None
    deadband_celsius: float
    on_delay_ms: int
    low_on_delay_ms: int
    off_delay_ms: int
    max_gap_ms: int

    def __post_init__(self) -> None:
        delays = (self.on_delay_ms, self.low_on_delay_ms, self.off_delay_ms)
        if min(delays) < 0 or self.max_gap_ms <= 0:
            raise InvalidError(
                f"Policy {self.product_class} v{self.version} has a negative delay or no max gap.",
                "Give delays of 0 or more and a max gap above 0.",
            )
        limits = [c for c in (self.low_celsius, self.high_celsius) if c is not None]
        if not all(math.isfinite(c) for c in (*limits, self.deadband_celsius)) or (
            self.deadband_celsius < 0 or limits != sorted(limits)
        ):
            raise InvalidError(
                f"Policy {self.product_class} v{self.version} has limits that cannot hold.",
                "Give a low limit below the high one and a deadband of 0 or more.",
            )

    def limit(self, hazard: Hazard) -> Limit | None:
        """The side of the policy that judges this hazard; None when it sets no such limit."""
        return _limit(self, hazard)


# Asked for each judged sample, while a county has a handful of policies.
@lru_cache(maxsize=1000)
def _limit(policy: ZonePolicy, hazard: Hazard) -> Limit | None:
    high = hazard is Hazard.TEMPERATURE_HIGH
    celsius = policy.high_celsius if high else policy.low_celsius
    if celsius is None:
        return None
    deadband = policy.deadband_celsius
    return Limit(
        hazard=hazard,
        celsius=celsius,
        clear_celsius=celsius - deadband if high else celsius + deadband,
        on_delay_ms=policy.on_delay_ms if high else policy.low_on_delay_ms,
        off_delay_ms=policy.off_delay_ms,
        max_gap_ms=policy.max_gap_ms,
    )
