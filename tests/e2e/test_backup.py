"""A backup of the running county, restored elsewhere: nothing acknowledged is missing from it."""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gongfu.bench.house import House, house_settings
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import open_fleet
from gongfu.ledger_check import check_ledger
from gongfu.settings import Settings
from gongfu.simulate import RING

LOG = "SELECT seq, dev, boot, mseq, hash, payload FROM log ORDER BY seq"


def command(state: Path, *words: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "gongfu", *words, "--state", str(state), "--json"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def restored(house: House, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the county, taken while its devices report and its watch follows."""
    folder = tmp_path_factory.mktemp("backup")
    made = command(house.settings.state, "backup", "--out", str(folder / "county.tar"))
    settings = house_settings(folder / "state")
    put_back = command(settings.state, "restore", str(folder / "county.tar"))
    assert put_back["files"] == made["files"]
    assert put_back["facts"]["log"]["head"] > 100
    return settings


def test_the_log_of_the_copy_is_a_prefix_of_the_living_one(
    house: House, restored: Settings
) -> None:
    copy = rows(restored.telemetry_path, LOG)
    living = rows(house.settings.telemetry_path, LOG)
    # The living one may have trimmed its oldest records meanwhile.
    kept = [row for row in copy if row[0] >= living[0][0]]
    assert len(living) > len(kept) > 0
    assert living[: len(kept)] == kept


def test_no_cursor_of_the_copy_is_ahead_of_its_log_and_both_databases_are_sound(
    restored: Settings,
) -> None:
    ((head,),) = rows(restored.telemetry_path, "SELECT max(seq) FROM log")
    fleet = restored.state / "fleet.db"
    cursors = rows(fleet, "SELECT seq FROM consumer_cursor")
    assert any(seq > 0 for (seq,) in cursors)
    assert all(0 <= seq <= head for (seq,) in cursors)
    for path in (restored.telemetry_path, fleet):
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_everything_that_was_acknowledged_by_then_is_in_the_copy(restored: Settings) -> None:
    fleet = open_fleet(restored)
    devices = RegisteredDevices(fleet.registry).devices()
    fleet.close()
    verdict = check_ledger(restored.state / RING, restored.telemetry_path, devices)
    print(f"\n{verdict}")
    assert verdict.samples > 100
    assert (verdict.lost, verdict.duplicated) == (0, 0), verdict.examples


def test_the_copy_runs_and_goes_on_where_the_backup_was_taken(
    house: House, restored: Settings
) -> None:
    ((head,),) = rows(restored.telemetry_path, "SELECT max(seq) FROM log")
    with House(restored) as copy:
        copy.wait_connected()
        deadline = time.monotonic() + 30
        while copy.health()["consumers"][0]["seq"] <= head + 50:
            assert time.monotonic() < deadline, copy.health()
            time.sleep(0.3)
        assert not [text for text in copy.problems() if "cold-chain" in text]
        assert copy.admin_password() == house.admin_password()
        with copy.sign_in() as client:
            assert len(client.get("/api/map").json()["assets"]) == 119
    fleet = open_fleet(restored)
    devices = RegisteredDevices(fleet.registry).devices()
    fleet.close()
    verdict = check_ledger(restored.state / RING, restored.telemetry_path, devices)
    print(f"\n{verdict}")
    assert verdict.clean, verdict.examples
