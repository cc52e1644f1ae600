"""Policies as people see and change them: layers, versions, who did it.

Everybody sees what lies in their scope. An asset or a zone is changed by whoever's scope covers
it; a class by whoever sees everything, for it speaks for every zone of the county.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gongfu_fleet.domain.alarms.asset_rules.policy import KINDS
from gongfu_fleet.domain.alarms.policy_effect import Judging
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.policies import (
    LONGEST_NOTE,
    LONGEST_SOURCE,
    Layer,
    Layers,
    Place,
    PolicyVersion,
    Target,
    layers_of,
    policy_at,
    policy_in_force,
    targets_of,
)
from gongfu_fleet.domain.policy_fields import (
    KIND_ONLY,
    AnyPolicy,
    Fields,
    check_fields,
    differences,
)
from gongfu_fleet.domain.scope import Scope
from gongfu_fleet.errors import ForbiddenError, InvalidError, NotFoundError
from gongfu_fleet.ports import Actor, AssetRegistry
from gongfu_fleet.services.asset_books import Places, placed, surroundings_of, whole_place
from gongfu_fleet.services.policy_ports import Draft, PolicyStore

NOWHERE = Place("", "", 0)


@dataclass(frozen=True)
class Change:
    """What somebody wants a layer to say; ``expected`` is its version that they saw, 0 for none."""

    target: Target
    fields: Mapping[str, Any]  # JSON values, checked here
    expected: int
    source: str = ""
    note: str = ""


@dataclass(frozen=True)
class LayerView:
    """A layer, what holds without it (``under``) and with it (``whole``), and the zones it is for.

    ``standing`` is its newest version, None while nobody has said anything here.
    """

    target: Target
    standing: PolicyVersion | None
    under: AnyPolicy
    whole: AnyPolicy
    places: Sequence[Place]


@dataclass
class PolicyDesk:
    """What people do with policies. Without ``villages`` no place of a truck is tried."""

    store: PolicyStore
    registry: AssetRegistry
    villages: Places | None = None

    def classes(self, scope: Scope) -> Sequence[LayerView]:
        """The policy of every product class, by name, with the zones of the scope."""
        return [one for one in self._shipped(scope) if one.target.ref not in KINDS]

    def wholes(self, scope: Scope) -> Sequence[LayerView]:
        """The policy of every kind of asset as a whole."""
        return [one for one in self._shipped(scope) if one.target.ref in KINDS]

    def _shipped(self, scope: Scope) -> list[LayerView]:
        layers, places = self._layers(), places_of(self.registry.assets(scope))
        names = sorted(target.ref for target in layers if target.layer is Layer.SHIPPED)
        return [_view(layers, Target(Layer.CLASS, name), places) for name in names]

    def overrides(self, scope: Scope) -> Sequence[LayerView]:
        """The layers of assets and zones of the scope that say anything, by name."""
        layers, places = self._layers(), places_of(self.registry.assets(scope))
        mine = {target for place in places for target in targets_of(place) if target.asset}
        found = [target for target in layers if target in mine and layers[target].fields]
        return [_view(layers, target, places) for target in sorted(found, key=str)]

    def show(self, target: Target, scope: Scope, *, upto: int | None = None) -> LayerView:
        """One layer, now or as of version ``upto``. Raises NotFoundError."""
        self._require_seen(target, scope)
        versions = self.store.versions()
        if upto is not None and not any(one.version == upto for one in versions):
            raise NotFoundError(f"There is no policy version {upto}.", "Look at the history.")
        layers = layers_of(versions, upto)
        return _view(layers, target, places_of(self.registry.assets(scope)))

    def history(self, target: Target, scope: Scope) -> Sequence[PolicyVersion]:
        """The versions of a layer, oldest first; those shipped too, for a class."""
        self._require_seen(target, scope)
        shipped = Target(Layer.SHIPPED, target.ref) if target.layer is Layer.CLASS else target
        return [one for one in self.store.versions() if one.target in (target, shipped)]

    def propose(self, change: Change, scope: Scope, *, on: Place | None = None) -> "Proposal":
        """The change checked, and a zone of the scope to try it on; nothing is written.

        ``on`` names that zone; else it is the first that the layer is for. Raises FleetError.
        """
        self._require_seen(change.target, scope)
        # Only of the scope: a refusal names the zone where the change cannot hold.
        places = _concerned(change.target, places_of(self.registry.assets(scope)))
        fields = fields_for(change.target, change.fields, places)
        changed = self._changed(change.target, fields, places)
        if on is not None and on not in places:
            raise NotFoundError(f"{change.target} is not for {on}.", "Name a zone that it is for.")
        place = on or next(iter(places), None)
        if place is None:
            return Proposal(None, None)
        layers = self._layers()
        before, after = policy_in_force(layers, place)[0], policy_at(changed, place)
        judging = Judging(self._placed(before, place), self._placed(after, place))
        return Proposal(place, judging)

    def _placed(self, policy: AnyPolicy, place: Place) -> AnyPolicy:
        if self.villages is None or isinstance(policy, ColdPolicy):
            return policy
        assets = self.registry.assets()
        around = surroundings_of(self.villages, assets.values())
        return placed(policy, assets[place.asset], around)

    def save(self, change: Change, *, by: Actor) -> PolicyVersion:
        """Let a layer say something else from now on.

        Raises InvalidError, NotFoundError, ForbiddenError, ConflictError.
        """
        if not change.source.strip():
            raise InvalidError(
                "The change names no source.", "Write where the values come from in source."
            )
        return self._append(change, by=by, verb="save")

    def revert(self, target: Target, to: int, *, expected: int, note: str, by: Actor) -> int:
        """Go back to what a layer said at version ``to``; 0 is to say nothing. A new version.

        Returns its number. Raises as ``save``.
        """
        known = {one.version: one for one in self.history(target, by.scope)}
        old = known.get(to)
        if to and (old is None or old.target != target):
            raise NotFoundError(f"{target} never was at version {to}.", "Look at its history.")
        fields, source = (old.fields, old.source) if old else ({}, "")
        change = Change(target, fields, expected, source, note)
        return self._append(change, by=by, verb="revert", restores=to).version

    def _append(
        self, change: Change, *, by: Actor, verb: str, restores: int | None = None
    ) -> PolicyVersion:
        target = change.target
        self._require_seen(target, by.scope)
        if target.layer is Layer.CLASS and not by.scope.everything:
            raise ForbiddenError(
                "A class is for every zone of the county, and you see a part.",
                "Change the policy of an asset or a zone, or ask an administrator.",
            )
        places = _concerned(target, places_of(self.registry.assets()))
        fields = fields_for(change.target, change.fields, places)
        _require_short("source", change.source, LONGEST_SOURCE)
        _require_short("note", change.note, LONGEST_NOTE)
        self._changed(target, fields, places)
        standing = self._layers().get(target)
        changes = differences(standing.fields if standing else {}, fields)
        same = standing and not changes and standing.source == change.source.strip()
        if standing and same and standing.version == change.expected:
            return standing
        data = {"changes": {name: list(pair) for name, pair in changes.items()}}
        deed = Deed(by.real_ms, by.user, f"policy.{verb}", f"policy:{target}", data=data)
        draft = Draft(
            target=target,
            fields=fields,
            source=change.source.strip(),
            note=change.note.strip(),
            by=by.user,
            at_ms=by.real_ms,
            valid_from_ms=by.now_ms,
            restores=restores,
        )
        return self.store.append(draft, expected=change.expected, deed=deed)

    def _layers(self) -> Layers:
        return layers_of(self.store.versions())

    def _changed(self, target: Target, fields: Fields, places: Sequence[Place]) -> Layers:
        """The layers with the change; each of these zones must still have a sound policy."""
        layers = with_layer(self._layers(), target, fields)
        for place in places or [_bare(target)]:
            policy_at(layers, place)
        return layers

    def _require_seen(self, target: Target, scope: Scope) -> None:
        require_known(target, self._layers(), places_of(self.registry.assets(scope)))


@dataclass(frozen=True)
class Proposal:
    """A sound change, the zone to try it on and both policies there; None: no zone has it yet."""

    place: Place | None
    judging: Judging | None


def with_layer(layers: Layers, target: Target, fields: Fields) -> Layers:
    """The layers with one that says something else, under the next number."""
    number = max((one.version for one in layers.values()), default=0) + 1
    draft = PolicyVersion(number, target, fields, "proposed", "", "", at_ms=0, valid_from_ms=0)
    return {**layers, target: draft}


def places_of(assets: Mapping[str, Asset]) -> list[Place]:
    """The zones of assets in the order of ids, and each asset as a whole after its zones."""
    found = []
    for asset in assets.values():
        zones = (Place(one.policy.product_class, asset.id, one.zone) for one in asset.zones)
        found += [*zones, whole_place(asset)]
    return found


def _concerned(target: Target, places: Sequence[Place]) -> list[Place]:
    return [place for place in places if target in targets_of(place)]


def require_known(target: Target, layers: Layers, places: Sequence[Place]) -> None:
    """Raise NotFoundError for a class that is not shipped, an asset or zone that is not there."""
    if target.layer is Layer.CLASS:
        known = Target(Layer.SHIPPED, target.ref) in layers
    else:
        known = bool(_concerned(target, places))
    if not known:
        raise NotFoundError(f"There is no {target}.", "Look at the list of policies.")


def fields_for(target: Target, fields: Mapping[str, Any], places: Sequence[Place]) -> Fields:
    """What a layer would say (JSON values), checked; of ``places``, those that it is for count.

    Raises InvalidError.
    """
    of_class = target.layer is Layer.CLASS
    concerned = _concerned(target, places)
    product_class = target.ref if of_class else next((one.product_class for one in concerned), "")
    shared = [] if of_class else sorted(KIND_ONLY & set(fields))
    if shared and product_class in KINDS:
        raise InvalidError(
            f"{shared[0]} holds for every {product_class}.", f"Change class:{product_class}."
        )
    return check_fields(fields, product_class)


def _bare(target: Target) -> Place:
    return Place(target.ref, "", 0) if target.layer is Layer.CLASS else NOWHERE


def _view(layers: Layers, target: Target, places: Sequence[Place]) -> LayerView:
    concerned = _concerned(target, places)
    place = next(iter(concerned), _bare(target))
    above = targets_of(place)[targets_of(place).index(target) :]
    under = {one: version for one, version in layers.items() if one not in above}
    own = {one: version for one, version in layers.items() if one == target or one not in above}
    beneath, whole = policy_in_force(under, place)[0], policy_in_force(own, place)[0]
    return LayerView(target, layers.get(target), beneath, whole, concerned)


def _require_short(name: str, text: str, longest: int) -> None:
    if len(text) > longest or not text.replace("\n", "").isprintable():
        raise InvalidError(
            f"The {name} is longer than {longest} characters or holds control characters.",
            "Write it shorter, in plain text.",
        )
