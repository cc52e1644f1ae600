"""Everything that can go wrong with a watched thing, and how grave each is at first.

The names are stored in the ledger, so a member keeps its meaning for ever.
"""

from collections.abc import Mapping
from enum import StrEnum


class Severity(StrEnum):
    """How much it matters."""

    LOW = "low"
    HIGH = "high"
    CRITICAL = "critical"


class Hazard(StrEnum):
    """What can go wrong: with a zone's goods and unit, a truck, a cabinet, or the way to them."""

    # The plain rule of the first ledgers; the second is a rule of today, too.
    TEMPERATURE_HIGH = "temperature_high"
    TEMPERATURE_LOW = "temperature_low"

    PROBE_FAULT = "probe_fault"
    PROBE_STUCK = "probe_stuck"
    DOOR_AJAR = "door_ajar"
    AIR_HIGH = "air_high"
    NO_COOLING = "no_cooling"
    DRIFT = "drift"
    PRODUCT_HIGH = "product_high"
    EXPOSURE = "exposure"
    RATE_OF_RISE = "rate_of_rise"

    REEFER_OFF_LOADED = "reefer_off_loaded"
    RETURN_SUPPLY_GAP = "return_supply_gap"
    DOOR_OPEN_MOVING = "door_open_moving"
    DOOR_OUTSIDE_STOP = "door_outside_stop"
    VILLAGE_MISSED = "village_missed"
    OFF_CORRIDOR = "off_corridor"
    GNSS_LOST = "gnss_lost"
    TRACKER_POWER_CUT = "tracker_power_cut"
    BACKLOG_LONG = "backlog_long"
    RECORDER_GAP = "recorder_gap"

    POWER_LOST = "power_lost"
    SCALE_DRIFT = "scale_drift"
    SCALE_JUMP = "scale_jump"
    SESSION_OPEN = "session_open"
    MASS_IMBALANCE = "mass_imbalance"
    UNSETTLED = "unsettled"
    STOCK_OUT_SOON = "stock_out_soon"
    EXPIRY = "expiry"
    LOCK_NOT_LATCHED = "lock_not_latched"
    SALE_LOCKED = "sale_locked"

    CLOCK_OFF = "clock_off"
    CHANNEL_SILENT = "channel_silent"
    SITE_SILENT = "site_silent"
    GATEWAY_SILENT = "gateway_silent"
    BROKER_LOST = "broker_lost"

    # An enum's own hash is written in Python; hazards are keys wherever a sample is judged.
    __hash__ = str.__hash__


# What is not named here is HIGH.
_SEVERITY: Mapping[Hazard, Severity] = {
    Hazard.NO_COOLING: Severity.CRITICAL,
    Hazard.PRODUCT_HIGH: Severity.CRITICAL,
    Hazard.EXPOSURE: Severity.CRITICAL,
    Hazard.BROKER_LOST: Severity.CRITICAL,
    Hazard.RATE_OF_RISE: Severity.LOW,
    Hazard.VILLAGE_MISSED: Severity.LOW,
    Hazard.OFF_CORRIDOR: Severity.LOW,
    Hazard.GNSS_LOST: Severity.LOW,
    Hazard.BACKLOG_LONG: Severity.LOW,
    Hazard.RECORDER_GAP: Severity.LOW,
    Hazard.SCALE_DRIFT: Severity.LOW,
    Hazard.SCALE_JUMP: Severity.LOW,
    Hazard.SESSION_OPEN: Severity.LOW,
    Hazard.STOCK_OUT_SOON: Severity.LOW,
    Hazard.CLOCK_OFF: Severity.LOW,
    Hazard.CHANNEL_SILENT: Severity.LOW,
}


def severity_of(hazard: Hazard) -> Severity:
    """The severity an incident of this hazard begins with, by our own judgement."""
    return _SEVERITY.get(hazard, Severity.HIGH)
