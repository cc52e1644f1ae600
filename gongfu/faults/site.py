"""One installation as separate processes, as a service manager runs it: worker, API, devices.

The worker keeps the embedded broker as its child. Whatever is killed is started again at once,
except the broker, which is the worker's business.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
import psutil
from msgspec import structs

from gongfu.bench.house import House, HouseError
from gongfu.device_accounts import equip_all
from gongfu.faults.crowd import CrowdSpec
from gongfu.fleet_side import open_fleet
from gongfu.settings import ApiSettings, BrokerSettings, DemoSettings, Settings
from gongfu.simulated_secrets import simulated_secrets
from gongfu_broker.clock import real_ms
from gongfu_broker.listening import free_port
from gongfu_broker.ports import resolved_samples
from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.policies import Layer, Target
from gongfu_fleet.services.cold_policies import shipped_cold_policies
from gongfu_fleet.services.policy_ports import Draft
from gongfu_ingest.database import Database
from gongfu_ingest.errors import IngestError
from gongfu_ingest.log import TelemetryLog

BROKER = "nats-server"
RING = "devices.db"
LOOK_S = 0.05
PAGE = 2_000
WHOLE_S, REST_S = 60.0, 420.0
ALARM_DELAY_S = 4
QUICK = {
    "sample_s": 1.0,
    "air_delay_min": ALARM_DELAY_S / 60,
    "low_delay_min": ALARM_DELAY_S / 60,
    "off_delay_min": ALARM_DELAY_S / 60,
    "door_grace_min": 0.0,
    "defrost_shortest_min": 0.0,
    "defrost_longest_min": 1 / 60,
}
REAL_TIME = {"GONGFU_DEMO__SIMULATE": "false"}


class Victim(StrEnum):
    """What dies. Of a killed worker the broker stays behind as an orphan."""

    WORKER = "worker"
    BROKER = "broker"
    DEVICES = "devices"
    API = "api"
    EVERYTHING = "everything"


def site_settings(state: Path) -> Settings:
    """Real time, free ports, nothing simulated by Gongfu itself."""
    return Settings(
        state=state,
        broker=BrokerSettings(port=free_port()),
        api=ApiSettings(port=free_port()),
        demo=DemoSettings(simulate=False, speed=1.0),
    )


def quick_alarms(settings: Settings) -> None:
    """A layer over each class: every second is judged, seconds are enough, nothing explains."""
    fleet = open_fleet(settings)
    try:
        store, now_ms = SqlPolicies(fleet.engine), real_ms()
        for product_class in shipped_cold_policies():
            target = Target(Layer.CLASS, product_class)
            draft = Draft(target, QUICK, "a test", "quick alarms", "a test", now_ms, 0)
            deed = Deed(now_ms, "a test", "policy.save", f"policy:{target}")
            store.append(draft, expected=0, deed=deed)
    finally:
        fleet.close()


class Platform:
    """Worker and API on one state folder; the embedded broker is the worker's child."""

    def __init__(self, settings: Settings, more: Mapping[str, str] | None = None) -> None:
        """``more`` are further GONGFU_ names."""
        names = {**REAL_TIME, **(more or {})}
        self.settings = settings
        self.worker, self.api = House(settings, names), House(settings, names)

    @property
    def broker(self) -> psutil.Process:
        """The running broker, waited for. Raises HouseError."""
        found: list[psutil.Process] = []

        def runs() -> bool:
            with suppress(psutil.NoSuchProcess):
                children = psutil.Process(self.worker.pid).children()
                found.extend(child for child in children if _is_broker(child))
            return bool(found)

        until(runs, "the worker has a broker", self.worker)
        return found[0]

    def start_worker(self) -> None:
        """Start the worker; the very first start makes what everything else opens."""
        if not simulated_secrets(self.settings.state):
            equip_all(self.settings)
        self.worker.start("worker")
        until(self.settings.telemetry_path.exists, "telemetry.db is there", self.worker)

    def health(self) -> dict[str, Any] | None:  # Any: the health document
        """What the API says; None while it does not answer."""
        try:
            return self.api.health()
        except httpx.HTTPError:
            return None

    def come_to_rest(self) -> None:
        """Wait until everything committed was followed; nothing new may come in any more."""
        seen: list[int] = []

        def still() -> bool:
            health = self.api.health()
            behind = sum(consumer["lag"] for consumer in health["consumers"])
            seen.append(health["ingest"]["accepted"] if behind == 0 else -len(seen))
            time.sleep(0.5)
            return len(set(seen[-4:])) == 1 and len(seen) > 3  # noqa: PLR2004 - two quiet seconds

        until(still, "everything committed was followed", self.worker, REST_S)


