"""Faults: what can go wrong with a device, how often, and what a scenario orders explicitly.

The rates are assumptions; a scenario may set its own.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

# Keeps the stamps of a wrong clock off the grid of the right ones: no stamp is used twice.
OFF_GRID_MS = 500


class FaultKind(StrEnum):
    """What is wrong."""

    COMPRESSOR_STOP = "compressor_stop"
    SLOW_LEAK = "slow_leak"
    DOOR_AJAR = "door_ajar"
    SENSOR_STUCK = "sensor_stuck"
    CLOCK_WRONG = "clock_wrong"
    RADIO_GAP = "radio_gap"
    GPS_DRIFT = "gps_drift"
    GNSS_LOST = "gnss_lost"
    DETOUR = "detour"
    SUPPLY_CUT = "supply_cut"
    RECORDER_STOP = "recorder_stop"
    MAINS_LOST = "mains_lost"
    SCALE_DRIFT = "scale_drift"
    SCALE_JUMP = "scale_jump"
    GOODS_GONE = "goods_gone"
    LOCK_JAMMED = "lock_jammed"
    AIR_BLOCKED = "air_blocked"
    PAYMENT_DOWN = "payment_down"
    RUSH = "rush"
    REFILL_MISSED = "refill_missed"


@dataclass(frozen=True)
class Fault:
    """Something is wrong in [start, end).

    A wrong clock is off by ``offset_ms`` at the start and by ``drift_ppm`` of the time since then.
    A detour leads up to ``metres`` north of the round.
    """

    kind: FaultKind
    start_ms: int
    end_ms: int
    offset_ms: int = 0
    drift_ppm: int = 0
    metres: int = 0

    def offset_at_ms(self, ts_ms: int) -> int:
        """What the clock is off by at an instant of the fault."""
        return self.offset_ms + (ts_ms - self.start_ms) * self.drift_ppm // 1_000_000


class Injection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault the scenario orders; ``at_ms`` is platform time, UTC milliseconds.

    A wrong clock is off by ``offset_s`` when it begins, or shows the time ``reads`` then (1970
    after an empty battery, a leap day); either way it gains ``drift_ppm``, loses when negative.
    A detour is ``metres`` long.
    """

    dev: str
    kind: FaultKind
    at_ms: int
    duration_s: int
    offset_s: int = -7_200
    reads: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    drift_ppm: Annotated[int, msgspec.Meta(ge=-500_000, le=500_000)] = 0
    metres: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 2_000

    def fault(self) -> Fault:
        """The fault it orders."""
        end_ms = self.at_ms + self.duration_s * 1_000
        if self.kind is not FaultKind.CLOCK_WRONG:
            metres = self.metres if self.kind is FaultKind.DETOUR else 0
            return Fault(self.kind, self.at_ms, end_ms, metres=metres)
        offset_ms = self.offset_s * 1_000
        if self.reads is not None:
            offset_ms = round(self.reads.timestamp()) * 1_000 - self.at_ms
        return Fault(self.kind, self.at_ms, end_ms, offset_ms + OFF_GRID_MS, self.drift_ppm)


class FaultRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often faults are drawn; per device-day unless the name says otherwise."""

    cooling_failure_per_truck_day: float = 1 / 60
    sensor_stuck: float = 1 / 200
    door_ajar: float = 1 / 20
    clock_wrong: float = 1 / 300
    radio_gap_per_truck_day: float = 1.0
    gps_drift_share_of_duty: float = 0.01
    duplicate_share_of_messages: float = 0.01


NO_FAULTS = FaultRates(0, 0, 0, 0, 0, 0, 0)


def active(faults: tuple[Fault, ...], kind: FaultKind, ts_ms: int) -> Fault | None:
    """The fault of a kind that holds at the instant."""
    for fault in faults:
        if fault.kind is kind and fault.start_ms <= ts_ms < fault.end_ms:
            return fault
    return None
