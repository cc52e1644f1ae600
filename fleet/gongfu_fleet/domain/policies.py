"""Cold-chain policies in layers: what is shipped, and what people lay over it. Pure.

A layer is a set of fields for a product class, an asset or one zone; fields of the more specific
layer win: zone > asset > class > shipped. Every change of a layer is a version with a number that
grows over all layers together, so one number names the whole policy of a zone.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from types import NoneType
from typing import Any, NamedTuple, get_args

from gongfu_fleet.domain.coldchain.policy import ColdPolicy, policy_of
from gongfu_fleet.errors import InvalidError, NotFoundError

Value = float | None
Fields = Mapping[str, Value]
LONGEST_SOURCE = 400
LONGEST_NOTE = 500
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


class Layer(StrEnum):
    """What a layer is for, the least specific first."""

    SHIPPED = "shipped"
    CLASS = "class"
    ASSET = "asset"
    ZONE = "zone"


class Target(NamedTuple):
    """A layer of one product class, one asset, or one zone (``ref`` is then ``asset:zone``)."""

    layer: Layer
    ref: str

    @property
    def asset(self) -> str:
        """The asset that it is for; empty for a class."""
        return self.ref.partition(":")[0] if self.layer in (Layer.ASSET, Layer.ZONE) else ""

    @property
    def zone(self) -> int | None:
        """The zone that it is for; None for a class or a whole asset."""
        return int(self.ref.rpartition(":")[2]) if self.layer is Layer.ZONE else None

    def __str__(self) -> str:
        return f"{self.layer}:{self.ref}"


@dataclass(frozen=True)
class PolicyVersion:
    """One change of a layer; ``fields`` is everything the layer says from then on.

    ``at_ms`` is real time, ``valid_from_ms`` platform time (0 for what is shipped), both UTC ms.
    ``before`` is the version of the same layer that it follows, 0 for the first; ``restores`` the
    one it goes back to.
    """

    version: int
    target: Target
    fields: Fields
    source: str
    note: str
    by: str
    at_ms: int
    valid_from_ms: int
    before: int = 0
    restores: int | None = None


Layers = Mapping[Target, PolicyVersion]


class Place(NamedTuple):
    """A zone of an asset, and the class of its goods."""

    product_class: str
    asset: str
    zone: int

    def __str__(self) -> str:
        return f"{self.asset} zone {self.zone} ({self.product_class})"


@dataclass(frozen=True)
class FieldFacts:
    """What a field may hold: numbers from ``low`` to ``high`` in ``unit``, perhaps nothing."""

    name: str
    unit: str
    low: float
    high: float
    may_be_none: bool


def parse_target(text: str) -> Target:
    """Read ``class:frozen``, ``asset:cab-0001`` or ``zone:cab-0001:1``. Raises InvalidError."""
    layer, _, ref = text.partition(":")
    asset, _, zone = ref.partition(":")
    fits = {Layer.CLASS: ref and not zone, Layer.ASSET: ref and not zone}
    fits[Layer.ZONE] = bool(asset) and zone.isdecimal() and zone.isascii()
    if layer not in set(Layer) or not fits.get(Layer(layer)):
        raise InvalidError(
            f"{text!r:.80} names no policy.",
            "Write class:frozen, asset:cab-0001 or zone:cab-0001:1.",
        )
    return Target(Layer(layer), f"{asset}:{int(zone)}" if zone else ref)


def zone_target(asset: str, zone: int) -> Target:
    """The layer of one zone."""
    return Target(Layer.ZONE, f"{asset}:{zone}")


def targets_of(place: Place) -> tuple[Target, ...]:
    """The layers that may speak for a zone, the least specific first."""
    return (
        Target(Layer.SHIPPED, place.product_class),
        Target(Layer.CLASS, place.product_class),
        Target(Layer.ASSET, place.asset),
        zone_target(place.asset, place.zone),
    )


def layers_of(versions: Iterable[PolicyVersion], upto: int | None = None) -> Layers:
    """The newest version of each layer, or the newest that is not after number ``upto``."""
    ordered = sorted(versions, key=lambda one: one.version)
    return {one.target: one for one in ordered if upto is None or one.version <= upto}


def policy_at(layers: Layers, place: Place) -> ColdPolicy:
    """The policy of a zone; its version is the highest number among its layers.

    Raises NotFoundError for a class without a shipped policy, InvalidError for layers that no rule
    can mean together.
    """
    found = _speaking(layers, place)
    return _whole(found, found, place)


def policy_in_force(layers: Layers, place: Place) -> tuple[ColdPolicy, InvalidError | None]:
    """As ``policy_at``, but layers that cannot hold are left out, and why is told beside it.

    They could hold when they were saved; a new program may ship values that they cannot bear. The
    most specific is left out first. Raises NotFoundError.
    """
    found, fault = _speaking(layers, place), None
    for count in range(len(found), 1, -1):
        try:
            return _whole(found, found[:count], place), fault
        except InvalidError as error:
            fault = fault or error
    return _whole(found, found[:1], place), fault


def _speaking(layers: Layers, place: Place) -> list[PolicyVersion]:
    found = [layers[target] for target in targets_of(place) if target in layers]
    if not found or found[0].target.layer is not Layer.SHIPPED:
        raise NotFoundError(
            f"There is no cold-chain policy for the class {place.product_class!r:.50}.",
            "Give the zone one of the shipped product classes.",
        )
    return found


def _whole(found: list[PolicyVersion], used: list[PolicyVersion], place: Place) -> ColdPolicy:
    merged: dict[str, Any] = {}  # Any: JSON values
    for one in used:
        # A field that this program does not know was written by a newer one.
        merged |= {name: value for name, value in one.fields.items() if name in FIELDS}
    check_together(merged, str(place))
    sources = [one.source for one in used if one.fields]
    named = {"product_class": place.product_class, "source": " | ".join(sources)}
    return policy_of({**merged, **named, "version": max(one.version for one in found)})


def shipped_fields(policy: ColdPolicy) -> dict[str, Value]:
    """All numbers of a shipped policy, defaults included: so what was judged stays readable."""
    return {name: value for name, value in asdict(policy).items() if name in FIELDS}


def check_fields(told: Mapping[str, Any]) -> dict[str, Value]:  # Any: JSON values, checked here
    """The fields of a layer. Raises InvalidError naming the field and what it may hold."""
    return {name: _checked(name, value) for name, value in told.items()}


def _checked(name: str, value: Any) -> Value:  # noqa: ANN401 - a JSON value
    facts = FIELDS.get(name)
    if facts is None:
        raise InvalidError(
            f"A policy has no field {name!r:.50}.", f"There are {', '.join(FIELDS)}."
        )
    allowed = f"Give a number from {facts.low:g} to {facts.high:g} ({facts.unit})"
    if value is None and facts.may_be_none:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        remedy = f"{allowed}, or null for none." if facts.may_be_none else f"{allowed}."
        raise InvalidError(f"{name} is no number.", remedy)
    if not math.isfinite(value) or not facts.low <= value <= facts.high:
        raise InvalidError(f"{name} is {value:g}.", f"{allowed}.")
    return value


def check_together(merged: Mapping[str, Any], where: str) -> None:  # Any: JSON values
    """Raise InvalidError where two fields of a whole policy cannot both hold."""
    for lower, higher, strictly in _ORDERED:
        low, high = merged.get(lower), merged.get(higher)
        if low is None or high is None:
            continue
        if low > high or (strictly and low == high):
            raise InvalidError(
                f"{where}: {lower} {low:g} is not below {higher} {high:g}.",
                f"Lower {lower} or raise {higher}.",
            )


_ORDERED = (
    ("product_high_celsius", "product_critical_celsius", False),
    ("low_celsius", "air_high_celsius", True),
    ("valid_low_celsius", "valid_high_celsius", True),
    ("coldest_air_celsius", "warmest_air_celsius", True),
    ("defrost_shortest_min", "defrost_longest_min", False),
    ("door_open_min", "door_restock_min", False),
)


def differences(before: Fields, after: Fields) -> dict[str, tuple[Any, Any]]:  # Any: "" is unset
    """What changed, by field: (before, after); the empty text where a layer says nothing."""
    names = [name for name in FIELDS if name in before or name in after]
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


FIELDS: Mapping[str, FieldFacts] = _facts()
