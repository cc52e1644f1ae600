"""The rules of an asset as a whole, as the running watch takes them: zone 0."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any

from gongfu_fleet.domain.alarms.asset_rules import state_text
from gongfu_fleet.domain.alarms.asset_rules.fold import CABINET, TRUCK, AssetFold, AssetState
from gongfu_fleet.domain.alarms.asset_rules.policy import MINUTE_MS, CabinetPolicy, TruckPolicy
from gongfu_fleet.domain.alarms.asset_rules.reading import (
    CABINET_COLUMNS,
    TRUCK_COLUMNS,
    cabinet_reading,
    truck_reading,
)
from gongfu_fleet.domain.alarms.hazard import Hazard, Severity, severity_of
from gongfu_fleet.domain.alarms.incident import Finding
from gongfu_fleet.domain.alarms.rulebook import Found, Judged, Row
from gongfu_fleet.domain.alarms.rules.rule import Message

WHOLE_ASSET = 0
# The climate of a truck on duty is due every 30 s, that of a cabinet every minute.
_TRUCK_SAMPLE_MS = 30_000
_CABINET_SAMPLE_MS = 60_000
# What messages tell and not rows is judged elsewhere.
_NO_VALUES = frozenset(
    {
        "sources", "ground", "timetable", "backlog_min", "backlog_quiet_min", "backlog_settle_min",
        "unsettled_min", "unsettled_wait_min", "unsettled_forget_h",
    }
)  # fmt: skip


@dataclass(frozen=True)
class AssetRulebook:
    """A ``gongfu_fleet.domain.alarms.rulebook.Rulebook`` of one policy of trucks or cabinets."""

    policy: TruckPolicy | CabinetPolicy
    key: str
    columns: tuple[str, ...]
    sample_ms: int

    @property
    def kind(self) -> str:
        """States of trucks are followed on by trucks' rules alone."""
        return f"asset:{self.policy.kind}"

    @property
    def max_gap_ms(self) -> int:
        """Milliseconds."""
        return round(self.policy.max_gap_min * MINUTE_MS)

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """In the order of the catalogue."""
        return tuple(rule.hazard for rule in self._fold.rules)

    @property
    def fresh(self) -> AssetState:
        """Before the first row."""
        return self._fold.fresh

    def follow(self, state: AssetState, rows: Iterable[Row]) -> Judged:
        """Follow rows in order of time, later than all before."""
        if isinstance(self.policy, TruckPolicy):
            return TRUCK.follow(state, (truck_reading(*row) for row in rows), self.policy)
        return CABINET.follow(state, (cabinet_reading(*row) for row in rows), self.policy)

    def open(self, state: AssetState) -> tuple[Found, ...]:
        """Episodes that are raised and not over."""
        return self._fold.open(state)

    def begun(self, state: AssetState) -> Mapping[Hazard, int]:
        """When what is pending or open began, UTC ms."""
        return self._fold.begun(state)

    def finding(self, found: Found) -> Finding:
        """No temperature was compared; the class is the kind of asset."""
        return Finding(found.episode, None, self.policy.kind, self.policy.version)

    def severity(self, hazard: Hazard) -> Severity:
        """As the catalogue of hazards has it."""
        return severity_of(hazard)

    def message(self, found: Found) -> Message:
        """One sentence for people, in two languages."""
        rule = next(rule for rule in self._fold.rules if rule.hazard is found.hazard)
        return rule.message(found.episode, self.policy)

    def to_text(self, state: AssetState) -> str:
        """The state as JSON; equal states give equal texts."""
        return state_text.to_text(self._fold, state)

    def from_text(self, text: str) -> AssetState:
        """The state of a text. Raises InvalidError for one of another age."""
        return state_text.from_text(self._fold, text)

    @property
    def _fold(self) -> AssetFold[Any]:  # Any: the kind's policy
        return TRUCK if isinstance(self.policy, TruckPolicy) else CABINET


def asset_rulebook(policy: TruckPolicy | CabinetPolicy) -> AssetRulebook:
    """The rulebook of a policy; make it once and keep it."""
    truck = isinstance(policy, TruckPolicy)
    return AssetRulebook(
        policy,
        _key(policy),
        TRUCK_COLUMNS if truck else CABINET_COLUMNS,
        _TRUCK_SAMPLE_MS if truck else _CABINET_SAMPLE_MS,
    )


def _key(policy: TruckPolicy | CabinetPolicy) -> str:
    """Tells kind, version, every value and the stops; where values come from does not matter."""
    values = {f.name: getattr(policy, f.name) for f in fields(policy) if f.name not in _NO_VALUES}
    if isinstance(policy, TruckPolicy):
        values["ground"] = _digest(json.dumps(sorted(policy.ground.stops)).encode())
        if policy.timetable.versions:
            values["timetable"] = _digest(json.dumps(policy.timetable.versions).encode())
    else:
        values["life"] = repr(policy.life)  # names the model, too
    told = json.dumps(values, sort_keys=True).encode()
    return f"asset:{policy.kind} v{policy.version} {_digest(told)}"


def _digest(told: bytes) -> str:
    return blake2b(told, digest_size=8).hexdigest()
