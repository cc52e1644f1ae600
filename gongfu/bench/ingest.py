"""``gongfu bench ingest``: what a message costs, ours against the pipeline as usually written.

Both run on the same broker with the same messages of one sample, offered faster than they can be
taken, so that batches are full (500) on both sides. Each of 1,000 devices tells a whole minute, a
message per second of its clock, so that a run holds what a minute of alarms costs, no less and no
more. A run measures the CPU time of one process, all threads, user and system, after every device
was heard twice; runs of all kinds alternate, and figures are medians. ``lost`` counts messages that
the generator was promised by an application ack and that do not stand in the store with their
values, over every run.

line: receive to decoded line of line protocol. commit: receive to durable commit to application
ack; ours leaves the line to the forwarder, the reference renders it as it goes.
commit_ratio_with_alarms: ours with the cold-chain watch caught up and saved, against the reference
without any alarms, which is the harder comparison.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gongfu.bench.ingest_runs import Measured, Stand, measure, prepare
from gongfu.bench.ingest_subject import Kind
from gongfu.bench.load_broker import broker_name
from gongfu.bench.scenario_b import scenario_b

MINUTE = 60
FULL_DEVICES, QUICK_DEVICES = 1_000, 300
STEADY_DEVICES = 5_000
FULL_RUNS, QUICK_RUNS = 5, 3
FULL_S, QUICK_S = 900.0, 80.0
FULL_STEADY_S, QUICK_STEADY_S = 180.0, 30.0
Runs = Mapping[Kind, Sequence[Measured]]


def ingest(*, quick: bool, seed: int) -> dict[str, Any]:  # Any: figures of several types
    """Measure everything and return the figures; messages follow from their place, not a seed."""
    del seed
    with tempfile.TemporaryDirectory(prefix="gongfu-bench-") as folder:
        stand = _stand(Path(folder, "runs"), QUICK_DEVICES if quick else FULL_DEVICES)
        runs = _alternate(stand, quick=quick)
        note("scenario B")
        crowd = _stand(Path(folder, "steady"), STEADY_DEVICES)
        steady = scenario_b(crowd, QUICK_STEADY_S if quick else FULL_STEADY_S)
    lost = sum(run.lost for some in runs.values() for run in some) + steady.pop("lost")
    return {
        **_costs(runs),
        "lost": lost,
        "acknowledged": sum(run.acknowledged for some in runs.values() for run in some)
        + steady["acknowledged"],
        "scenario_b": steady,
        "broker": broker_name(),
        "runs": len(runs[Kind.LINE]),
        "messages_per_run": stand.devices * MINUTE,
    }


def note(text: str) -> None:
    """Progress, beside the figures."""
    print(f"bench ingest: {text}", file=sys.stderr, flush=True)  # noqa: T201 - progress of a command


def _stand(folder: Path, devices: int) -> Stand:
    note(f"registering {devices} devices")
    folder.mkdir()
    return prepare(folder, devices)


def _alternate(stand: Stand, *, quick: bool) -> Runs:
    """Every kind in turn, again and again; fewer times on a machine that is too slow."""
    most = QUICK_RUNS if quick else FULL_RUNS
    until = time.monotonic() + (QUICK_S if quick else FULL_S)
    runs: dict[Kind, list[Measured]] = {kind: [] for kind in Kind}
    for turn in range(most):
        if turn and time.monotonic() > until:
            note(f"stopping after {turn} of {most} runs: the machine is slow or shared")
            break
        for kind in Kind:
            measured = measure(stand, kind, MINUTE)
            runs[kind].append(measured)
            note(f"run {turn + 1}, {kind}: {measured.us:.1f} us, {measured.lost} lost")
    return runs


def _costs(runs: Runs) -> dict[str, float]:
    us = {kind: statistics.median(run.us for run in some) for kind, some in runs.items()}

    def ratio(ours: Kind, reference: Kind) -> float:
        return round(us[reference] / us[ours], 2)

    return {
        "line_us": round(us[Kind.LINE], 2),
        "reference_line_us": round(us[Kind.REFERENCE_LINE], 2),
        "line_ratio": ratio(Kind.LINE, Kind.REFERENCE_LINE),
        "commit_us": round(us[Kind.COMMIT], 2),
        "reference_commit_us": round(us[Kind.REFERENCE_COMMIT], 2),
        "commit_ratio": ratio(Kind.COMMIT, Kind.REFERENCE_COMMIT),
        "alarms_us": round(us[Kind.ALARMS], 2),
        "commit_ratio_with_alarms": ratio(Kind.ALARMS, Kind.REFERENCE_COMMIT),
    }
