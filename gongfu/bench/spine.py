"""``gongfu bench spine``: the whole county in its own state folder, judged by the ledger.

Cabinets lose their compressors shortly after the start, so that there are incidents to time:
``p99_incident_s`` is real seconds from the receipt of the message that carries the raising sample
to the incident in the ledger, over all of them.
"""

import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import psutil

from gongfu.bench.house import House, house_settings
from gongfu.bench.incident_delay import incident_delays_s
from gongfu.cli.output import say
from gongfu.demo_clock import platform_clock, utc_now
from gongfu.demo_county import demo_scenario
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import open_fleet
from gongfu.ledger_check import check_ledger
from gongfu.settings import Settings
from gongfu.simulate import RING, SCENARIO
from gongfu_firmware_sim.faults import FaultKind, Injection
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog

QUICK_S, FULL_S = 140.0, 600.0
FAILING_CABINETS = 60
MINUTE_MS = 60_000


def spine(*, quick: bool, seed: int) -> dict[str, Any]:  # Any: figures of several types
    """Run the county and return the figures."""
    with tempfile.TemporaryDirectory(prefix="gongfu-bench-") as folder:
        settings = house_settings(Path(folder), seed=seed)
        _prepare(settings)
        with House(settings) as house:
            connected = house.wait_connected()
            say(f"{connected} devices connected; measuring")
            before = house.health()["ingest"]["accepted"]
            began = time.monotonic()
            time.sleep(QUICK_S if quick else FULL_S)
            took = time.monotonic() - began
            accepted = house.health()["ingest"]["accepted"] - before
            rss = psutil.Process(house.pid).memory_info().rss
        return {**_judge(settings), "devices": connected, "msg_per_s": round(accepted / took, 1),
                "rss_mb": round(rss / 1e6, 1)}  # fmt: skip


def _prepare(settings: Settings) -> None:
    """Write a scenario in which many compressors stop in the first minutes; keep the whole log."""
    with closing(Database(settings.telemetry_path)) as database:
        log = TelemetryLog(database)
        # A consumer that never moves: the message that raised an incident is looked for at the end.
        log.release("bench", 0)
        log.trim()
    fleet = open_fleet(settings)
    clock = platform_clock(settings, now=utc_now())
    now = clock.now_ms()
    assets = fleet.registry.assets()
    fleet.close()
    spec = demo_scenario(assets, seed=settings.demo.seed, start_ms=now)
    cabinets = [device.dev for device in spec.devices if device.dev.startswith("cab-")]
    stops = tuple(
        Injection(dev, FaultKind.COMPRESSOR_STOP, now + (2 + place % 6) * MINUTE_MS, 4 * 3_600)
        for place, dev in enumerate(cabinets[:FAILING_CABINETS])
    )
    spec = msgspec.structs.replace(spec, injections=stops)
    (settings.state / SCENARIO).write_bytes(msgspec.json.encode(spec))


def _judge(settings: Settings) -> dict[str, Any]:  # Any: as above
    fleet = open_fleet(settings)
    devices = RegisteredDevices(fleet.registry).devices()
    delays = incident_delays_s(fleet, settings, devices)
    fleet.close()
    verdict = check_ledger(settings.state / RING, settings.telemetry_path, devices)
    return {
        "messages": verdict.messages,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "phantom": verdict.phantom,
        "samples": verdict.samples,
        "incidents": len(delays),
        "p99_incident_s": round(sorted(delays)[int(len(delays) * 0.99)], 3) if delays else None,
    }
