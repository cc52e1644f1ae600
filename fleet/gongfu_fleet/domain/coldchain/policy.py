"""What a zone's goods must keep, and what units and people may do: versioned data with sources."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from gongfu_fleet.errors import InvalidError

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
# Whole seconds that divide the hour, so that checkpoints fall between two samples.
_SAMPLES_S = frozenset(s for s in range(1, 3_601) if 3_600 % s == 0)
_MAY_BE_NONE = frozenset({"low_celsius", "exposure_celsius", "drift_celsius"})


@dataclass(frozen=True, slots=True)
class ColdPolicy:
    """Limits of one product class in degrees Celsius, durations in minutes or hours as named.

    A limit of None is no limit, a drift of None is not judged. ``exposure_celsius`` with
    ``exposure_min`` is a budget of time.
    """

    product_class: str
    version: int
    source: str
    air_high_celsius: float
    air_delay_min: float
    product_high_celsius: float
    product_critical_celsius: float
    tau_min: float
    deadband_celsius: float
    low_celsius: float | None = None
    low_delay_min: float = 30
    exposure_celsius: float | None = None
    exposure_min: float = 240
    exposure_forgotten_h: float = 24
    max_gap_min: float = 15
    off_delay_min: float = 10
    valid_low_celsius: float = -60
    valid_high_celsius: float = 70
    valid_celsius_per_min: float = 15
    warmest_air_celsius: float = 35
    coldest_air_celsius: float = -30
    bad_min: float = 10
    stuck_min: float = 30
    learn_h: float = 120
    unexplained_min: float = 10
    door_open_min: float = 3
    door_restock_min: float = 30
    door_grace_min: float = 20
    defrost_shortest_min: float = 20
    defrost_longest_min: float = 75
    defrost_gap_h: float = 6
    defrost_after_min: float = 60
    drift_celsius: float | None = 1.0
    cooling_factor: float = 1.5
    sample_s: float = 60

    def __post_init__(self) -> None:
        numbers = [v for f in fields(self) if isinstance(v := getattr(self, f.name), int | float)]
        if not all(math.isfinite(number) for number in numbers):
            raise self._refused("a value that is not finite", "Give plain numbers.")
        spans = [f.name for f in fields(self) if f.name.endswith(("_min", "_h"))]
        if wrong := [name for name in spans if getattr(self, name) < 0]:
            raise self._refused(f"a negative {wrong[0]}", "Give 0 or more.")
        if min(self.tau_min, self.max_gap_min, self.deadband_celsius + 1) <= 0:
            raise self._refused("no tau_min or max_gap_min", "Give values above 0.")
        if self.sample_s not in _SAMPLES_S:
            raise self._refused("a sample_s that does not divide the hour", "Give 60 or 30.")
        if self.product_critical_celsius < self.product_high_celsius:
            raise self._refused("a critical limit below the high one", "Exchange them.")
        if self.low_celsius is not None and self.low_celsius >= self.air_high_celsius:
            raise self._refused("a low limit above the high one", "Exchange them.")

    def _refused(self, fault: str, remedy: str) -> InvalidError:
        return InvalidError(f"Policy {self.product_class} v{self.version} has {fault}.", remedy)


def policy_of(line: Mapping[str, Any]) -> ColdPolicy:  # Any: JSON values, checked here
    """A policy from its JSON fields. Raises InvalidError for names or values no rule can mean."""
    known = {field.name: field for field in fields(ColdPolicy)}
    if unknown := sorted(set(line) - set(known)):
        raise InvalidError(
            f"A policy has the unknown field {unknown[0]!r}.", f"Known are {', '.join(known)}."
        )
    missing = [n for n, f in known.items() if f.default is MISSING and n not in line]
    if missing:
        raise InvalidError(f"A policy lacks {', '.join(missing)}.", "Add the fields.")
    for name, value in line.items():
        text = name in {"product_class", "source"}
        fits = isinstance(value, str) if text else isinstance(value, int | float)
        if isinstance(value, bool) or not (fits or (value is None and name in _MAY_BE_NONE)):
            raise InvalidError(
                f"A policy has {name} {value!r}.", f"Give a {'text' if text else 'number'}."
            )
    return ColdPolicy(**line)
