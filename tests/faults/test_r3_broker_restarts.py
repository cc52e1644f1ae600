"""R3: devices come back after a restart of the broker, by themselves, and lose nothing."""

from collections.abc import Callable

from gongfu.faults.broker_restarts import broker_restarts
from gongfu.faults.effort import FaultTest, Figures


def test_a_restarted_broker_gets_every_device_back_and_loses_nothing(
    figures_of: Callable[[FaultTest], Figures],
) -> None:
    figures = figures_of(broker_restarts)
    assert figures["runs"] >= 2
    assert figures["acknowledged"] > 100
    assert (figures["lost"], figures["duplicated"], figures["phantom"]) == (0, 0, 0), figures
