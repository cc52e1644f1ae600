"""Mean kinetic temperature (USP <1079>): a figure for reports, not a limit of safety.

Source of the formula: USP <1079>, dH/R = 10 000 K. It has no meaning for frozen goods.
"""

import math
from collections.abc import Iterable

ACTIVATION_KELVIN = 10_000.0
ZERO_KELVIN = 273.15


def mean_kinetic_celsius(spans: Iterable[tuple[float, float]]) -> float | None:
    """Of (celsius, weight): any unit of time does as weight. None without any weight."""
    total = rate = 0.0
    for celsius, weight in spans:
        total += weight
        rate += weight * math.exp(-ACTIVATION_KELVIN / (celsius + ZERO_KELVIN))
    if total <= 0:
        return None
    return ACTIVATION_KELVIN / -math.log(rate / total) - ZERO_KELVIN
