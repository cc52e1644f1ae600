"""The shape of ThingsBoard's scenario B: 5,000 devices, a message of three points each per second.

A production worker (``gongfu worker``) with alarms on takes them, in real time, while broker and
generator share its machine. Some devices come back from 75 minutes above their limit, so that
incidents are raised while it runs. ``backlog_slope`` is the regression of how many messages the
broker took and the watch has not followed yet, in messages per second; flat is near zero.
"""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from gongfu.bench.house import House, house_settings
from gongfu.bench.ingest_runs import Stand, companion, now_ms, own_accounts
from gongfu.bench.load import Plan
from gongfu.bench.load_broker import BenchBroker
from gongfu.bench.load_check import judge
from gongfu.bench.load_county import POINTS, device_ids
from gongfu.bench.load_process import Companion, CompanionError
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.heartbeat import FILE_NAME, WorkerWatch
from gongfu.settings import Settings
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu_fleet.adapters.db.policies import SqlPolicies
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.policies import Layer, Target
from gongfu_fleet.services.policy_ports import Draft
from gongfu_fleet.services.watch_cold_chain import CONSUMER

WARM = 50
LOOK_S = 0.25
READY_S = 120.0
# A fleet that nobody knew is judged from its past, device by device.
MEET_S = 300.0
SETTLE_S = 60.0
EVERY_MS = 1_000
# The first seconds bring backlogs and cold caches.
SKIP_S = 5.0


class Look(NamedTuple):
    """One look at everything: monotonic seconds, messages, CPU seconds."""

    at_s: float
    sent: int
    committed: int
    followed: int
    worker_s: float
    broker_s: float
    load_s: float

    @property
    def waiting(self) -> int:
        """Messages on their way from the device to the watch's saved cursor."""
        return self.sent - self.followed


@dataclass
class Scene:
    """Everything that runs, and the two databases to look into."""

    house: House
    broker: BenchBroker
    load: Companion
    telemetry: Telemetry
    fleet: FleetSide
    before: int = 0

    def look(self) -> Look:
        """How far everything is now."""
        told = self.load.ask({"tell": 1}, 30)
        return Look(
            time.monotonic(),
            told["sent"],
            self.telemetry.log.head() - self.before,
            self.followed() - self.before,
            *(_cpu_s(pid) for pid in (self.house.pid, self.broker.pid, self.load.pid)),
        )

    def followed(self) -> int:
        """The watch's saved cursor."""
        cursor = self.fleet.ledger.cursor(CONSUMER)
        return cursor.seq if cursor else 0

    def meet(self, devices: int) -> float:
        """Births and a first message of every device; how many seconds until all are followed."""
        began = time.monotonic()
        self._wait(devices, "births")
        self.load.ask({"burst": 1}, 30)
        self._wait(2 * devices, "first messages")
        self.before = self.followed() - devices
        return time.monotonic() - began

    def _wait(self, records: int, what: str) -> None:
        deadline = time.monotonic() + MEET_S
        while self.followed() < records:
            if time.monotonic() > deadline:
                told = f"the watch is at {self.followed()} of {records}, waiting for {what}"
                raise CompanionError(f"{told}:\n{self.house.tail()}")
            time.sleep(0.2)

    def wait_followed(self) -> None:
        """Wait until the watch has saved all that was committed."""
        deadline = time.monotonic() + SETTLE_S
        while self.followed() < self.telemetry.log.head() and time.monotonic() < deadline:
            time.sleep(0.2)


def scenario_b(stand: Stand, seconds: float) -> dict[str, Any]:  # Any: figures of several types
    """Run it and return its figures, with ``lost``."""
    folder = stand.folder / "scenario"
    shutil.copytree(stand.template, folder / "state")
    _judge_each_second(folder / "state", min(WARM, stand.devices))
    first_ms = now_ms()
    with _scene(stand, folder, first_ms) as scene:
        met_s = scene.meet(stand.devices)
        begin_ms = now_ms() - EVERY_MS
        scene.load.ask({"steady_s": seconds, "begin_ms": begin_ms}, 30)
        looks = _watch(scene, seconds)
        rss = psutil.Process(scene.house.pid).memory_info().rss
        told = scene.load.ask({"settle_s": SETTLE_S, "ledger": 1}, SETTLE_S + 30)
        scene.wait_followed()
        delays = _incident_delays_s(scene.fleet, begin_ms)
    script = replace(_plan(stand, 0, begin_ms).script, first_ms=first_ms)
    judged = judge(script, told["ledger"], folder / "state" / "telemetry.db")
    shutil.rmtree(folder)
    return {
        "devices": stand.devices,
        **figures(looks),
        "seconds": seconds,
        "sent": told["sent"],
        "acknowledged": judged.acknowledged,
        "lost": judged.lost,
        "duplicated": judged.conflicts,
        "incidents": len(delays),
        "incident_p99_s": round(delays[int(len(delays) * 0.99)], 2) if delays else None,
        "rss_mb": round(rss / 1e6, 1),
        "first_contact_s": round(met_s, 1),
        "generator_behind_s": round(told["behind_s"], 2),
    }


