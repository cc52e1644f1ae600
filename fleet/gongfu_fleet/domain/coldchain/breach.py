"""When a limit will be passed: the closed form, and a forecast with its spread.

The air approaches where it is going as T(t) = Tinf + (T0 - Tinf) e^(-t/tau). From the last minutes
of a rise Tinf and tau are known only roughly, so every pair on a grid is weighed by how well it
fits; the grid is denser near the present than near the surroundings. The quantiles of the weighed
times are the forecast.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

MINUTE_MS = 60_000
_TAUS_MIN = tuple(4.0 * 1.2**n for n in range(34))
_TOWARDS = 24
# What sensors scatter, and how well one exponential describes a unit's warming.
_SIGMA_CELSIUS = 0.25
# Errors of neighbouring minutes are alike, so half an hour is not thirty witnesses.
_INDEPENDENT = 12
_LEAST = 1e-6
_WINDOWS_MIN = (30, 20, 15, 10)
_FEWEST = 5  # two parameters and a start
# What is still to come is not the exponential of the past: by a tenth either way.
_SPREADS = (0.9, 1.0, 1.1)
_HORIZON_MIN = 72 * 60.0


class Forecast(NamedTuple):
    """Milliseconds from the newest sample until the limit; None: not as far as can be seen."""

    p10_ms: float | None
    p50_ms: float | None
    p90_ms: float | None


def time_to_breach(now: float, towards: float, limit: float, tau: float) -> float:
    """In the unit of ``tau``; 0 when already beyond, infinite when it never gets there."""
    if now >= limit:
        return 0.0
    if towards <= limit:
        return math.inf
    return -tau * math.log((limit - towards) / (now - towards))


class Goods(NamedTuple):
    """What is to stay below the limit: its temperature now, and how slowly it follows the air."""

    celsius: float
    tau_min: float


def forecast(
    samples: Sequence[tuple[int, float]], goods: Goods, *, limit: float, warmest_celsius: float
) -> Forecast | None:
    """When the goods pass the limit, from the rise that the newest air samples end with.

    ``warmest_celsius`` bounds where the air can go: the surroundings on a hot day. None while the
    air does not rise, or after too few samples.
    """
    if len(_rise(samples, _WINDOWS_MIN[0])) < _FEWEST:
        return None
    if goods.celsius >= limit:
        return Forecast(0.0, 0.0, 0.0)
    fits, samples_fitted = _best_window(samples, warmest_celsius)
    return _quantiles(_weighed(fits, goods, limit, samples_fitted))


class _Air(NamedTuple):
    now: float
    towards: float
    tau_min: float


class _Bend(NamedTuple):
    # The sums over a rise that a fit needs, so that each goal costs no further look at it.
    tau_min: float
    samples: int
    celsius: float
    squared: float
    bent: float
    bent_squared: float
    both: float


class _Fit(NamedTuple):
    air: _Air
    error: float


def _best_window(samples: Sequence[tuple[int, float]], warmest: float) -> tuple[list[_Fit], int]:
    # The longest stretch that one exponential describes: what was before it is another course.
    fits: list[_Fit] = []
    count = 0
    for minutes in _WINDOWS_MIN:
        rise = _rise(samples, minutes)
        if len(rise) < _FEWEST:
            break
        count = len(rise)
        bends = [_bend(rise, tau) for tau in _TAUS_MIN]
        fits = [_fitted(bend, towards) for towards in _grid(rise[-1][1], warmest) for bend in bends]
        if min(fit.error for fit in fits) <= _SIGMA_CELSIUS**2:
            break
    return fits, count


def _rise(samples: Sequence[tuple[int, float]], minutes: int) -> list[tuple[float, float]]:
    # Back from the newest to the lowest of the last minutes: (minutes before now, celsius).
    if not samples:
        return []
    end_ms = samples[-1][0]
    recent = [s for s in samples if s[0] >= end_ms - minutes * MINUTE_MS]
    lowest = min(range(len(recent)), key=lambda n: (recent[n][1], -n))
    return [((ts - end_ms) / MINUTE_MS, celsius) for ts, celsius in recent[lowest:]]


def _grid(now: float, warmest: float) -> list[float]:
    room = max(warmest - now, 1.0)
    return [now + room * (n / _TOWARDS) ** 1.5 for n in range(1, _TOWARDS + 1)]


def _bend(rise: Sequence[tuple[float, float]], tau: float) -> _Bend:
    bends = [math.exp(-minutes / tau) for minutes, _ in rise]
    return _Bend(
        tau_min=tau,
        samples=len(rise),
        celsius=sum(celsius for _, celsius in rise),
        squared=sum(celsius * celsius for _, celsius in rise),
        bent=sum(bends),
        bent_squared=sum(b * b for b in bends),
        both=sum(b * celsius for b, (_, celsius) in zip(bends, rise, strict=True)),
    )


def _fitted(bend: _Bend, towards: float) -> _Fit:
    # The level now is fitted too: below the goal, the air is a straight line in e^(-t/tau).
    level = (bend.both - towards * bend.bent) / bend.bent_squared
    below = bend.squared - 2 * towards * bend.celsius + towards * towards * bend.samples
    error = max(0.0, below - level * level * bend.bent_squared) / bend.samples
    return _Fit(_Air(towards + level, towards, bend.tau_min), error)


def _weighed(
    fits: Sequence[_Fit], goods: Goods, limit: float, samples: int
) -> list[tuple[float, float]]:
    # Where even the best fit is bad, one exponential is the wrong shape: all count for less.
    scale = max(_SIGMA_CELSIUS**2, min(fit.error for fit in fits))
    witnesses = min(samples, _INDEPENDENT)
    weights = [math.exp(-fit.error * witnesses / (2 * scale)) for fit in fits]
    return [
        (_crossing(goods, fit.air, limit) * MINUTE_MS * spread, weight)
        for fit, weight in zip(fits, weights, strict=True)
        if weight > _LEAST
        for spread in _SPREADS
    ]


def _crossing(goods: Goods, air: _Air, limit: float) -> float:
    # The goods follow air that follows its goal: two exponentials, crossed by halving.
    if air.towards <= limit:
        return math.inf
    slow = goods.tau_min * (1.001 if goods.tau_min == air.tau_min else 1.0)
    bent = (air.now - air.towards) * air.tau_min / (air.tau_min - slow)
    rest = goods.celsius - air.towards - bent

    def beyond(minutes: float) -> bool:
        felt = air.towards + bent * math.exp(-minutes / air.tau_min)
        return felt + rest * math.exp(-minutes / slow) >= limit

    low, high = 0.0, _HORIZON_MIN
    if not beyond(high):
        return math.inf
    for _ in range(18):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return high


def _quantiles(weighed: Sequence[tuple[float, float]]) -> Forecast | None:
    total = sum(weight for _, weight in weighed)
    if total <= 0:
        return None
    found: list[float | None] = []
    passed, wanted = 0.0, [0.1, 0.5, 0.9]
    for at_ms, weight in sorted(weighed):
        passed += weight / total
        while wanted and passed >= wanted[0]:
            found.append(None if math.isinf(at_ms) else at_ms)
            wanted.pop(0)
    return Forecast(*(found + [None] * 3)[:3])
