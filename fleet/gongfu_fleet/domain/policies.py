"""Policies in layers: what is shipped, and what people lay over it. Pure.

A layer is a set of fields for a product class, an asset or one zone; fields of the more specific
layer win: zone > asset > class > shipped. Every change of a layer is a version with a number that
grows over all layers together, so one number names the whole policy of a zone.

Zone 0 is the asset as a whole. Its class is the kind of asset; the layer of an asset, which is for
its cooled zones, does not speak for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from gongfu_fleet.domain.alarms.asset_rules.policy import KINDS, CabinetPolicy, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.policy import policy_of as whole_policy_of
from gongfu_fleet.domain.coldchain.policy import ColdPolicy, policy_of
from gongfu_fleet.domain.policy_fields import AnyPolicy, Fields, fields_of
from gongfu_fleet.errors import InvalidError, NotFoundError

WholePolicy = TruckPolicy | CabinetPolicy
LONGEST_SOURCE = 400
LONGEST_NOTE = 500


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
    of_class = Target(Layer.SHIPPED, place.product_class), Target(Layer.CLASS, place.product_class)
    asset = () if place.product_class in KINDS else (Target(Layer.ASSET, place.asset),)
    return (*of_class, *asset, zone_target(place.asset, place.zone))


def layers_of(versions: Iterable[PolicyVersion], upto: int | None = None) -> Layers:
    """The newest version of each layer, or the newest that is not after number ``upto``."""
    ordered = sorted(versions, key=lambda one: one.version)
    return {one.target: one for one in ordered if upto is None or one.version <= upto}


def cold(policy: AnyPolicy) -> ColdPolicy:
    """The policy of a cooled zone. Raises NotFoundError for that of a whole asset."""
    if isinstance(policy, ColdPolicy):
        return policy
    raise NotFoundError(
        f"The policy of a {policy.kind} is for no cooled zone.", "Name zone 1 or above."
    )


def whole(policy: AnyPolicy) -> WholePolicy:
    """The policy of an asset as a whole. Raises NotFoundError for that of a cooled zone."""
    if not isinstance(policy, ColdPolicy):
        return policy
    raise NotFoundError(
        f"The policy of {policy.product_class} is for cooled zones.", "Name zone 0."
    )


def policy_at(layers: Layers, place: Place) -> AnyPolicy:
    """The policy of a zone; its version is the highest number among its layers.

    Raises NotFoundError for a class without a shipped policy, InvalidError for layers that no rule
    can mean together.
    """
    found = _speaking(layers, place)
    return _merged(found, found, place)


def policy_in_force(layers: Layers, place: Place) -> tuple[AnyPolicy, InvalidError | None]:
    """As ``policy_at``, but layers that cannot hold are left out, and why is told beside it.

    They could hold when they were saved; a new program may ship values that they cannot bear. The
    most specific is left out first. Raises NotFoundError.
    """
    found, fault = _speaking(layers, place), None
    for count in range(len(found), 1, -1):
        try:
            return _merged(found, found[:count], place), fault
        except InvalidError as error:
            fault = fault or error
    return _merged(found, found[:1], place), fault


def _speaking(layers: Layers, place: Place) -> list[PolicyVersion]:
    found = [layers[target] for target in targets_of(place) if target in layers]
    if not found or found[0].target.layer is not Layer.SHIPPED:
        raise NotFoundError(
            f"There is no policy for the class {place.product_class!r:.50}.",
            "Give the zone one of the shipped product classes.",
        )
    return found


def _merged(found: list[PolicyVersion], used: list[PolicyVersion], place: Place) -> AnyPolicy:
    known = fields_of(place.product_class)
    merged: dict[str, Any] = {}  # Any: JSON values
    sources: dict[str, str] = {}
    for one in used:
        # A field that this program does not know was written by a newer one.
        told = {name: value for name, value in one.fields.items() if name in known}
        merged |= told
        sources |= {name: source_of(one, name) for name in told}
    version = max(one.version for one in found)
    if place.product_class in KINDS:
        named = {"kind": place.product_class, "version": version, "sources": sources}
        return whole_policy_of({**merged, **named})
    check_together(merged, str(place))
    told_by = " | ".join(one.source for one in used if one.fields)
    named = {"product_class": place.product_class, "source": told_by, "version": version}
    return policy_of({**merged, **named})


def source_of(version: PolicyVersion, field: str) -> str:
    """Where a value comes from: the line of the source that begins with its name, else all."""
    named = f"{field}: "
    lines = version.source.splitlines()
    own = [line.removeprefix(named) for line in lines if line.startswith(named)]
    return own[0] if own else version.source


def source_text(policy: AnyPolicy) -> str:
    """Where the values of a whole policy come from."""
    return policy.source if isinstance(policy, ColdPolicy) else sources_told(policy.sources)


def sources_told(sources: Mapping[str, str]) -> str:
    """Sources by field as the text of one layer, a line each."""
    return "\n".join(f"{name}: {' '.join(source.split())}" for name, source in sources.items())


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
