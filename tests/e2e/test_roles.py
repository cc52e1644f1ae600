"""The platform as two processes: a worker, and an API that reads beside it."""

import subprocess
import sys
import time
from pathlib import Path

from gongfu.bench.house import House, house_settings
from gongfu.settings import Settings


def simulator(settings: Settings) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "gongfu", "simulate", "--state", str(settings.state)],
        env={"PATH": "/usr/bin:/bin", "GONGFU_BROKER__PORT": str(settings.broker.port)},
    )


def worker_is_well(settings: Settings) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "gongfu", "health", "--state", str(settings.state)],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def test_an_api_beside_a_worker_shows_what_the_worker_ingests(tmp_path: Path) -> None:
    settings = house_settings(tmp_path / "state")
    worker, face = House(settings), House(settings)
    worker.start("worker")
    devices = None
    try:
        deadline = time.monotonic() + 40
        while not worker_is_well(settings):
            assert time.monotonic() < deadline, worker.tail()
            time.sleep(0.5)
        face.start("api")
        devices = simulator(settings)
        assert face.wait_connected() == 119
        assert face.health()["broker"] == {"connected": True}
        worker.stop()
        time.sleep(0.5)
        assert worker_is_missed_soon(settings)
        with face.sign_in() as client:
            assert len(client.get("/api/assets?limit=500").json()["items"]) == 119
    finally:
        if devices:
            devices.terminate()
            devices.wait(20)
        worker.stop()
        assert face.stop() == 0, face.tail()


def worker_is_missed_soon(settings: Settings) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not worker_is_well(settings):
            return True
        time.sleep(1)
    return False


def test_an_api_without_anything_to_read_says_what_to_start(tmp_path: Path) -> None:
    house = House(house_settings(tmp_path / "state"))
    house.start("api")
    assert house.wait_ended() == 2
    assert "gongfu worker" in house.tail()
