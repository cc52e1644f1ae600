"""The shipped policies of trucks and cabinets, and the ground on which trucks may stop."""

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

from gongfu_fleet.domain.alarms.asset_rules.ground import Ground
from gongfu_fleet.domain.alarms.asset_rules.policy import (
    NOWHERE,
    CabinetPolicy,
    ShelfLife,
    TruckPolicy,
    policy_of,
)
from gongfu_fleet.errors import InvalidError
from gongfu_fleet.services.cold_policies import cold_policy, shipped_life
from gongfu_geo.datum import Wgs84


def truck_policy(ground: Ground = NOWHERE, changes: Mapping[str, Any] | None = None) -> TruckPolicy:
    """The newest shipped policy of trucks, with some of its fields changed. Raises FleetError."""
    found = policy_of({**_newest("truck"), **(changes or {})}, ground)
    if isinstance(found, TruckPolicy):
        return found
    raise InvalidError("The policy of trucks became another kind.", "Leave its kind as it is.")


def cabinet_policy(changes: Mapping[str, Any] | None = None) -> CabinetPolicy:
    """The newest shipped policy of cabinets, with some fields changed. Raises FleetError."""
    found = policy_of({**_newest("cabinet"), **(changes or {})})
    if isinstance(found, CabinetPolicy):
        return found
    raise InvalidError("The policy of cabinets became another kind.", "Leave its kind as it is.")


def shelf_life_of(product_class: str) -> ShelfLife | None:
    """How goods of a class age in a cabinet, by what is shipped; None: nobody knows."""
    known = shipped_life(product_class)
    if known is None:
        return None
    cold = cold_policy(product_class)
    return ShelfLife(*known, cold.tau_min, cold.valid_low_celsius, cold.valid_high_celsius)


def ground_of(places: Iterable[Wgs84]) -> Ground:
    """Allowed stops from positions of villages, depots and cabinets."""
    return Ground(frozenset((place.lat, place.lon) for place in places))


def _newest(kind: str) -> Mapping[str, Any]:  # Any: JSON values
    text = files("gongfu_fleet").joinpath("data", "policies_assets.json").read_text("utf-8")
    lines = [line for line in json.loads(text) if line["kind"] == kind]
    newest: Mapping[str, Any] = max(lines, key=lambda line: int(line["version"]))
    return newest
