"""R5: a disk that runs low, then full, then fails an fsync."""

from collections.abc import Callable

from gongfu.bench.faults_disk import disk_faults
from gongfu.faults.effort import FaultTest, Figures


def test_a_full_disk_and_a_failed_fsync_lose_nothing_that_was_acknowledged(
    figures_of: Callable[[FaultTest], Figures],
) -> None:
    told = figures_of(disk_faults)
    assert told["acknowledged"] > 100
    assert (told["lost"], told["duplicated"], told["phantom"]) == (0, 0, 0), told
    # Told before the disk is full, and still told when it is.
    assert told["low"]["alert_s"] is not None
    assert told["full"]["alert_s"] is not None
    for fault in (told["low"], told["full"]):
        assert fault["acked_without_commit"] == 0
    # Nothing after a failed fsync can be trusted: the process ends, and says why.
    assert told["eio_exit_code"] not in (None, 0)
    assert told["eio_told"]
    assert told["exit_code"] == 0
