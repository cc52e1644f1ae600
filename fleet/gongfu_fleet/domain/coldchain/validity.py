"""The validity gate: is this number a temperature at all?

Bad is what lies outside the range (probe codes such as 85.0, -127 and 882.6 do), no value, and a
jump faster than air can change while no door is known to be open. A new level that the next
reading confirms is believed: a door that nobody reports is a door all the same.
"""

from enum import StrEnum
from typing import NamedTuple

from gongfu_fleet.domain.coldchain.policy import MINUTE_MS, ColdPolicy
from gongfu_fleet.domain.coldchain.reading import Reading


class Fault(StrEnum):
    """Why a reading is not taken."""

    MISSING = "missing"
    RANGE = "range"
    JUMP = "jump"


class Gate(NamedTuple):
    """The newest good value, a jump that waits to be confirmed, and since when all was bad."""

    good: tuple[int, float] | None = None
    suspect: tuple[int, float] | None = None
    bad_ms: int | None = None


def passed(gate: Gate, reading: Reading, policy: ColdPolicy) -> tuple[Gate, Fault | None]:
    """The gate after the reading, and why it is bad; None when it is good."""
    ts_ms, celsius = reading.ts_ms, reading.celsius
    if celsius is None:
        return _refused(gate, ts_ms), Fault.MISSING
    if not policy.valid_low_celsius <= celsius <= policy.valid_high_celsius:
        return _refused(gate, ts_ms), Fault.RANGE
    now = (ts_ms, celsius)
    if reading.door_open or _near(gate.good, now, policy) or _confirmed(gate.suspect, now, policy):
        return Gate(now), None
    since = ts_ms if gate.bad_ms is None else gate.bad_ms
    return Gate(gate.good, now, since), Fault.JUMP


def _refused(gate: Gate, ts_ms: int) -> Gate:
    return Gate(gate.good, gate.suspect, ts_ms if gate.bad_ms is None else gate.bad_ms)


def _confirmed(
    suspect: tuple[int, float] | None, now: tuple[int, float], policy: ColdPolicy
) -> bool:
    return suspect is not None and _near(suspect, now, policy)


def _near(before: tuple[int, float] | None, now: tuple[int, float], policy: ColdPolicy) -> bool:
    if before is None:
        return True
    minutes = max(1.0, (now[0] - before[0]) / MINUTE_MS)
    return abs(now[1] - before[1]) <= policy.valid_celsius_per_min * minutes
