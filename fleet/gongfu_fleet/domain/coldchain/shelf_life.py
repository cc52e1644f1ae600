"""Shelf life left after a history of temperatures, per product class, by cited coefficients.

A model gives the rate of ageing relative to its reference temperature; what is left is the life at
the reference less the sum of rate times time. ``data/shelf_life.json`` holds the coefficients.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol

GAS_CONSTANT = 8.314462618  # J/(mol K)
ZERO_KELVIN = 273.15


class Ageing(Protocol):
    """How much faster than at its reference temperature goods age."""

    @property
    def reference_celsius(self) -> float:
        """Where the rate is 1."""
        ...

    def rate(self, celsius: float) -> float:
        """1 at the reference temperature."""
        ...


class Q10(NamedTuple):
    """A factor for ten degrees."""

    reference_celsius: float
    factor: float

    def rate(self, celsius: float) -> float:
        """As Ageing."""
        return float(self.factor ** ((celsius - self.reference_celsius) / 10))


class Arrhenius(NamedTuple):
    """An energy of activation in kJ/mol."""

    reference_celsius: float
    kj_per_mol: float

    def rate(self, celsius: float) -> float:
        """As Ageing."""
        inverse = 1 / (celsius + ZERO_KELVIN) - 1 / (self.reference_celsius + ZERO_KELVIN)
        return math.exp(-self.kj_per_mol * 1000 / GAS_CONSTANT * inverse)


class SquareRoot(NamedTuple):
    """(1 + 0.1 T)^2 relative to 0 degrees, for fresh fish; no ageing at or below -10."""

    reference_celsius: float

    def rate(self, celsius: float) -> float:
        """As Ageing."""
        return _square_root(celsius) / _square_root(self.reference_celsius)


class Table(NamedTuple):
    """Measured lives at some temperatures; between and beyond them the logarithm is straight."""

    reference_celsius: float
    days: tuple[tuple[float, float], ...]

    def rate(self, celsius: float) -> float:
        """As Ageing."""
        return self.life_days(self.reference_celsius) / self.life_days(celsius)

    def life_days(self, celsius: float) -> float:
        """The life at one temperature."""
        return math.exp(_straight(self.days, celsius))


def aged_days(model: Ageing, spans: Iterable[tuple[float, float]]) -> float:
    """Days at the reference temperature that (celsius, hours) have used up."""
    return sum(model.rate(celsius) * hours / 24 for celsius, hours in spans)


def remaining_days(model: Ageing, life_days: float, aged: float, celsius: float) -> float:
    """Days left if the goods stay at ``celsius``; 0 when their life is over."""
    return max(0.0, life_days - aged) / model.rate(celsius)


def _square_root(celsius: float) -> float:
    return max(0.0, 1 + 0.1 * celsius) ** 2


def _straight(days: Sequence[tuple[float, float]], celsius: float) -> float:
    points = [(at, math.log(life)) for at, life in days]
    pieces = list(pairwise(points))
    low, high = next((p for p in pieces if celsius <= p[1][0]), pieces[-1])
    return low[1] + (high[1] - low[1]) * (celsius - low[0]) / (high[0] - low[0])
