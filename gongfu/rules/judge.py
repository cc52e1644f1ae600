"""The rules over the readings of one zone, and what the goods went through."""

from collections.abc import Sequence
from dataclasses import dataclass

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules.zone_rules import FRESH, Found, follow, open_findings
from gongfu_fleet.domain.coldchain.breach import Forecast, Goods, forecast
from gongfu_fleet.domain.coldchain.exposure import Exposure, exposed, unmeasured
from gongfu_fleet.domain.coldchain.mkt import mean_kinetic_celsius
from gongfu_fleet.domain.coldchain.policy import HOUR_MS, MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.reading import Reading
from gongfu_fleet.domain.coldchain.unit import Unit

WARMING = frozenset({Hazard.AIR_HIGH, Hazard.NO_COOLING, Hazard.DOOR_AJAR})


@dataclass(frozen=True)
class Judged:
    """One incident, and when the goods would pass their limit as it looked when it was found."""

    found: Found
    breach: Forecast | None


@dataclass(frozen=True)
class Felt:
    """What the goods felt: temperatures in celsius, hours in each state, the time that counts."""

    warmest_celsius: float | None
    mean_kinetic_celsius: float | None
    exposure: Exposure
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Judgement:
    """All incidents in order of their begin, what the goods felt, and what was learned."""

    incidents: tuple[Judged, ...]
    felt: Felt
    unit: Unit


def judge(readings: Sequence[Reading], policy: ColdPolicy) -> Judgement:
    """Follow the readings, which are distinct in time and in order, to their end."""
    state, temperatures = FRESH, _Temperatures(policy)
    raised: dict[tuple[Hazard, int], Judged] = {}
    over: dict[tuple[Hazard, int], Found] = {}
    for reading in readings:
        followed = follow(state, (reading,), policy)
        state = followed.state
        temperatures.note(state.unit)
        for found in followed.raised:
            raised[_key(found)] = Judged(found, _breach(found, state.unit, policy))
        over.update((_key(found), found) for found in followed.ended)
    over.update((_key(found), found) for found in open_findings(state))
    judged = [Judged(over[key], one.breach) for key, one in raised.items()]
    in_order = sorted(judged, key=lambda one: (one.found.episode.begin_ms, one.found.hazard))
    return Judgement(tuple(in_order), temperatures.felt(), state.unit)


def _key(found: Found) -> tuple[Hazard, int]:
    return found.hazard, found.episode.begin_ms


def _breach(found: Found, unit: Unit, policy: ColdPolicy) -> Forecast | None:
    if found.hazard not in WARMING or unit.product is None:
        return None
    return forecast(
        unit.points,
        Goods(unit.product.celsius, policy.tau_min),
        limit=policy.product_high_celsius,
        warmest_celsius=policy.warmest_air_celsius,
    )


class _Temperatures:
    """Sums up what the goods feel, span by span."""

    def __init__(self, policy: ColdPolicy) -> None:
        self._policy = policy
        self._limit = policy.exposure_celsius or policy.product_high_celsius
        if policy.exposure_celsius is not None:
            self._limit = policy.exposure_celsius
        self._exposure = Exposure()
        self._spans: list[tuple[float, float]] = []
        self._last_ms: int | None = None

    def note(self, unit: Unit) -> None:
        """After a reading; one that was bad moves nothing."""
        if not unit.points or unit.product is None or unit.points[-1][0] == self._last_ms:
            return
        ts_ms, before_ms = unit.points[-1][0], self._last_ms
        self._last_ms = ts_ms
        if before_ms is None:
            return
        elapsed_ms = ts_ms - before_ms
        if elapsed_ms > self._policy.max_gap_min * MINUTE_MS:
            high = unit.product.high_celsius
            self._exposure = unmeasured(self._exposure, self._limit, high, elapsed_ms)
            return
        celsius = unit.product.celsius
        self._exposure = exposed(self._exposure, self._limit, celsius, elapsed_ms)
        self._spans.append((celsius, elapsed_ms / HOUR_MS))

    def felt(self) -> Felt:
        """The sums; no mean kinetic temperature for goods that are kept frozen."""
        frozen = self._policy.product_high_celsius < 0
        return Felt(
            warmest_celsius=self._exposure.warmest_celsius,
            mean_kinetic_celsius=None if frozen else mean_kinetic_celsius(self._spans),
            exposure=self._exposure,
            spans=tuple(self._spans),
        )