class Site(Platform):
    """A platform and 119 devices in a process; a context manager that starts and stops them all."""

    def __init__(self, settings: Settings, *, every_ms: int) -> None:
        super().__init__(settings)
        self._spec = CrowdSpec(
            state=str(settings.state),
            ring=str(settings.state / RING),
            port=settings.broker.port,
            every_ms=every_ms,
            client="own",  # through aiomqtt 500 messages/s would take half of a processor
        )
        self._devices: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start everything and wait until every device is connected."""
        self._start(Victim.EVERYTHING)
        self.api.wait_connected()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything as a service manager does."""
        self.stop_devices()
        self.api.stop()
        self.worker.stop()

    def kill(self, victim: Victim) -> int:
        """Kill -9, start again what a service manager would; returns when it was dead, in ms."""
        if victim is Victim.BROKER:
            self.broker.kill()
        if victim in (Victim.WORKER, Victim.EVERYTHING):
            self.worker.kill(children=victim is Victim.EVERYTHING)
        if victim in (Victim.DEVICES, Victim.EVERYTHING):
            self.stop_devices()
        if victim in (Victim.API, Victim.EVERYTHING):
            self.api.kill()
        dead_ms = real_ms()
        self._start(victim)
        return dead_ms

    def stop_devices(self) -> None:
        """Take away their power: what they had not yet noted as acknowledged is in their rings."""
        if self._devices is not None:
            self._devices.kill()
            self._devices.wait()

    def drain(self) -> float:
        """Nothing new is measured; seconds until all that ever was is acknowledged."""
        self.stop_devices()
        began = time.monotonic()
        devices = self._devices = self._switch_on(structs.replace(self._spec, only_drain=True))
        until(lambda: devices.poll() is not None, "the rings are empty", self.worker, REST_S)
        return time.monotonic() - began

    def _switch_on(self, spec: CrowdSpec) -> "subprocess.Popen[bytes]":
        words = [sys.executable, "-m", "gongfu.faults.crowd", msgspec.json.encode(spec).decode()]
        with self.worker.log_path.open("ab") as log:
            return subprocess.Popen(words, stdout=log, stderr=log)  # noqa: S603 - our own

    def _start(self, victim: Victim) -> None:
        if victim in (Victim.WORKER, Victim.EVERYTHING):
            self.start_worker()
        if victim in (Victim.DEVICES, Victim.EVERYTHING):
            self._devices = self._switch_on(self._spec)
        if victim in (Victim.API, Victim.EVERYTHING):
            self.api.start("api")


def _is_broker(child: psutil.Process) -> bool:
    return child.name() == BROKER and child.status() != psutil.STATUS_ZOMBIE


class Pulse:
    """Tells when something measured after an instant is durable."""

    def __init__(self, telemetry: Path, since_ms: int) -> None:
        self._path, self._since_ms = telemetry, since_ms
        with closing(self._open()) as database:
            self._after = TelemetryLog(database).head()

    def beats(self) -> bool:
        """Whether that has happened."""
        try:
            with closing(self._open()) as database:
                records = TelemetryLog(database).read(self._after, PAGE)
        except IngestError:
            return False  # being made by its writer
        self._after = records[-1].seq if records else self._after
        newest = (s.ts_ms for record in records for s in resolved_samples(record)[-1:])
        return any(ts_ms > self._since_ms for ts_ms in newest)

    def _open(self) -> Database:
        # Opened anew each time: a reader that stays would spare the writer its recovery.
        return Database(self._path, read_only=True)


def healed_s(site: Site, victim: Victim) -> float:
    """Kill the victim; seconds until it does its work again. Raises HouseError.

    The API works when it answers; the others when something measured since is durable.
    """
    began = time.monotonic()
    dead_ms = site.kill(victim)
    pulse = Pulse(site.settings.telemetry_path, dead_ms)
    back = (lambda: site.health() is not None) if victim is Victim.API else pulse.beats
    until(back, f"{victim} is back", site.worker)
    return time.monotonic() - began


def until(happened: Callable[[], bool], what: str, house: House, within_s: float = WHOLE_S) -> None:
    """Wait until it happened. Raises HouseError with the end of the house's log."""
    deadline = time.monotonic() + within_s
    while not happened():
        if time.monotonic() > deadline:
            raise HouseError(f"not within {within_s:g} s: {what}; log:\n{house.tail()}")
        time.sleep(LOOK_S)
