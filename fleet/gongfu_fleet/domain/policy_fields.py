"""The numbers of which policies are made: of cooled zones, and of trucks and cabinets as a whole.

What an asset as a whole must keep has its kind, ``truck`` or ``cabinet``, where a zone has the
class of its goods.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from types import NoneType
from typing import Any, get_args

from gongfu_fleet.domain.alarms.asset_rules.policy import (
    KINDS,
    SURROUNDINGS,
    CabinetPolicy,
    TruckPolicy,
)
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.errors import InvalidError

Value = float | None
Fields = Mapping[str, Value]
AnyPolicy = ColdPolicy | TruckPolicy | CabinetPolicy
# No numbers that people set, or none at all.
_NO_FIELDS = frozenset({"kind", "version", "sources"}) | SURROUNDINGS
# Where the unit alone does not say what makes sense: lowest and highest value.
_BOUNDS = {
    "deadband_celsius": (0.0, 10.0),
    "drift_celsius": (0.1, 10.0),
    "tau_min": (1.0, 1_440.0),
    "max_gap_min": (1.0, 1_440.0),
    "valid_celsius_per_min": (0.1, 100.0),
    "cooling_factor": (1.0, 10.0),
}
_UNITS = {
    "celsius": ("°C", -60.0, 70.0),
    "min": ("min", 0.0, 10_080.0),
    "h": ("h", 0.0, 720.0),
    "s": ("s", 1.0, 3_600.0),
}
# Of whole assets nothing is below 0.
_WHOLE_UNITS = {
    **_UNITS,
    "celsius": ("°C", 0.0, 70.0),
    "kg": ("kg", 0.0, 2_000.0),
    "kmh": ("km/h", 0.0, 200.0),
    "km": ("km", 0.0, 500.0),
    "m": ("m", 0.0, 50_000.0),
    "takes": ("", 0.0, 100.0),
    "volt": ("V", 0.0, 60.0),
}
# What a whole kind has in common: judged by messages, before anybody looks at one asset.
KIND_ONLY = frozenset(
    {"backlog_min", "backlog_quiet_min", "backlog_settle_min"}
    | {"unsettled_min", "unsettled_wait_min", "unsettled_forget_h"}
)
_COUNTS = ("", 1.0, 100.0)


@dataclass(frozen=True)
class FieldFacts:
    """What a field may hold: numbers from ``low`` to ``high`` in ``unit``, perhaps nothing.

    ``integral``: it counts something.
    """

    name: str
    unit: str
    low: float
    high: float
    may_be_none: bool
    integral: bool = False


def class_of(policy: AnyPolicy) -> str:
    """The class of goods, or the kind of asset."""
    return policy.product_class if isinstance(policy, ColdPolicy) else policy.kind


def fields_of(product_class: str) -> Mapping[str, FieldFacts]:
    """The fields of the policies of a class of goods or a kind of asset."""
    return WHOLE_FIELDS.get(product_class, FIELDS)


def shipped_fields(policy: AnyPolicy) -> dict[str, Value]:
    """All numbers of a shipped policy, defaults included: so what was judged stays readable."""
    return {name: getattr(policy, name) for name in fields_of(class_of(policy))}


def check_fields(
    told: Mapping[str, Any],  # Any: JSON values, checked here
    product_class: str = "",
) -> dict[str, Value]:
    """The fields of a layer for a class or kind. Raises InvalidError naming field and limits."""
    known = fields_of(product_class)
    if unknown := [name for name in told if name not in known]:
        raise InvalidError(
            f"A policy has no field {unknown[0]!r:.50}.", f"There are {', '.join(known)}."
        )
    return {name: _checked(known[name], value) for name, value in told.items()}


def _checked(facts: FieldFacts, value: Any) -> Value:  # noqa: ANN401 - a JSON value
    name, number = facts.name, "whole number" if facts.integral else "number"
    allowed = f"Give a {number} from {facts.low:g} to {facts.high:g} ({facts.unit})"
    allowed = allowed.removesuffix(" ()")
    if value is None and facts.may_be_none:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        remedy = f"{allowed}, or null for none." if facts.may_be_none else f"{allowed}."
        raise InvalidError(f"{name} is no number.", remedy)
    if not math.isfinite(value) or not facts.low <= value <= facts.high:
        raise InvalidError(f"{name} is {value:g}.", f"{allowed}.")
    if facts.integral and value != int(value):
        raise InvalidError(f"{name} is {value:g}.", f"{allowed}.")
    return int(value) if facts.integral else value


def differences(before: Fields, after: Fields) -> dict[str, tuple[Any, Any]]:  # Any: "" is unset
    """What changed, by field: (before, after); the empty text where a layer says nothing."""
    every = dict.fromkeys(name for known in (FIELDS, *WHOLE_FIELDS.values()) for name in known)
    names = [name for name in every if name in before or name in after]
    pairs = {name: (before.get(name, ""), after.get(name, "")) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _facts() -> dict[str, FieldFacts]:
    found = {}
    for field in fields(ColdPolicy):
        kinds = get_args(field.type) or (field.type,)
        if field.name == "version" or not {int, float} & set(kinds):
            continue
        unit, low, high = _UNITS.get(field.name.rpartition("_")[2], ("", 0.0, 1_000.0))
        low, high = _BOUNDS.get(field.name, (low, high))
        unit = "°C/min" if field.name.endswith("_per_min") else unit
        found[field.name] = FieldFacts(field.name, unit, low, high, NoneType in kinds)
    return found


def _whole_facts(kind: type[TruckPolicy] | type[CabinetPolicy]) -> Iterator[FieldFacts]:
    for field in fields(kind):
        if field.name in _NO_FIELDS:
            continue
        unit, low, high = _WHOLE_UNITS.get(field.name.rpartition("_")[2], _COUNTS)
        low, high = _BOUNDS.get(field.name, (low, high))
        integral = field.type is int
        yield FieldFacts(field.name, unit, low, high, may_be_none=False, integral=integral)


FIELDS: Mapping[str, FieldFacts] = _facts()
WHOLE_FIELDS: Mapping[str, Mapping[str, FieldFacts]] = {
    name: {one.name: one for one in _whole_facts(kind)} for name, kind in KINDS.items()
}
