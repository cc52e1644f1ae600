"""R5: a disk that runs low, EIO on fsync, and a full disk under everything the platform keeps.

State folder, databases and the broker's files stand on one small disk; the devices' ring does not.
"""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from gongfu.bench.faults_herd import Herd
from gongfu.bench.faults_stand import Stand, figures_of, until
from gongfu.faults.disk import SmallDisk, small_disk, syncs_fail
from gongfu.faults.effort import FaultRun, Figures

DISK_MB = 640
LOW_BYTES = 64 * 1024**2
ALERT_S, RECOVER_S, EXIT_S = 30.0, 1_200.0, 30.0
MSG_PER_S = 200.0
NO_GUARD = {"GONGFU_STORE__MIN_FREE_BYTES": "0"}


def disk_faults(run: FaultRun) -> Figures:
    """Low with the guard on, a failed fsync, full with the guard off."""
    low_s, full_s = run.effort.of((2.0, 5.0), (10.0, 45.0), (60.0, 300.0))
    with small_disk(run.folder / "disk", DISK_MB) as disk:
        stand = Stand(disk.folder / "state", run.folder / "ring.db")
        # Its last words must not be lost with the disk.
        stand.settings.state.mkdir()
        stand.house.log_path.symlink_to(run.folder / "run.log")
        stand.start()
        try:
            with stand.herd(MSG_PER_S, run.effort.of(40, 119, 119)) as herd:
                until(lambda: herd.status.acked > 0, ALERT_S, "devices are acknowledged")
                low = _low(run, stand, herd, disk=disk, seconds=low_s)
                failed = _failed_sync(run, stand, herd)
                stand.configure(NO_GUARD)
                stand.start()
                full = _full(run, stand, herd, disk=disk, seconds=full_s)
                drained_s = stand.drain(herd, RECOVER_S)
        finally:
            code = stand.house.stop()
        figures = {"low": low, **failed, **full, "drained_s": drained_s, "exit_code": code}
        return {"runs": 3, **figures_of(stand.verdict()), **figures}


def _low(run: FaultRun, stand: Stand, herd: Herd, *, disk: SmallDisk, seconds: float) -> Figures:
    """Ingest waits before others of this disk are in need."""
    stand.problems()  # signs in while there is room
    disk.fill(LOW_BYTES)
    low = _hold(stand, herd, seconds)
    disk.relieve()
    run.say(f"R5: {LOW_BYTES >> 20} MB left: {low}")
    return low


def _full(run: FaultRun, stand: Stand, herd: Herd, *, disk: SmallDisk, seconds: float) -> Figures:
    """Every write fails: ours, the broker's, the jobs'."""
    before = herd.status.acked
    until(lambda: herd.status.acked > before, RECOVER_S, "devices are acknowledged")
    stand.problems()
    disk.fill()
    full = _hold(stand, herd, seconds)
    run.say(f"R5: full: {full}")
    disk.relieve()
    before = herd.status.acked
    recovered_s = _seconds_until(lambda: herd.status.acked > before, RECOVER_S, "acks again")
    caught_up_s = _seconds_until(lambda: _caught_up(herd), RECOVER_S, "devices caught up")
    return {
        "full": full,
        "recovered_s": recovered_s,
        "caught_up_s": round(recovered_s + caught_up_s, 1),
    }


def _hold(stand: Stand, herd: Herd, seconds: float) -> Figures:
    """The fault lasts; ``acked`` counts messages that devices were told are durable meanwhile."""
    began, committed, acked = time.monotonic(), stand.accepted(), herd.status.acked
    alert_s: float | None = None
    told = ""
    while time.monotonic() - began < seconds or (alert_s is None and _waits(began)):
        sentences = [s for s in stand.problems() if "disk" in s]
        if sentences and alert_s is None:
            alert_s, told = round(time.monotonic() - began, 1), sentences[0]
        time.sleep(0.2)
    # Asked in this order: an ack that is heard was committed before.
    told_now = herd.status.acked
    committed_now = stand.accepted()
    return {
        "held_s": round(time.monotonic() - began, 1),
        "alert_s": alert_s,
        "told": told,
        "committed": committed_now - committed,
        "acked": told_now - acked,
        "acked_without_commit": max(0, told_now - committed_now),
        "waiting": herd.status.in_ring,
    }


def _waits(began: float) -> bool:
    return time.monotonic() - began < ALERT_S


def _caught_up(herd: Herd) -> bool:
    """Only what is on its way anyhow still waits."""
    return herd.status.in_ring < 2 * MSG_PER_S


def _seconds_until(happened: Callable[[], bool], timeout_s: float, what: str) -> float:
    began = time.monotonic()
    until(happened, timeout_s, what)
    return round(time.monotonic() - began, 1)


def _failed_sync(run: FaultRun, stand: Stand, herd: Herd) -> Figures:
    """What cannot be known to be on disk must not be acknowledged by a process that goes on."""
    wal = Path(f"{stand.settings.telemetry_path}-wal")
    pid, acked = stand.house.pid, herd.status.acked
    until(lambda: herd.status.acked > acked, ALERT_S, "devices are acknowledged")
    began = time.monotonic()
    code: int | None = None
    with syncs_fail(pid, wal):
        try:
            code = stand.house.wait_ended(EXIT_S)
        except subprocess.TimeoutExpired:
            run.say("R5: the process goes on after a failed fsync")
    ended_s = round(time.monotonic() - began, 1)
    if code is None:
        stand.house.kill(children=False)
    reason = _last_words(stand)
    run.say(f"R5: EIO on fsync: exit code {code} after {ended_s} s: {reason}")
    return {"eio_exit_code": code, "eio_ended_s": ended_s, "eio_told": reason}


def _last_words(stand: Stand) -> str:
    lines = [line for line in stand.house.tail().splitlines() if "disk" in line or "sync" in line]
    return lines[-1][:200] if lines else ""