def figures(looks: Sequence[Look]) -> dict[str, float]:
    """Rates and loads between the first and the last look."""
    first, last = looks[0], looks[-1]
    took_s = last.at_s - first.at_s
    messages = last.committed - first.committed
    worker_s = last.worker_s - first.worker_s
    return {
        "msg_per_s": round(messages / took_s, 1),
        "points_per_s": round(POINTS * messages / took_s, 1),
        "backlog_slope": round(slope([(look.at_s, look.waiting) for look in looks]), 2),
        "backlog_max": max(look.waiting for look in looks),
        "cpu_pct": round(100 * worker_s / took_s, 1),
        "broker_cpu_pct": round(100 * (last.broker_s - first.broker_s) / took_s, 1),
        "generator_cpu_pct": round(100 * (last.load_s - first.load_s) / took_s, 1),
        "us_per_msg": round(1e6 * worker_s / messages, 1) if messages else 0.0,
    }


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares: how fast the second grows with the first."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    together = sum((x - mean_x) * (y - mean_y) for x, y in points)
    return together / spread if spread else 0.0


def _judge_each_second(state: Path, warm: int) -> None:
    """Of the warm devices, so that they are raised when they are due and not with a minute."""
    fleet = open_fleet(Settings(state=state))
    try:
        store, at_ms = SqlPolicies(fleet.engine), now_ms()
        for dev in device_ids(warm):
            target = Target(Layer.ASSET, dev)
            draft = Draft(target, {"sample_s": 1.0}, "a bench", "each second", "a bench", at_ms, 0)
            deed = Deed(at_ms, "a bench", "policy.save", f"policy:{target}")
            store.append(draft, expected=0, deed=deed)
    finally:
        fleet.close()


def _plan(stand: Stand, port: int, begin_ms: int) -> Plan:
    return Plan(
        port=port,
        accounts=own_accounts(stand),
        devices=stand.devices,
        begin_ms=begin_ms,
        warm=WARM,
        births=True,
    )


@contextmanager
def _scene(stand: Stand, folder: Path, first_ms: int) -> Iterator[Scene]:
    settings = house_settings(folder / "state", speed=1.0)
    with ExitStack() as stack:
        broker = stack.enter_context(BenchBroker(folder / "broker", stand.users))
        names = {"GONGFU_BROKER__HOST": "127.0.0.1", "GONGFU_BROKER__PORT": str(broker.port)}
        house = House(settings, names)
        stack.callback(house.stop)
        house.start("worker")
        _wait_connected(house)
        load = stack.enter_context(companion(folder, "load", _plan(stand, broker.port, first_ms)))
        fleet = open_fleet(settings)
        stack.callback(fleet.close)
        telemetry = open_telemetry(settings.telemetry_path, read_only=True)
        stack.callback(telemetry.close)
        yield Scene(house, broker, load, telemetry, fleet)


def _wait_connected(house: House) -> None:
    watch = WorkerWatch(house.settings.state / FILE_NAME)
    deadline = time.monotonic() + READY_S
    while not watch.connected():
        ended = psutil.Process(house.pid).status() == psutil.STATUS_ZOMBIE
        if ended or time.monotonic() > deadline:
            raise CompanionError(f"the worker does not connect: {watch.troubles()}\n{house.tail()}")
        time.sleep(0.1)


def _watch(scene: Scene, seconds: float) -> list[Look]:
    until = time.monotonic() + seconds - 1
    time.sleep(SKIP_S)
    looks = [scene.look()]
    while time.monotonic() < until:
        time.sleep(LOOK_S)
        looks.append(scene.look())
    return looks


def _incident_delays_s(fleet: FleetSide, begin_ms: int) -> list[float]:
    """From the time of the sample that raised an incident to the ledger; devices tell true time."""
    warm = set(device_ids(WARM))
    return sorted(
        (fleet.incidents.events(incident.id)[0].at_ms - incident.raised_ms) / 1_000
        for incident in fleet.incidents.all_items(10 * WARM)
        if incident.asset in warm and incident.hazard == Hazard.AIR_HIGH.value
        if incident.raised_ms >= begin_ms
    )


def _cpu_s(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return used.user + used.system
