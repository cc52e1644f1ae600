"""R1: whatever is killed, what was acknowledged is in the store once, and so is every incident."""

from collections.abc import Callable

from gongfu.faults.effort import FaultTest, Figures
from gongfu.faults.kills import random_kills


def test_killing_random_processes_loses_and_doubles_nothing(
    figures_of: Callable[[FaultTest], Figures],
) -> None:
    figures = figures_of(random_kills)
    assert figures["runs"] >= 4
    assert figures["acknowledged"] > 1_000
    assert (figures["lost"], figures["duplicated"], figures["phantom"]) == (0, 0, 0), figures
    assert figures["incidents"] > 0
    assert (figures["incidents_lost"], figures["incidents_doubled"]) == (0, 0), figures
