"""Readings of several metrics in one series: the store's and the one in memory alike."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gongfu.telemetry import LogHistory, open_telemetry
from gongfu_broker.columns import DeviceKind
from gongfu_fleet.adapters.memory_log import MemoryHistory, MemoryLog, batch_record
from gongfu_fleet.services.watch_ports import History
from gongfu_ingest.points import Point, Rank

DEV = "cab-0001"
FOLDED_MS = 3_600_000
METRICS = ("zone_1_celsius", "door_open")
# Two messages about one moment: value by value the later one counts, and hides nothing else.
TOLD = (
    (1_000, {"zone_1_celsius": 4.0, "door_open": 0.0}),
    (2_000, {"door_open": 1.0}),
    (3_000, {"zone_1_celsius": 0.0, "door_open": 0.0}),
    (3_000, {"zone_1_celsius": -1.0}),
    (4_000, {"tray_1_kg": 2.0}),
    (5_000, {"zone_1_celsius": 5.0}),
)


@pytest.fixture(params=["memory", "hot", "folded", "both"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    """A history with the same rows in it, of both kinds."""
    if request.param == "memory":
        log = MemoryLog()
        for mseq, (ts_ms, values) in enumerate(TOLD, 1):
            row = [(ts_ms, dict(values))]
            log.append(batch_record(DEV, DeviceKind.CABINET, row, mseq=mseq, received_ms=0))
        yield MemoryHistory(log)
        return
    telemetry = open_telemetry(tmp_path / "telemetry.db")
    points = [Point(ts, DEV, Rank(1, n, 0), values) for n, (ts, values) in enumerate(TOLD, 1)]
    # A hot row stands over the folded one of its place.
    early = {"hot": 0, "folded": len(points), "both": 3}[request.param]
    telemetry.store.write(points[:early])
    telemetry.store.fold(FOLDED_MS)
    telemetry.store.write(points[early:])
    yield LogHistory(telemetry)
    telemetry.close()


def test_a_row_has_the_values_that_there_are_in_the_order_asked_for(history: History) -> None:
    _, rows = history.series(DEV, METRICS, 0, 10_000)
    assert list(rows) == [
        (1_000, (4.0, 0.0)),
        (2_000, (None, 1.0)),
        (3_000, (-1.0, 0.0)),
        (5_000, (5.0, None)),
    ]
    _, turned = history.series(DEV, METRICS[::-1], 2_000, 5_000)
    assert list(turned) == [(2_000, (1.0, None)), (3_000, (0.0, -1.0))]


def test_a_device_that_is_not_known_has_no_rows(history: History) -> None:
    assert list(history.series("cab-0002", METRICS, 0, 10_000)[1]) == []
