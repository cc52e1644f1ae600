"""How hard a fault test tries, where it may write, and what it answers."""

import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from gongfu.errors import GongfuError

Figures = dict[str, Any]  # Any: counts, seconds, lists; JSON
Chosen = TypeVar("Chosen")


class Effort(StrEnum):
    """Three sizes of the same test.

    ``SHORT``: in ``make test`` and ``bench faults --quick``; all nine together within 3 minutes.
    ``BENCH``: in ``bench faults``; all nine together within 25 minutes, counts in full where time
    allows. ``FULL``: in ``make test-faults``; counts and durations as the paper names them.
    """

    SHORT = "short"
    BENCH = "bench"
    FULL = "full"

    def of(self, short: Chosen, bench: Chosen, full: Chosen) -> Chosen:
        """The value for this effort."""
        return {Effort.SHORT: short, Effort.BENCH: bench, Effort.FULL: full}[self]


class CannotRunError(GongfuError):
    """The test needs something this machine does not have; the message says what."""


@dataclass(frozen=True)
class FaultRun:
    """One run of one test in an empty folder of its own; the same seed breaks the same things."""

    folder: Path
    effort: Effort
    seed: int = 1

    def dice(self) -> random.Random:
        """Chance from the seed."""
        return random.Random(self.seed)

    def say(self, text: str) -> None:
        """Progress for whoever waits; the last line of standard output stays the JSON."""
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
        sys.stderr.flush()


FaultTest = Callable[[FaultRun], Figures]
