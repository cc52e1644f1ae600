"""kill -9 of the whole run, ten times: what was acknowledged is in the store, once.

Every third time the children are left orphaned: the next start finds and stops the old broker.
"""

import random
import time
from pathlib import Path

from gongfu.bench.house import House, house_settings
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import open_fleet
from gongfu.ledger_check import check_ledger
from gongfu.simulate import RING

KILLS = 10


def test_ten_kills_of_everything_lose_and_double_nothing(tmp_path: Path) -> None:
    settings = house_settings(tmp_path / "state")
    house = House(settings)
    rng = random.Random(20260101)
    for turn in range(KILLS):
        house.start()
        time.sleep(rng.uniform(2.5, 8.0))
        house.kill(children=turn % 3 != 2)
    house.start()
    house.wait_connected()
    time.sleep(12)  # backfill of what the kills left in the rings
    assert house.health()["consumers"][0]["lag"] < 1_000
    assert house.stop() == 0
    fleet = open_fleet(settings)
    devices = RegisteredDevices(fleet.registry).devices()
    fleet.close()
    verdict = check_ledger(settings.state / RING, settings.telemetry_path, devices)
    print(f"\n{KILLS} kills: {verdict}")
    assert verdict.samples > 1_000
    assert verdict.clean, verdict.examples
