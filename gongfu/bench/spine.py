"""``gongfu bench spine``: the whole county in its own state folder, judged by the ledger.

Cabinets lose their compressors shortly after the start, so that there are incidents to time:
``p99_incident_s`` is real seconds from the receipt of the message that carries the raising sample
to the incident in the ledger, over all of them.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil

from gongfu.bench.incident_delay import incident_delays_s
from gongfu.cli.output import say
from gongfu.demo_clock import platform_clock, utc_now
from gongfu.demo_county import demo_scenario
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import open_fleet
from gongfu.ledger_check import check_ledger
from gongfu.settings import ApiSettings, BrokerSettings, DemoSettings, Settings
from gongfu.simulate import RING, SCENARIO
from gongfu_firmware_sim.faults import FaultKind, Injection

QUICK_S, FULL_S = 140.0, 600.0
READY_S = 60.0
FAILING_CABINETS = 60
MINUTE_MS = 60_000


def spine(*, quick: bool, seed: int) -> dict[str, Any]:  # Any: figures of several types
    """Run the county and return the figures."""
    with tempfile.TemporaryDirectory(prefix="gongfu-bench-") as folder:
        settings = _settings(Path(folder), seed)
        _prepare(settings)
        with _running(settings) as house:
            connected = _until_connected(settings)
            say(f"{connected} devices connected; measuring")
            before = _counters(settings)
            began = time.monotonic()
            time.sleep(QUICK_S if quick else FULL_S)
            took = time.monotonic() - began
            accepted = _counters(settings)["accepted"] - before["accepted"]
            rss = psutil.Process(house.pid).memory_info().rss
        return {**_judge(settings), "devices": connected, "msg_per_s": round(accepted / took, 1),
                "rss_mb": round(rss / 1e6, 1)}  # fmt: skip


def _settings(state: Path, seed: int) -> Settings:
    return Settings(
        state=state,
        broker=BrokerSettings(port=_free_port()),
        api=ApiSettings(port=_free_port()),
        demo=DemoSettings(seed=seed, ledger=True),
    )


def _prepare(settings: Settings) -> None:
    """Write a scenario in which many compressors stop in the first minutes."""
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


class _Running:
    """``gongfu run`` as a child in its own process group."""

    def __init__(self, settings: Settings) -> None:
        names = {
            "GONGFU_STATE": str(settings.state),
            "GONGFU_BROKER__PORT": str(settings.broker.port),
            "GONGFU_API__PORT": str(settings.api.port),
            "GONGFU_DEMO__LEDGER": "true",
            "GONGFU_LOG_LEVEL": "warning",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gongfu", "run", "--quiet"],
            env={**_inherited(), **names},
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> "subprocess.Popen[bytes]":
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)


_running = _Running


def _inherited() -> dict[str, str]:
    return {"PATH": os.defpath, "PYTHONUNBUFFERED": "1"}


def _until_connected(settings: Settings) -> int:
    deadline = time.monotonic() + READY_S
    connected = 0
    while time.monotonic() < deadline:
        try:
            devices = _health(settings)["devices"]
        except httpx.HTTPError:
            time.sleep(0.5)
            continue
        connected = max(connected, devices["connected"])
        if connected == devices["registered"]:
            break
        time.sleep(0.5)
    return connected


def _health(settings: Settings) -> dict[str, Any]:  # Any: the health document
    url = f"http://127.0.0.1:{settings.api.port}/health"
    body: dict[str, Any] = httpx.get(url, timeout=10).raise_for_status().json()
    return body


def _counters(settings: Settings) -> dict[str, int]:
    counters: dict[str, int] = _health(settings)["ingest"]
    return counters


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
