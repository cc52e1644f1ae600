"""Platform time: one injected Clock, real in production, scaled in the demonstration.

A scaled clock is a line through one anchor (real_ms, platform_ms) with a slope. Platform and
simulator read the same anchor file, so they agree without talking to each other.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec


class Clock(Protocol):
    """Platform time in UTC milliseconds, and how fast it runs."""

    @property
    def speed(self) -> float:
        """Platform seconds per real second; 1.0 in production."""
        ...

    def now_ms(self) -> int:
        """Platform time now, UTC milliseconds."""
        ...


def real_ms() -> int:
    """Wall time, UTC milliseconds."""
    return time.time_ns() // 1_000_000


class RealClock:
    """Platform time is wall time."""

    speed = 1.0

    def now_ms(self) -> int:
        """Wall time, UTC milliseconds."""
        return real_ms()


@dataclass(frozen=True)
class ScaledClock:
    """Platform time runs ``speed`` times as fast as wall time from an anchor."""

    anchor_real_ms: int
    anchor_platform_ms: int
    speed: float

    def now_ms(self) -> int:
        """Platform time now, UTC milliseconds."""
        return self.anchor_platform_ms + int((real_ms() - self.anchor_real_ms) * self.speed)


class Anchor(msgspec.Struct, frozen=True):
    """What a clock file holds."""

    real_ms: int
    platform_ms: int
    speed: float


def read_clock(path: Path) -> Clock:
    """The clock another process of this run uses: the anchor file's, or the real one without it."""
    try:
        anchor = msgspec.json.decode(path.read_bytes(), type=Anchor)
    except FileNotFoundError:
        return RealClock()
    return ScaledClock(anchor.real_ms, anchor.platform_ms, anchor.speed)


def write_anchor(path: Path, clock: Clock) -> None:
    """Save the clock's line at this moment; readers see the old file or the new one, never half."""
    anchor = Anchor(real_ms(), clock.now_ms(), clock.speed)
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(anchor))
    part.replace(path)


# After a crash the anchor may be this old; resuming later than it keeps platform time monotonic.
RESUME_MARGIN_REAL_MS = 3_000


def resume_clock(path: Path, *, start_ms: int, speed: float) -> ScaledClock:
    """Platform time goes on where the last run left it, else it starts at ``start_ms``."""
    try:
        anchor = msgspec.json.decode(path.read_bytes(), type=Anchor)
    except FileNotFoundError:
        return ScaledClock(real_ms(), start_ms, speed)
    resumed = anchor.platform_ms + int(RESUME_MARGIN_REAL_MS * anchor.speed)
    return ScaledClock(real_ms(), resumed, speed)
