"""The platform under a fault test: a whole run without the simulator, and the herd beside it."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx

from gongfu.bench.faults_herd import Herd, HerdSetup
from gongfu.bench.house import House, HouseError
from gongfu.device_accounts import equip_all
from gongfu.directory import RegisteredDevices
from gongfu.faults.effort import Effort, FaultRun
from gongfu.fleet_side import open_fleet
from gongfu.ledger_check import Verdict, check_ledger
from gongfu.secrets_file import Secrets, load_secrets
from gongfu.settings import ApiSettings, BrokerSettings, DemoSettings, Settings
from gongfu.simulated_secrets import simulated_secrets
from gongfu_broker.client_aiomqtt import AiomqttConnector
from gongfu_broker.listening import free_port
from gongfu_broker.mqtt.client import MqttConnector
from gongfu_broker.ports import BusConnector, Device
from gongfu_fleet.domain.assets import Asset

READY_S = 60.0
MANY_PER_S = 250.0
Part = TypeVar("Part")


class Stand:
    """``gongfu run`` in ``state`` with the shipped county and real time; its devices elsewhere.

    ``state`` may stand on a disk that the test breaks; the devices' ring never does.
    """

    def __init__(self, state: Path, ring: Path, more: Mapping[str, str] | None = None) -> None:
        """``more`` are further GONGFU_ names, or names for the program's libraries."""
        self.settings = Settings(
            state=state,
            broker=BrokerSettings(port=free_port()),
            api=ApiSettings(port=free_port()),
            demo=DemoSettings(simulate=False, speed=1.0),
        )
        self.ring = ring
        self._assets: tuple[Asset, ...] = ()
        self.configure(more or {})

    def configure(self, more: Mapping[str, str]) -> None:
        """From the next start on, with these further names; it must be stopped."""
        self.house = House(self.settings, {"GONGFU_DEMO__SIMULATE": "false", **more})

    def start(self) -> None:
        """Start it and wait until ingest is connected to its broker."""
        if not self.device_secrets:
            equip_all(self.settings)
        self.house.start()
        self.wait_up()

    def wait_up(self, timeout_s: float = READY_S) -> float:
        """Wait until ingest is connected; returns the seconds it took."""
        began = time.monotonic()
        until(lambda: bool(self.health()["broker"]["connected"]), timeout_s, "ingest is connected")
        return time.monotonic() - began

    def health(self) -> dict[str, Any]:  # Any: the health document
        """What /health says, or that nothing is up."""
        try:
            return self.house.health()
        except httpx.HTTPError:
            return {"broker": {"connected": False}, "ingest": {}, "problems": [], "consumers": []}

    def problems(self) -> list[str]:
        """What /health tells an admin, or nothing while nothing is up."""
        try:
            return self.house.problems()
        except httpx.HTTPError:
            return []

    def accepted(self) -> int:
        """Messages committed since telemetry.db was made."""
        return int(self.health()["ingest"].get("accepted", 0))

    def assets(self) -> tuple[Asset, ...]:
        """The reporting assets of the shipped county."""
        if not self._assets:
            fleet = open_fleet(self.settings)
            self._assets = tuple(a for a in fleet.registry.assets().values() if a.reports)
            fleet.close()
        return self._assets

    def devices(self) -> Mapping[str, Device]:
        """The registry as ingest sees it."""
        fleet = open_fleet(self.settings)
        try:
            return dict(RegisteredDevices(fleet.registry).devices())
        finally:
            fleet.close()

    @property
    def secrets(self) -> Secrets:
        """The broker's passwords, made at the first start."""
        return load_secrets(self.settings.state)

    @property
    def device_secrets(self) -> dict[str, str]:
        """The devices' passwords, by id."""
        return simulated_secrets(self.settings.state)

    @property
    def connector(self) -> AiomqttConnector:
        """The way to the broker."""
        return AiomqttConnector("127.0.0.1", self.settings.broker.port)

    def herd(self, msg_per_s: float, devices: int | None = None, *, mute: int = 0) -> Herd:
        """The first devices of the county, sharing the pace; the last ``mute`` say nothing.

        Many messages are said with our own client, which costs less; few with aiomqtt.
        """
        assets = self.assets()[:devices]
        way = self.connector if msg_per_s < MANY_PER_S else self._own_client
        return Herd(HerdSetup(way, self.device_secrets, assets, self.ring, msg_per_s, mute))

    @property
    def _own_client(self) -> BusConnector:
        return MqttConnector("127.0.0.1", self.settings.broker.port)

    def drain(self, herd: Herd, timeout_s: float) -> float:
        """Let the herd send what it holds; returns the seconds until all is acknowledged."""
        herd.hush()
        began = time.monotonic()
        try:
            until(lambda: herd.status.in_ring == 0, timeout_s, "every message is acknowledged")
        except HouseError as error:
            problems = self.health()["problems"]
            raise HouseError(f"{error}; {herd.status.in_ring} wait; {problems}") from error
        return round(time.monotonic() - began, 1)

    def verdict(self) -> Verdict:
        """The ledger of the rings against the store; after everything has come to rest."""
        return check_ledger(self.ring, self.settings.telemetry_path, self.devices())


def at_once(run: FaultRun, *parts: Callable[[], Part]) -> list[Part]:
    """What the parts return, in their order; together unless the effort is full.

    They have nothing in common, and mostly wait.
    """
    if run.effort is Effort.FULL:
        return [part() for part in parts]
    with ThreadPoolExecutor(len(parts), thread_name_prefix="part") as threads:
        return [done.result() for done in [threads.submit(part) for part in parts]]


def figures_of(verdict: Verdict) -> dict[str, Any]:  # Any: counts, and examples when not clean
    """The keys every R test answers with."""
    told: dict[str, Any] = {
        "acknowledged": verdict.messages,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "phantom": verdict.phantom,
    }
    return told if verdict.clean else {**told, "examples": list(verdict.examples)}


def until(happened: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Wait until it happened. Raises HouseError after ``timeout_s``."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > deadline:
            raise HouseError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.05)
