"""The rulebook of a cooled zone: the nine rules over its air and its door."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache

from gongfu_fleet.domain.alarms.hazard import Hazard, Severity
from gongfu_fleet.domain.alarms.incident import Finding
from gongfu_fleet.domain.alarms.rulebook import Found, Judged, Row
from gongfu_fleet.domain.alarms.rules import state_data
from gongfu_fleet.domain.alarms.rules.catalogue import RULES, rule_of
from gongfu_fleet.domain.alarms.rules.rule import Message
from gongfu_fleet.domain.alarms.rules.zone_rules import (
    FRESH,
    ZoneRules,
    begun,
    follow,
    open_findings,
)
from gongfu_fleet.domain.coldchain.breach import Forecast, Goods, forecast
from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.reading import Reading

DOOR, DOOR_COUNT = "door_open", "door_opens"
SECOND_MS = 1_000
# While one of these goes on the goods warm, and how soon they pass their limit is worth telling.
WARMING = frozenset(
    {Hazard.AIR_HIGH, Hazard.NO_COOLING, Hazard.DOOR_AJAR, Hazard.DRIFT, Hazard.RATE_OF_RISE}
)
_HAZARDS = tuple(rule.hazard for rule in RULES)
_SEVERITY = {rule.hazard: rule.severity for rule in RULES}


@dataclass(frozen=True)
class ZoneBook:
    """The rules of a zone that ``metric`` measures, by one policy. Fits the port Rulebook."""

    metric: str
    policy: ColdPolicy

    @property
    def kind(self) -> str:
        """States are followed on as long as the zone's metric is the same."""
        return f"zone:{self.metric}"

    @cached_property
    def key(self) -> str:
        """Tells class, version and every value; where the values come from does not matter."""
        values = {f.name: getattr(self.policy, f.name) for f in fields(ColdPolicy)}
        told = json.dumps({**values, "source": ""}, sort_keys=True)
        digest = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
        return f"{self.kind} {self.policy.product_class} v{self.policy.version} {digest}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Air, door, and how often it was opened, which tells two openings from a long one."""
        return (self.metric, DOOR, DOOR_COUNT)

    @cached_property
    def sample_ms(self) -> int:
        """A row of each bucket is judged."""
        return round(self.policy.sample_s * SECOND_MS)

    @cached_property
    def max_gap_ms(self) -> int:
        """Silence after this."""
        return round(self.policy.max_gap_min * MINUTE_MS)

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Those of all rules."""
        return _HAZARDS

    @property
    def fresh(self) -> ZoneRules:
        """Nothing known, nothing learned."""
        return FRESH

    def follow(self, state: ZoneRules, rows: Iterable[Row]) -> Judged:
        """Follow rows of (air, door) or (air, door, openings)."""
        readings = map(_reading, rows)
        after, raised, ended = follow(state, readings, self.policy)
        return Judged(after, raised, ended, open_findings(after))

    def open(self, state: ZoneRules) -> tuple[Found, ...]:
        """Episodes that are raised and not over."""
        return open_findings(state)

    def begun(self, state: ZoneRules) -> Mapping[Hazard, int]:
        """When what is pending or open began."""
        return begun(state)

    def finding(self, found: Found) -> Finding:
        """With the limit that the rule compares with, where it is a temperature."""
        policy = self.policy
        limit = limit_of(found.hazard, policy)
        return Finding(found.episode, limit, policy.product_class, policy.version)

    def severity(self, hazard: Hazard) -> Severity:
        """As the rule says."""
        return _SEVERITY[hazard]

    def message(self, found: Found) -> Message:
        """The rule's sentence, with the limits of this policy."""
        return rule_of(found.hazard).message(found.episode, self.policy)

    def breach(self, state: ZoneRules) -> Forecast | None:
        """When the goods pass their limit as it looks after the newest row; None: unknown."""
        product = state.unit.product
        if product is None:
            return None
        return forecast(
            state.unit.points,
            Goods(product.celsius, self.policy.tau_min),
            limit=self.policy.product_high_celsius,
            warmest_celsius=self.policy.warmest_air_celsius,
        )

    def to_text(self, state: ZoneRules) -> str:
        """The state as JSON."""
        return state_data.to_text(state)

    def from_text(self, text: str) -> ZoneRules:
        """The state of a text. Raises InvalidError."""
        return state_data.from_text(text)


def _reading(row: Row) -> Reading:
    ts_ms, (celsius, door, *count) = row
    door_open = None if door is None else door > 0
    return Reading(ts_ms, celsius, door_open, door_opens=count[0] if count else None)


# Thousands of zones share a handful of policies.
@lru_cache(maxsize=1000)
def zone_book(metric: str, policy: ColdPolicy) -> ZoneBook:
    """The rulebook of a zone."""
    return ZoneBook(metric, policy)


def limit_of(hazard: Hazard, policy: ColdPolicy) -> float | None:
    """The temperature that a rule compares with, celsius; None where it is none."""
    match hazard:
        case Hazard.AIR_HIGH:
            return policy.air_high_celsius
        case Hazard.PRODUCT_HIGH:
            return policy.product_high_celsius
        case Hazard.TEMPERATURE_LOW:
            return policy.low_celsius
        case Hazard.EXPOSURE:
            return policy.exposure_celsius
        case _:
            return None
