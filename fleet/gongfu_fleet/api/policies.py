"""Policies: what holds where, every version of it, and changing it.

A policy is named ``class:frozen``, ``asset:cab-0001`` or ``zone:cab-0001:1``; those of assets as a
whole ``class:truck``, ``class:cabinet`` or ``zone:cab-0001:0``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from gongfu_fleet.api.deps import ApiDeps, Deps
from gongfu_fleet.api.incidents import actor_of
from gongfu_fleet.api.permissions import PolicyEditor, Reader
from gongfu_fleet.domain.alarms.policy_effect import Effect
from gongfu_fleet.domain.alarms.rulebook import Found
from gongfu_fleet.domain.coldchain.policy import HOUR_MS
from gongfu_fleet.domain.policies import (
    LONGEST_NOTE,
    LONGEST_SOURCE,
    Place,
    PolicyVersion,
    parse_target,
    source_text,
)
from gongfu_fleet.domain.policy_fields import (
    FIELDS,
    WHOLE_FIELDS,
    FieldFacts,
    Value,
    class_of,
    differences,
    shipped_fields,
)
from gongfu_fleet.errors import InvalidError, TooManyAttemptsError
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.policies import Change, LayerView, Proposal, places_of
from gongfu_fleet.services.policy_trial import Stretch, Trial, tried
from gongfu_fleet.services.sign_in import SignedIn

router = APIRouter(prefix="/api/policies", tags=["policies"])
MOST_VERSIONS = 2**31 - 1
TRIAL_HOURS = 24
BUSY_S = 3
Name = Annotated[str, Path(max_length=80)]
Number = Annotated[int, Field(ge=0, le=MOST_VERSIONS)]
Values = dict[str, Value]


class FieldAnswer(BaseModel):
    """A field that may be set: its unit, its limits, whether null (none) is a value.

    ``integral``: a whole number.
    """

    name: str
    unit: str
    low: float
    high: float
    may_be_none: bool
    integral: bool


class VersionAnswer(BaseModel):
    """A version of a layer; ``changes`` are [before, after] by field, "" where nothing is said.

    ``at_ms`` is real time, ``valid_from_ms`` platform time.
    """

    version: int
    layer: str
    fields: Values
    changes: dict[str, tuple[Value | str, Value | str]]
    source: str
    note: str
    by: str
    at_ms: int
    valid_from_ms: int
    restores: int | None


class PlaceAnswer(BaseModel):
    """A zone of an asset; 0 is the asset as a whole."""

    asset: str
    zone: int


class LayerAnswer(BaseModel):
    """A layer: what it says itself, what holds under it, what comes of both.

    ``version`` is its own (0: it never said anything), ``whole_version`` the one that incidents
    name. Of an asset with several classes of goods, ``under`` and ``whole`` are of its first zone.
    """

    target: str
    version: int
    whole_version: int
    product_class: str
    fields: Values
    under: Values
    whole: Values
    source: str
    zones: list[PlaceAnswer]


class PolicyList(BaseModel):
    """All classes and kinds of assets, and what is laid over them in the caller's scope.

    ``fields`` are those of cooled zones, ``whole_fields`` those of assets as a whole, by kind.
    """

    fields: list[FieldAnswer]
    whole_fields: dict[str, list[FieldAnswer]]
    classes: list[LayerAnswer]
    wholes: list[LayerAnswer]
    overrides: list[LayerAnswer]


class History(BaseModel):
    """Oldest first; of a class with what was shipped."""

    items: list[VersionAnswer]


class Wish(BaseModel):
    """Everything the layer is to say; a field that is left out is the less specific layer's.

    ``expected`` is the layer's version that the change was made from.
    """

    fields: Annotated[dict[str, float | None], Field(max_length=100)]
    expected: Number
    source: Annotated[str, Field(max_length=LONGEST_SOURCE)] = ""
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


class TrialWish(BaseModel):
    """A change to try on one of its zones; the first one if none is named."""

    fields: Annotated[dict[str, float | None], Field(max_length=100)]
    asset: Annotated[str, Field(max_length=40)] | None = None
    zone: Annotated[int, Field(ge=0, le=99)] | None = None


class Reversion(BaseModel):
    """Which version's words to go back to, 0 for none; ``expected`` as in a change."""

    to: Number
    expected: Number
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


class Saved(BaseModel):
    """The version that now holds."""

    version: int


class TrialIncident(BaseModel):
    """An incident as the rules would tell it; celsius, UTC ms, null is not over or not measured."""

    hazard: str
    begin_ms: int
    raised_ms: int
    end_ms: int | None
    peak_celsius: float | None


class TrialAnswer(BaseModel):
    """What the change would do; ``on`` null: no zone has this policy yet.

    ``readings`` are stored of the 24 hours; ``changed`` are [before, after].
    """

    on: PlaceAnswer | None
    from_ms: int
    to_ms: int
    readings: int
    gained: list[TrialIncident]
    lost: list[TrialIncident]
    changed: list[tuple[TrialIncident, TrialIncident]]
    same: int


@router.get("")
def list_policies(caller: Reader, deps: Deps) -> PolicyList:
    """Every class, and the assets and zones of the scope that have words of their own."""
    return PolicyList(
        fields=_fields(FIELDS),
        whole_fields={kind: _fields(known) for kind, known in WHOLE_FIELDS.items()},
        classes=[_layer(view) for view in deps.policies.classes(caller.scope)],
        wholes=[_layer(view) for view in deps.policies.wholes(caller.scope)],
        overrides=[_layer(view) for view in deps.policies.overrides(caller.scope)],
    )


