"""R6: wrong clocks of devices, and a server's clock that jumps."""

from collections.abc import Callable

from gongfu.bench.faults_clock import CORRECT_MS, wrong_clocks
from gongfu.faults.effort import FaultTest, Figures


def test_wrong_clocks_lose_nothing_raise_nothing_and_run_no_job_twice(
    figures_of: Callable[[FaultTest], Figures],
) -> None:
    told = figures_of(wrong_clocks)
    devices, server = told["devices"], told["server"]
    for part in (devices, server):
        assert part["acknowledged"] > 0
        assert (part["lost"], part["duplicated"], part["phantom"]) == (0, 0, 0), part
        assert part["false_incidents"] == 0
    assert devices["named"] == 1
    assert devices["kept_with_both_times"] > 0
    assert devices["right_clocks_moved"] == 0
    corrected = devices["wrong_after_correction_s"]
    assert len(corrected) == devices["wrong_clocks"]
    assert max(corrected.values()) < CORRECT_MS / 1_000, corrected
    assert server["job_runs"] > 0
    assert server["job_runs_doubled"] == 0
    assert server["exit_code"] == 0
