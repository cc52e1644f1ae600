"""Growth of bacteria: Ratkowsky's rate and Baranyi and Roberts' curve, in log10 counts and hours.

Sources: Ratkowsky et al. 1982 (square root model), Baranyi and Roberts 1994 (primary model).
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

LN_10 = math.log(10)


class Ratkowsky(NamedTuple):
    """sqrt(rate) = b (T - Tmin): rate in ln per hour, none at or below Tmin."""

    b: float
    least_celsius: float

    def per_hour(self, celsius: float) -> float:
        """Growth rate, ln per hour."""
        return (self.b * (celsius - self.least_celsius)) ** 2 if celsius > self.least_celsius else 0


class Baranyi(NamedTuple):
    """A population: log10 counts at the start and at most, log10 per hour, hours of lag."""

    start_log10: float
    most_log10: float
    per_hour_log10: float
    lag_hours: float

    def at(self, hours: float) -> float:
        """The log10 count after so many hours at one temperature."""
        rate = self.per_hour_log10 * LN_10
        readiness = 1 / math.expm1(rate * self.lag_hours)
        adjusted = hours + math.log((math.exp(-rate * hours) + readiness) / (1 + readiness)) / rate
        room = math.exp((self.most_log10 - self.start_log10) * LN_10)
        grown = rate * adjusted - math.log1p(math.expm1(rate * adjusted) / room)
        return self.start_log10 + grown / LN_10


def grown_log10(
    model: Ratkowsky, start_log10: float, most_log10: float, spans: Iterable[tuple[float, float]]
) -> float:
    """The log10 count after (celsius, hours) without lag, exact for constant spans (logistic)."""
    count, most = start_log10 * LN_10, most_log10 * LN_10
    for celsius, hours in spans:
        free = count + model.per_hour(celsius) * hours
        count = free - math.log1p((math.exp(free) - math.exp(count)) / math.exp(most))
    return count / LN_10
