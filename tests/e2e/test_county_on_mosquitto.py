"""A county on a real mosquitto: as the processes of docker-compose.yml, and at ×60 under load."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from gongfu.demo_county import demo_scenario
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import open_fleet
from gongfu.ledger_check import Verdict, check_ledger
from gongfu.secrets_file import load_secrets
from gongfu.settings import BrokerSettings, Settings
from gongfu.simulate import RING
from gongfu.simulated_secrets import simulated_secrets
from gongfu.telemetry import open_telemetry
from gongfu.wiring import worker
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.clock import ScaledClock, real_ms
from gongfu_broker.listening import free_port
from gongfu_firmware_sim.run import SimSetup, simulate
from gongfu_firmware_sim.status import SimStatus
from tests.servers.mosquitto import MosquittoProcess, mosquitto_binary

TUESDAY_MS = 1_795_478_400_000  # 2026-11-24 08:00 in Shanghai


class Site:
    """One installation: every role as its own process, told by the environment as in compose."""

    def __init__(self, folder: Path) -> None:
        self.state, self.broker = folder / "state", folder / "broker"
        self.port, self.api_port = free_port(), free_port()
        self.log = folder / "roles.log"

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        names = {
            "GONGFU_STATE": str(self.state),
            "GONGFU_BROKER__HOST": "127.0.0.1",
            "GONGFU_BROKER__PORT": str(self.port),
            "GONGFU_API__PORT": str(self.api_port),
            "GONGFU_DEMO__LEDGER": "true",
            "PATH": os.defpath,
        }
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "gongfu", *words], env=names, stdout=log, stderr=log
            )

    def prepare(self) -> None:
        assert self.start("devices", "simulate").wait(60) == 0
        assert self.start("broker-files", "--out", str(self.broker)).wait(60) == 0

    @contextmanager
    def role(self, name: str) -> Iterator[None]:
        process = self.start(name)
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(30) == 0, self.log.read_text()[-2000:]

    def connected(self) -> int:
        try:
            health = httpx.get(f"http://127.0.0.1:{self.api_port}/health", timeout=10).json()
        except httpx.HTTPError:
            return 0
        return int(health["devices"]["connected"]) if health["broker"]["connected"] else 0

    def wait(self, reached: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not reached():
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.3)

    def verdict(self) -> Verdict:
        fleet = open_fleet(Settings(state=self.state))
        devices = RegisteredDevices(fleet.registry).devices()
        fleet.close()
        return check_ledger(self.state / RING, self.state / "telemetry.db", devices)

    def is_well(self) -> bool:
        return self.start("health").wait(30) == 0


def test_a_county_of_separate_processes_reports_through_mosquitto(tmp_path: Path) -> None:
    mosquitto_binary()
    site = Site(tmp_path)
    site.prepare()
    with MosquittoProcess(site.broker, site.port), site.role("worker"):
        site.wait(site.is_well, 60)
        with site.role("api"):
            with site.role("simulate"):
                site.wait(lambda: site.connected() == 119, 60)
                time.sleep(10)
            time.sleep(1)
    verdict = site.verdict()
    print(f"\nprocesses on mosquitto: {verdict}")
    assert verdict.messages > 0
    assert verdict.clean, verdict.examples


async def until(reached: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not reached():
            await asyncio.sleep(0.2)


async def test_a_killed_mosquitto_loses_and_doubles_nothing(tmp_path: Path) -> None:
    mosquitto_binary()
    site = Site(tmp_path)
    site.prepare()
    broker = MosquittoProcess(site.broker, site.port)
    settings = Settings(state=site.state, broker=BrokerSettings(host="127.0.0.1", port=site.port))
    fleet, telemetry = open_fleet(settings), open_telemetry(settings.telemetry_path)
    clock = ScaledClock(real_ms(), TUESDAY_MS, 60)
    keys = load_secrets(site.state)
    ingest = worker(settings, keys, clock=clock, telemetry=telemetry, fleet=fleet).ingest
    way = AiomqttConnector("127.0.0.1", site.port, protocol="5")
    setup = SimSetup(way, clock, simulated_secrets(site.state), site.state / RING, ledger=True)
    spec = demo_scenario(fleet.registry.assets(), seed=1, start_ms=TUESDAY_MS)
    status, stopping = SimStatus(), asyncio.Event()
    with broker:
        ingesting = asyncio.create_task(ingest.run())
        devices = asyncio.create_task(simulate(spec, setup, stopping=stopping, status=status))
        for goal in (500, 1_000):
            await until(lambda goal=goal: status.acked > goal, 60)  # type: ignore[misc] # bound now
            broker.kill()
            await asyncio.sleep(2)
            broker.start()
        await until(lambda: status.connected == 119 and status.acked > 2_000, 90)
        stopping.set()
        await devices
        await asyncio.sleep(1)
        ingesting.cancel()
    telemetry.close()
    fleet.close()
    verdict = site.verdict()
    print(f"\nmosquitto killed twice, devices over MQTT 5: {verdict}")
    assert verdict.clean, verdict.examples
