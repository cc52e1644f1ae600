"""R7: eight hours of backlog of one truck, in both orders."""

from collections.abc import Callable

from gongfu.bench.faults_lateness import ROWS, late_truck
from gongfu.faults.effort import FaultTest, Figures


def test_eight_hours_told_newest_first_or_oldest_first_give_the_same_store_and_true_breaches(
    figures_of: Callable[[FaultTest], Figures],
) -> None:
    told = figures_of(late_truck)
    assert told["rows"] == ROWS
    assert told["lost"] == 0
    assert (told["stores_differ_by"], told["incidents_differ_by"]) == (0, 0)
    assert told["breaches"] == 2
    assert told["incidents"] == [2, 2]
    assert told["duration_error_s"] <= told["judged_s"]
    # The median of three tells a jump a sample later.
    assert told["begin_error_s"] <= 2 * told["judged_s"]
