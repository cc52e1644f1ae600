"""Product-equivalent temperature: what goods of a given time constant feel of the air.

A first-order filter, exact for irregular samples: s += (1 - e^(-dt/tau)) (x - s). Over a gap
nobody knows the air, so the bounds widen towards the warmest and coldest it may have been.
"""

import math
from typing import NamedTuple


class Product(NamedTuple):
    """The estimate, and the bounds it may lie between after gaps; equal without any."""

    celsius: float
    low_celsius: float
    high_celsius: float


class Surroundings(NamedTuple):
    """The coldest and warmest air that a zone can have while nobody measures it."""

    coldest_celsius: float
    warmest_celsius: float


def begun(celsius: float) -> Product:
    """The goods start as warm as the first air that is known."""
    return Product(celsius, celsius, celsius)


def guessed(celsius: float, around: Surroundings) -> Product:
    """The first air is known, and of the goods no more than where they can have come from."""
    low, high = min(around.coldest_celsius, celsius), max(around.warmest_celsius, celsius)
    return Product(celsius, low, high)


def share(elapsed_ms: float, tau_ms: float) -> float:
    """Which part of a difference is made up in this time: 0 to 1."""
    return -math.expm1(-elapsed_ms / tau_ms)


def felt(product: Product, celsius: float, elapsed_ms: float, tau_ms: float) -> Product:
    """The air was at ``celsius`` for ``elapsed_ms``."""
    a = -math.expm1(-elapsed_ms / tau_ms)
    middle, low, high = product
    return Product(
        middle + a * (celsius - middle), low + a * (celsius - low), high + a * (celsius - high)
    )


def unseen(product: Product, around: Surroundings, elapsed_ms: float, tau_ms: float) -> Product:
    """Nobody measured for ``elapsed_ms``: the estimate stands, the bounds widen."""
    a = -math.expm1(-elapsed_ms / tau_ms)
    middle, low, high = product
    return Product(
        middle,
        low + a * (min(around.coldest_celsius, low) - low),
        high + a * (max(around.warmest_celsius, high) - high),
    )