@router.get("/{target}")
def read_policy(
    target: Name,
    caller: Reader,
    deps: Deps,
    version: Annotated[int | None, Query(ge=1, le=MOST_VERSIONS)] = None,
) -> LayerAnswer:
    """One layer now, or as of a version: with it a verdict of that version can be recomputed."""
    return _layer(deps.policies.show(parse_target(target), caller.scope, upto=version))


@router.get("/{target}/history")
def read_history(target: Name, caller: Reader, deps: Deps) -> History:
    """Every version of a layer, with who, when, why and what was otherwise before."""
    versions = deps.policies.history(parse_target(target), caller.scope)
    before = {one.version: one for one in versions}
    return History(items=[_version(one, before.get(one.before)) for one in versions])


@router.post("/{target}/trial")
def try_policy(target: Name, body: TrialWish, caller: PolicyEditor, deps: Deps) -> TrialAnswer:
    """What a change would do to the last 24 hours of a zone; writes nothing.

    429 while another trial runs: they take turns.
    """
    change = Change(parse_target(target), body.fields, 0)
    on = _place_of(body, deps, caller)
    proposal = deps.policies.propose(change, caller.scope, on=on)
    if not deps.trying.acquire(blocking=False):
        raise TooManyAttemptsError("A trial is running.", "Wait for its end.", wait_s=BUSY_S)
    try:
        return _tried(deps, proposal, caller)
    finally:
        deps.trying.release()


@router.post("/{target}", status_code=201)
def save_policy(target: Name, body: Wish, caller: PolicyEditor, deps: Deps) -> Saved:
    """Let a layer say something else from now on. 409 when it changed since ``expected``."""
    change = Change(parse_target(target), body.fields, body.expected, body.source, body.note)
    return Saved(version=deps.policies.save(change, by=_actor(caller, deps)).version)


@router.post("/{target}/revert", status_code=201)
def revert_policy(target: Name, body: Reversion, caller: PolicyEditor, deps: Deps) -> Saved:
    """Go back to the words of a version, by a new version. 409 as above."""
    by, wanted = _actor(caller, deps), parse_target(target)
    number = deps.policies.revert(wanted, body.to, expected=body.expected, note=body.note, by=by)
    return Saved(version=number)


def _fields(known: Mapping[str, FieldFacts]) -> list[FieldAnswer]:
    return [FieldAnswer(**asdict(facts)) for facts in known.values()]


def _actor(caller: SignedIn, deps: ApiDeps) -> Actor:
    return replace(actor_of(caller, deps), user=caller.principal.actor)


def _tried(deps: ApiDeps, proposal: Proposal, caller: SignedIn) -> TrialAnswer:
    to_ms = deps.clock.now_ms()
    from_ms = to_ms - TRIAL_HOURS * HOUR_MS
    place, judging = proposal.place, proposal.judging
    if place is None or judging is None:
        return _trial_answer(None, (from_ms, to_ms), Trial((), Effect((), (), (), ())))
    zones = deps.registry.assets(caller.scope)[place.asset].zones
    metric = next((one.metric for one in zones if one.zone == place.zone), "")
    stretch = Stretch(place.asset, metric, from_ms, to_ms)
    return _trial_answer(place, (from_ms, to_ms), tried(deps.readings, stretch, judging))


def _trial_answer(place: Place | None, span: tuple[int, int], trial: Trial) -> TrialAnswer:
    effect = trial.effect
    return TrialAnswer(
        on=PlaceAnswer(asset=place.asset, zone=place.zone) if place else None,
        from_ms=span[0],
        to_ms=span[1],
        readings=len(trial.rows),
        gained=_incidents(effect.gained),
        lost=_incidents(effect.lost),
        changed=[(_incident(old), _incident(new)) for old, new in effect.changed],
        same=len(effect.same),
    )


def _incidents(found: Sequence[Found]) -> list[TrialIncident]:
    return [_incident(one) for one in found]


def _incident(found: Found) -> TrialIncident:
    episode, peak = found.episode, found.episode.peak_celsius
    return TrialIncident(
        hazard=found.hazard.value,
        begin_ms=episode.begin_ms,
        raised_ms=episode.raised_ms,
        end_ms=episode.end_ms,
        peak_celsius=None if peak is None or math.isnan(peak) else peak,
    )


def _place_of(body: TrialWish, deps: ApiDeps, caller: SignedIn) -> Place | None:
    if body.asset is None and body.zone is None:
        return None
    asset = deps.registry.assets(caller.scope).get(body.asset or "")
    for one in places_of({asset.id: asset}) if asset else ():
        if one.zone == body.zone:
            return one
    raise InvalidError("The trial names no known zone.", "Give asset and zone, or neither.")


def _layer(view: LayerView) -> LayerAnswer:
    standing = view.standing
    return LayerAnswer(
        target=str(view.target),
        version=standing.version if standing else 0,
        whole_version=view.whole.version,
        product_class=class_of(view.whole),
        fields=dict(standing.fields) if standing else {},
        under=shipped_fields(view.under),
        whole=shipped_fields(view.whole),
        source=source_text(view.whole),
        zones=[PlaceAnswer(asset=one.asset, zone=one.zone) for one in view.places],
    )


def _version(one: PolicyVersion, before: PolicyVersion | None) -> VersionAnswer:
    return VersionAnswer(
        version=one.version,
        layer=one.target.layer.value,
        fields=dict(one.fields),
        changes=differences(before.fields if before else {}, one.fields),
        source=one.source,
        note=one.note,
        by=one.by,
        at_ms=one.at_ms,
        valid_from_ms=one.valid_from_ms,
        restores=one.restores,
    )
