"""The rules that run over a zone, in the order in which they are told."""

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rules import (
    air_high,
    door_ajar,
    drift,
    exposure,
    no_cooling,
    probe_fault,
    probe_stuck,
    product_high,
    rate_of_rise,
    temperature_low,
)
from gongfu_fleet.domain.alarms.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    probe_fault.RULE,
    probe_stuck.RULE,
    door_ajar.RULE,
    air_high.RULE,
    no_cooling.RULE,
    drift.RULE,
    rate_of_rise.RULE,
    product_high.RULE,
    temperature_low.RULE,
    exposure.RULE,
)


def rule_of(hazard: Hazard) -> Rule:
    """The rule that finds this hazard."""
    return next(rule for rule in RULES if rule.hazard is hazard)
