"""Stored readings judged by the policies of today and by changed ones: what would be otherwise.

Zones by their air and door, whole assets by all that their rows tell. What is judged by events or
by the clock is not judged again.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from gongfu.backup.examine import unpacked
from gongfu.errors import GongfuError
from gongfu.settings import Settings
from gongfu.telemetry import StoredReadings, open_telemetry
from gongfu_broker.clock import real_ms
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.alarms.policy_effect import Effect, Judging
from gongfu_fleet.domain.alarms.rulebook import Row
from gongfu_fleet.domain.assets import Asset
from gongfu_fleet.domain.coldchain.policy import ColdPolicy
from gongfu_fleet.domain.policies import (
    Layers,
    Place,
    Target,
    layers_of,
    parse_target,
    policy_at,
    policy_in_force,
    zone_target,
)
from gongfu_fleet.domain.policy_fields import AnyPolicy, Fields, check_fields, shipped_fields
from gongfu_fleet.ports import Readings
from gongfu_fleet.services.asset_books import Surroundings, placed, surroundings_of, whole_place
from gongfu_fleet.services.cold_policies import record_shipped
from gongfu_fleet.services.policies import fields_for, require_known, with_layer
from gongfu_fleet.services.policy_trial import Stretch, tried


class DiffError(GongfuError):
    """What is to be compared cannot be read, or makes no sense."""


@dataclass(frozen=True)
class Stored:
    """Readings, zones with their metrics ("" for a whole asset), and the policies of today.

    ``assets`` and ``around``: what is no part of a policy of whole assets.
    """

    readings: Readings
    zones: Mapping[Place, str]
    layers: Layers
    assets: Mapping[str, Asset]
    around: Surroundings


@dataclass(frozen=True)
class Proposed:
    """Changed fields by target, unchecked; ``everywhere`` is laid over what holds in each zone."""

    layers: Mapping[Target, Mapping[str, Any]]  # Any: JSON values
    everywhere: Fields


@dataclass(frozen=True)
class Span:
    """Event time, UTC ms; one asset or all."""

    from_ms: int
    to_ms: int
    asset: str = ""
    product_class: str = ""


@dataclass(frozen=True)
class ZoneDiff:
    """What one zone would have told otherwise, with the stored rows of the span, air first."""

    place: Place
    judging: Judging
    rows: tuple[Row, ...]
    effect: Effect

    @property
    def differs(self) -> bool:
        """Whether any incident is gained, lost or changed."""
        return bool(self.effect.gained or self.effect.lost or self.effect.changed)


@contextmanager
def stored(settings: Settings, backup: Path | None) -> Iterator[Stored]:
    """Open the state folder's readings, which nothing here writes, or those of a backup.

    Raises DiffError, BackupError, FleetError.
    """
    with ExitStack() as stack:
        folder, url = settings.state, settings.database_url
        if backup:
            manifest, folder = stack.enter_context(unpacked(backup, beside=None))
            if manifest.facts.fleet.kind != "sqlite":
                raise DiffError(
                    f"{backup} holds a {manifest.facts.fleet.kind} database: restore it with"
                    " 'gongfu restore' and name the folder with --state"
                )
            url = f"sqlite:///{folder / 'fleet.db'}"
        path = folder / settings.telemetry_path.name
        if not path.exists():
            raise DiffError(f"{path} is not there: name the state folder with --state")
        telemetry = open_telemetry(path, read_only=True)
        stack.callback(telemetry.close)
        engine = open_database(url)
        stack.callback(engine.dispose)
        yield _stored(engine, StoredReadings(telemetry.store))


def _stored(engine: Engine, readings: Readings) -> Stored:
    upgrade(engine)
    policies = SqlPolicies(engine)
    record_shipped(policies, now_ms=real_ms())
    registry = SqlRegistry(engine)
    assets, zones = registry.assets(), dict[Place, str]()
    for asset in assets.values():
        for zone in asset.zones:
            zones[Place(zone.policy.product_class, asset.id, zone.zone)] = zone.metric
        zones[whole_place(asset)] = ""
    around = surroundings_of(registry, assets.values())
    return Stored(readings, zones, layers_of(policies.versions()), assets, around)


def read_proposed(path: Path) -> Proposed:
    """Read changed fields, of every zone or by target. Raises DiffError, InvalidError."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DiffError(f"{path} is not JSON: {error}") from error
    layered = isinstance(told, dict) and [isinstance(one, dict) for one in told.values()]
    if not layered or len(set(layered)) != 1:
        raise DiffError(
            f'{path} names no change: write {{"air_high_celsius": -16}} for every zone, or'
            ' {"class:frozen": {"air_high_celsius": -16}} for a class, asset:… or zone:…;'
            " trucks and cabinets as such are the classes truck and cabinet, and zone 0"
        )
    if not layered[0]:
        return Proposed({}, check_fields(told))
    return Proposed({parse_target(one): own for one, own in told.items()}, {})


def judgings(source: Stored, proposed: Proposed, span: Span) -> dict[Place, Judging]:
    """The zones of the span with the policy of today and the changed one; some are equal.

    Raises InvalidError where they cannot hold, NotFoundError for a target and DiffError for a span
    that has no zone.
    """
    places = [place for place in source.zones if _chosen(place, span)]
    if not places:
        raise DiffError("no zone is chosen: look at 'gongfu policies list' for classes and zones")
    layers, everything = source.layers, list(source.zones)
    for target, fields in proposed.layers.items():
        require_known(target, source.layers, everything)
        layers = _over(layers, target, fields_for(target, fields, everything))
    return {place: _judging(source, layers, place, proposed.everywhere) for place in places}


def _judging(source: Stored, after: Layers, place: Place, everywhere: Fields) -> Judging:
    if everywhere and source.zones[place]:
        after = _over(after, zone_target(place.asset, place.zone), everywhere)
    before, proposed = policy_in_force(source.layers, place)[0], policy_at(after, place)
    return Judging(_placed(source, before, place), _placed(source, proposed, place))


def _placed(source: Stored, policy: AnyPolicy, place: Place) -> AnyPolicy:
    if isinstance(policy, ColdPolicy):
        return policy
    return placed(policy, source.assets[place.asset], source.around)


def touched(judging: Judging) -> bool:
    """Whether the two policies differ in anything that judges."""
    return shipped_fields(judging.before) != shipped_fields(judging.after)


def judged(source: Stored, place: Place, judging: Judging, span: Span) -> ZoneDiff:
    """Judge the stored readings of one zone by both."""
    stretch = Stretch(place.asset, source.zones[place], span.from_ms, span.to_ms)
    trial = tried(source.readings, stretch, judging)
    return ZoneDiff(place, judging, trial.rows, trial.effect)


def limits_of(policy: AnyPolicy) -> tuple[float, ...]:
    """The limits of the air, for a drawing; whole assets have none."""
    if not isinstance(policy, ColdPolicy):
        return ()
    low = () if policy.low_celsius is None else (policy.low_celsius,)
    return (policy.air_high_celsius, *low)


def _over(layers: Layers, target: Target, fields: Fields) -> Layers:
    standing = layers.get(target)
    own: dict[str, Any] = dict(standing.fields) if standing else {}  # Any: numbers or none
    return with_layer(layers, target, {**own, **fields})


def _chosen(place: Place, span: Span) -> bool:
    fits = (span.asset in ("", place.asset), span.product_class in ("", place.product_class))
    return all(fits)
