"""What waits where in this process, in the shape that health pages and metrics want."""

import shutil
from pathlib import Path

from gongfu.wiring import Worker
from gongfu_broker.clock import Clock
from gongfu_fleet.services.flow import Flow, Forwarding, Room
from gongfu_ingest.forwarder import Forwarder, ForwarderState


def flow_of(worker: Worker, clock: Clock) -> Flow:
    """Ingest and the forwarder now; any thread."""
    state = worker.ingest.state
    return Flow(
        waiting=state.waiting,
        oldest_waiting_s=_since_s(state.oldest_waiting_ms, clock),
        commits=state.batches,
        commit_s=state.commit_s,
        last_commit_s=state.last_commit_s,
        refused_commits=state.refused,
        forwarder=_forwarding(worker.forwarder, clock) if worker.forwarder else None,
    )


def room_at(telemetry_path: Path) -> Room | None:
    """Room on the disk of telemetry.db, and what the file and its journal take."""
    files = (telemetry_path, telemetry_path.with_name(telemetry_path.name + "-wal"))
    try:
        free = shutil.disk_usage(telemetry_path.parent).free
        return Room(free, sum(file.stat().st_size for file in files if file.exists()))
    except OSError:  # a disk that is gone is told by whoever writes to it
        return None


def _forwarding(forwarder: Forwarder, clock: Clock) -> Forwarding:
    oldest_s = _since_s(forwarder.oldest_unsent_ms(), clock)
    return Forwarding(_word(forwarder.state), forwarder.backlog(), oldest_s)


def _word(state: ForwarderState) -> str:
    told = (
        (state.stopped, "stopped"),
        (state.failure, "failed"),
        (state.away_since_ms, "away"),
        (state.filling, "filling"),
    )
    return next((word for holds, word in told if holds), "sending")


def _since_s(platform_ms: int | None, clock: Clock) -> float | None:
    """Real seconds since an instant of platform time."""
    if platform_ms is None:
        return None
    return max(0.0, (clock.now_ms() - platform_ms) / 1000 / clock.speed)
