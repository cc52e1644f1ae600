"""Which part of the fleet somebody may see and act on: by county, town, truck, cabinet, operator.

A role says what one may do, a scope says to which assets. Two operators share one platform by
scopes alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gongfu_fleet.domain.assets import Asset, AssetKind
from gongfu_fleet.errors import InvalidError


class ScopeKind(StrEnum):
    """By what a grant names assets."""

    COUNTY = "county"
    TOWN = "town"
    TRUCK = "truck"
    CABINET = "cabinet"
    OPERATOR = "operator"


class Grant(NamedTuple):
    """Every asset of one county, town or operator, or one asset; ``ref`` is its code or id."""

    kind: ScopeKind
    ref: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.ref}"


@dataclass(frozen=True)
class Scope:
    """An asset is covered when every one of ``limits`` has a grant that names it.

    No limit is everything; an empty limit is nothing. A token's scope is its owner's, narrowed.
    """

    limits: tuple[frozenset[Grant], ...] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.limits

    def narrowed(self, other: "Scope") -> "Scope":
        """What both cover."""
        return Scope(self.limits + other.limits)

    def covers(self, asset: Asset) -> bool:
        """Whether the asset lies inside."""
        return all(any(_names(grant, asset) for grant in limit) for limit in self.limits)


EVERYTHING = Scope()


def scope_of(grants: Iterable[Grant] | None) -> Scope:
    """The scope of one list of grants; None is everything."""
    return EVERYTHING if grants is None else Scope((frozenset(grants),))


def parse_grant(text: str) -> Grant:
    """Read ``county:330802``. Raises InvalidError."""
    kind, found, ref = text.partition(":")
    if not found or kind not in set(ScopeKind) or not ref:
        raise InvalidError(
            f"{text!r:.60} is no scope.",
            f"Write KIND:CODE with one of {', '.join(ScopeKind)}, such as county:330802.",
        )
    return Grant(ScopeKind(kind), ref)


def _names(grant: Grant, asset: Asset) -> bool:
    match grant.kind:
        case ScopeKind.COUNTY:
            return asset.county_code == grant.ref
        case ScopeKind.TOWN:
            return asset.town_code == grant.ref
        case ScopeKind.OPERATOR:
            return asset.operator == grant.ref
        case ScopeKind.TRUCK:
            return asset.kind is AssetKind.TRUCK and asset.id == grant.ref
        case ScopeKind.CABINET:
            return asset.kind is AssetKind.CABINET and asset.id == grant.ref
