"""R2: power cuts by the ext4 shutdown ioctl, under the platform and under a device's ring."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gongfu.bench.faults_powercut import power_cuts
from gongfu.faults.effort import CannotRunError, FaultTest, Figures
from gongfu.faults.powercut import power_cut_disk


def test_power_cuts_take_nothing_that_was_acknowledged_and_databases_open_without_repair(
    figures_of: Callable[[FaultTest], Figures],
) -> None:
    told = figures_of(power_cuts)
    assert told["acknowledged"] > 1_000
    assert (told["lost"], told["duplicated"], told["phantom"]) == (0, 0, 0), told
    assert told["repairs"] == []
    assert told["breaches"] > 0
    assert (told["incidents_lost"], told["incidents_doubled"], told["incidents_false"]) == (0, 0, 0)
    assert told["http_acknowledged"] > 0
    assert told["http_lost"] == 0
    assert told["ring_issued"] >= told["runs"] // 2
    assert (told["ring_lost"], told["boots_repeated"]) == (0, 0)


def test_the_cut_takes_what_was_never_synced(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    try:
        with power_cut_disk(tmp_path, 64) as disk:
            told = _write_carelessly(disk.folder / "careless.db", cut=disk.cut)
            disk.restore()
            kept = _rows(disk.folder / "careless.db")
    except CannotRunError as why:
        pytest.skip(str(why))
    print(f"\nof {told} rows that were never synced {kept} are left")
    assert told > 100
    assert kept < told


def _write_carelessly(path: Path, *, cut: Callable[[int], None]) -> int:
    words = [sys.executable, "-m", "gongfu.faults.powercut_writer", str(path), "careless"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            last = writer.stdout.readline()
        cut(writer.pid)
        writer.kill()
        for line in writer.stdout:
            last = line if line.endswith("\n") else last
    return int(last.split()[1])


def _rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            return 0
        return int(db.execute("SELECT count(*) FROM row").fetchone()[0])
