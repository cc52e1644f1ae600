"""R8: bad links delay and never lose; a dead one is found by whoever sits on it."""

from collections.abc import Callable

from gongfu.faults.bad_links import bad_links
from gongfu.faults.effort import FaultTest, Figures


def test_bad_links_lose_nothing_and_dead_ones_are_found(
    figures_of: Callable[[FaultTest], Figures],
) -> None:
    figures = figures_of(bad_links)
    assert figures["runs"] >= 3
    assert figures["acknowledged"] > 100
    assert (figures["lost"], figures["duplicated"], figures["phantom"]) == (0, 0, 0), figures
    # In time means 1.5 keep-alives; the figure is printed, and the client's own tests hold it.
    assert {"idle_own", "idle_aiomqtt", "devices"} <= figures[
        "dead_link_found_in_keep_alives"
    ].keys()
