"""R2: power cuts under a writing platform and under a writing device.

The platform's whole state folder (telemetry.db, fleet.db, the broker's files) stands on a disk that
loses its power; its devices keep their ring elsewhere. After each cut, before anything of ours has
opened them, both databases are examined. Then a device's ring is cut in the same way.
"""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gongfu.bench.faults_incidents import breaches
from gongfu.bench.faults_stand import Stand, at_once, figures_of
from gongfu.faults.effort import FaultRun, Figures
from gongfu.faults.powercut import PowerCutDisk, power_cut_disk
from gongfu.faults.powercut_writer import DEV
from gongfu_firmware_sim.ring import Ring, read_ledger

# Sparse; large enough that ingest does not wait for room.
DISK_MB, RING_MB = 2_048, 32
MSG_PER_S = 150.0
READY_S, DRAIN_S = 60.0, 900.0


def power_cuts(run: FaultRun) -> Figures:
    """Cuts under the platform, then under a ring."""
    cuts = run.effort.of(3, 20, 50)
    with (
        power_cut_disk(run.folder / "platform", DISK_MB) as disk,
        power_cut_disk(run.folder / "device", RING_MB) as other,
    ):
        store, ring = at_once(
            run, lambda: _cut_platform(run, disk, cuts), lambda: _cut_ring(run, other, cuts)
        )
    lost = store["lost"] + ring["ring_lost"]
    return {**store, **ring, "lost": lost, "store_lost": store["lost"], "runs": 2 * cuts}


def _cut_platform(run: FaultRun, disk: PowerCutDisk, cuts: int) -> Figures:
    stand = Stand(disk.folder / "state", run.folder / "ring.db")
    dice = run.dice()
    longest_s = run.effort.of(1.5, 4.0, 4.0)
    opened: list[str] = []
    recovered: list[float] = []
    with _stopping(stand), stand.herd(MSG_PER_S) as herd, breaches(stand, herd) as people:
        for turn in range(cuts):
            people.tell()
            time.sleep(dice.uniform(0.5, longest_s))
            people.acknowledge_all()
            time.sleep(dice.uniform(0.0, 0.2))
            disk.cut(*stand.house.pids())
            stand.house.kill()
            disk.restore()
            opened += _examine(stand)
            people.check_kept()
            stand.house.start()
            recovered.append(round(stand.wait_up(READY_S), 1))
            run.say(f"R2: cut {turn + 1} of {cuts}: up again in {recovered[-1]} s; {opened}")
        drained_s = stand.drain(herd, DRAIN_S)
    return {
        **figures_of(stand.verdict()),
        "repairs": opened,
        **people.figures(),
        "recovery_p99_s": max(recovered),
        "drained_s": drained_s,
        "exit_code": stand.house.stop(),
    }


@contextmanager
def _stopping(stand: Stand) -> Iterator[None]:
    """Started, and stopped in any case: its disk is to be unmounted."""
    stand.start()
    try:
        yield
    finally:
        stand.house.stop()


def _examine(stand: Stand) -> list[str]:
    """What SQLite itself finds wrong after the journal was replayed; nothing of ours mends it."""
    faults = []
    for path in (stand.settings.telemetry_path, stand.settings.state / "fleet.db"):
        with closing(sqlite3.connect(path)) as db:
            told = [row[0] for row in db.execute("PRAGMA integrity_check")]
        faults += [] if told == ["ok"] else [f"{path.name}: {told[0]}"]
    return faults


@dataclass
class _Told:
    """What the writer said before the power went."""

    boot: int = 0
    stored: int = 0
    freed: int = 0
    lines: list[str] = field(default_factory=list)

    def hear(self, line: str) -> None:
        word, _, value = line.strip().partition(" ")
        if word in ("boot", "stored", "freed"):
            setattr(self, word, int(value))


def _cut_ring(run: FaultRun, disk: PowerCutDisk, cuts: int) -> Figures:
    """What was told as stored waits or is in the ledger; no boot number comes twice."""
    path = disk.folder / "ring.db"
    dice = run.dice()
    issued = lost = boots_repeated = 0
    boot = 0
    for _ in range(cuts):
        with _writer(path) as told:
            _listen(told.process, told.told, dice.uniform(0.3, 1.2))
            disk.cut(told.process.pid)
            told.process.kill()
            _listen(told.process, told.told, 5.0)
        disk.restore()
        boots_repeated += told.told.boot <= boot
        boot = told.told.boot
        issued += told.told.stored
        lost += _missing(path, told.told)
    return {"ring_issued": issued, "ring_lost": lost, "boots_repeated": boots_repeated}


def _missing(path: Path, told: _Told) -> int:
    """Messages of the last boot that were told as stored and are neither waiting nor freed."""
    Ring(path, ledger=True).close()  # it opens without repair
    with closing(sqlite3.connect(path)) as db:
        waiting = db.execute(
            "SELECT seq FROM message WHERE dev = ? AND boot = ?", (DEV, told.boot)
        ).fetchall()
    kept = {seq for (seq,) in waiting}
    kept |= {seq for _, boot, seq, _ in read_ledger(path) if boot == told.boot}
    return sum(1 for seq in range(1, told.stored + 1) if seq not in kept)


@dataclass
class _Writer:
    process: "subprocess.Popen[str]"
    told: _Told = field(default_factory=_Told)


@contextmanager
def _writer(path: Path) -> Iterator[_Writer]:
    words = [sys.executable, "-m", "gongfu.faults.powercut_writer", str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        try:
            yield _Writer(process)
        finally:
            process.kill()


def _listen(process: "subprocess.Popen[str]", told: _Told, seconds: float) -> None:
    """Hear the writer for a while and until it has said something, or to its end."""
    deadline = time.monotonic() + seconds
    while process.stdout is not None and (time.monotonic() < deadline or not told.stored):
        line = process.stdout.readline()
        if not line:
            return
        told.hear(line)
