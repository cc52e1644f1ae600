"""The policies in force, the shipped ones of the cold-chain rules, and the ageing models."""

import json
import logging
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from gongfu_fleet.domain.coldchain.policy import ColdPolicy, policy_of
from gongfu_fleet.domain.coldchain.shelf_life import Q10, Ageing, Arrhenius, SquareRoot, Table
from gongfu_fleet.domain.policies import (
    Layer,
    Layers,
    Place,
    PolicyVersion,
    Target,
    WholePolicy,
    cold,
    layers_of,
    policy_at,
    policy_in_force,
    sources_told,
    targets_of,
    whole,
)
from gongfu_fleet.domain.policy_fields import AnyPolicy, fields_of, shipped_fields
from gongfu_fleet.errors import InvalidError, NotFoundError
from gongfu_fleet.services.asset_policies import shipped_asset_policies
from gongfu_fleet.services.policy_ports import Draft, PolicyStore

log = logging.getLogger(__name__)
SHIPPED_BY = "gongfu"
MOST_TOLD = 3


class ShippedPolicies:
    """The shipped policies alone, where nobody can lay anything over them."""

    def __init__(self) -> None:
        policies = shipped_cold_policies().values()
        self._layers = {
            target: PolicyVersion(
                version=policy.version,
                target=target,
                fields=shipped_fields(policy),
                source=policy.source,
                note="",
                by=SHIPPED_BY,
                at_ms=0,
                valid_from_ms=0,
            )
            for policy in policies
            for target in (Target(Layer.SHIPPED, policy.product_class),)
        }
        self._of_class: dict[str, ColdPolicy] = {}

    def refresh(self) -> bool:
        """Whether anything changed since the last time: never."""
        return False

    def troubles(self) -> list[str]:
        """Nothing can be wrong with them."""
        return []

    def policy_of(self, place: Place) -> ColdPolicy:
        """The policy of a zone. Raises NotFoundError."""
        known = self._of_class
        if place.product_class not in known:
            known[place.product_class] = cold(policy_at(self._layers, place))
        return known[place.product_class]


class VersionedPolicies:
    """The policies as people last changed them, kept until the store has a new version."""

    def __init__(self, store: PolicyStore) -> None:
        self._store = store
        self._revision: int | None = None
        self._layers: Layers = {}
        self._passed_over: dict[str, None] = {}
        self._sound: dict[tuple[int, ...], AnyPolicy] = {}
        self.refresh()

    @property
    def revision(self) -> int:
        """The newest version that is known here."""
        return self._revision or 0

    def refresh(self) -> bool:
        """Read the store again if it has a new version; whether it had."""
        revision = self._store.revision()
        if revision == self._revision:
            return False
        self._layers = layers_of(self._store.versions())
        self._passed_over, self._sound = {}, {}
        self._revision = revision
        return True

    def policy_of(self, place: Place) -> ColdPolicy:
        """The policy of a zone, without what cannot hold any more. Raises NotFoundError."""
        return cold(self._in_force(place))

    def whole_of(self, place: Place) -> WholePolicy:
        """The policy of an asset as a whole, of which ``place`` is zone 0. Raises NotFoundError."""
        return whole(self._in_force(place))

    def _in_force(self, place: Place) -> AnyPolicy:
        # Thousands of zones have a handful of policies: the same versions say the same.
        layers = self._layers
        said = tuple(layers[one].version for one in targets_of(place) if one in layers)
        if said in self._sound:
            return self._sound[said]
        policy, fault = policy_in_force(self._layers, place)
        if fault and str(fault) not in self._passed_over:
            self._passed_over[str(fault)] = None
            log.warning("a policy is passed over, change it: %s", fault)
        if fault is None:
            self._sound[said] = policy
        return policy

    def troubles(self) -> list[str]:
        """Sentences for /health: what cannot hold any more, of the zones that were asked for."""
        told = list(self._passed_over)
        more = [f"… and in {len(told) - MOST_TOLD} more zones"] if len(told) > MOST_TOLD else []
        return [f"A policy is passed over: {one}" for one in told[:MOST_TOLD]] + more


def record_shipped(store: PolicyStore, *, now_ms: int) -> int:
    """Make versions of what the program ships and the store does not have; returns how many.

    So a verdict of an older program can be recomputed by the policy it was made by.
    """
    drafts = {}
    for policy in shipped_cold_policies().values():
        target = Target(Layer.SHIPPED, policy.product_class)
        note = f"shipped version {policy.version}"
        drafts[target] = Draft(
            target, shipped_fields(policy), policy.source, note, SHIPPED_BY, now_ms, 0
        )
    return store.record_shipped(drafts | _shipped_wholes(now_ms))


def _shipped_wholes(now_ms: int) -> dict[Target, Draft]:
    drafts = {}
    for kind, policy in shipped_asset_policies().items():
        source = sources_told({name: policy.sources[name] for name in fields_of(kind)})
        target, note = Target(Layer.SHIPPED, kind), f"shipped version {policy.version}"
        drafts[target] = Draft(target, shipped_fields(policy), source, note, SHIPPED_BY, now_ms, 0)
    return drafts


def shipped_cold_policies() -> Mapping[str, ColdPolicy]:
    """By product class, the highest version of each."""
    return newest(json.loads(_text("policies_coldchain.json")))


def newest(lines: list[Mapping[str, Any]]) -> Mapping[str, ColdPolicy]:  # Any: JSON values
    """Policies by product class, the highest version of each. Raises InvalidError."""
    policies = sorted((policy_of(line) for line in lines), key=lambda policy: policy.version)
    return {policy.product_class: policy for policy in policies}


def cold_policy(product_class: str, changes: Mapping[str, Any] | None = None) -> ColdPolicy:
    """The policy of a class, with some of its fields changed. Raises FleetError."""
    lines = {line["product_class"]: line for line in json.loads(_text("policies_coldchain.json"))}
    if product_class not in lines:
        raise NotFoundError(
            f"There is no product class {product_class!r}.", f"There are {', '.join(lines)}."
        )
    return policy_of({**lines[product_class], **(changes or {}), "product_class": product_class})


def shipped_life(product_class: str) -> tuple[Ageing, float] | None:
    """How goods of a class age, and their life in days at the model's reference; None: unknown."""
    lines = [o for o in json.loads(_text("shelf_life.json")) if o["product_class"] == product_class]
    line = max(lines, key=lambda one: int(one["version"]), default=None)
    return (_ageing(line), float(line["life_days"])) if line else None


def _ageing(line: Mapping[str, Any]) -> Ageing:  # Any: JSON values
    reference = line["reference_celsius"]
    match line["model"]:
        case "q10":
            return Q10(reference, line["factor"])
        case "arrhenius":
            return Arrhenius(reference, line["kj_per_mol"])
        case "square_root":
            return SquareRoot(reference)
        case "table":
            return Table(reference, tuple((at, days) for at, days in line["days"]))
        case other:
            raise InvalidError(f"There is no ageing model {other!r}.", "Use one of the four.")


def _text(name: str) -> str:
    return files("gongfu_fleet").joinpath("data", name).read_text(encoding="utf-8")
