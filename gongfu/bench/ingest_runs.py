"""One measurement: a broker, a subject, a publisher, each a process; CPU from warm to done."""

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gongfu.bench.ingest_subject import Kind, Subject
from gongfu.bench.load import Plan
from gongfu.bench.load_broker import BenchBroker
from gongfu.bench.load_check import judge
from gongfu.bench.load_county import device_ids, register
from gongfu.bench.load_link import Account
from gongfu.bench.load_process import Companion
from gongfu.device_accounts import equip_simulated
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import open_fleet
from gongfu.secrets_file import load_secrets
from gongfu.settings import Settings
from gongfu.simulated_secrets import simulated_secrets
from gongfu.wiring import broker_users
from gongfu_broker.access import User
from gongfu_broker.topics import DOWN, ROOT, UP, VERSION

PUBLISHER = "bench-0"
_SECRET = "publishes-on-loopback-only"  # noqa: S105 - of a broker that lives for seconds
TIMEOUT_S = 180.0
WARM_UP = 2
ACKS = f"{ROOT}/{VERSION}/+/+/ack"


@dataclass(frozen=True)
class Stand:
    """A county of ``devices`` in a state folder that every measurement copies."""

    folder: Path
    devices: int
    users: tuple[User, ...]
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def platform_users(self) -> list[User]:
        """The accounts without the devices' own."""
        return [user for user in self.users if user.name not in self.secrets]

    @property
    def template(self) -> Path:
        """The state folder to copy."""
        return self.folder / "state"


@dataclass(frozen=True)
class Measured:
    """What one run cost per message, and what its ledger says."""

    us: float
    acknowledged: int = 0
    lost: int = 0


def prepare(folder: Path, devices: int) -> Stand:
    """Register the devices and make every secret."""
    settings = Settings(state=folder / "state")
    fleet = open_fleet(settings)
    try:
        register(fleet.registry, devices)
        equip_simulated(fleet, settings, RegisteredDevices(fleet.registry).devices())
        keys = load_secrets(settings.state)
        users = (*broker_users(fleet, keys), _publisher())
    finally:
        fleet.close()
    return Stand(folder, devices, users, simulated_secrets(settings.state))


def _publisher() -> User:
    every = tuple(f"{ROOT}/{VERSION}/+/+/{leaf}" for leaf in UP)
    return User(PUBLISHER, _SECRET, publish=every, subscribe=(ACKS,))


def publisher() -> Account:
    """One connection that speaks for all devices."""
    return Account(PUBLISHER, PUBLISHER, _SECRET, ACKS)


def own_accounts(stand: Stand) -> list[Account]:
    """A connection per device, with its own account."""
    site = f"{ROOT}/{VERSION}/quzhou"
    return [
        Account(dev, dev, stand.secrets[dev], f"{site}/{dev}/{DOWN[0]}")
        for dev in device_ids(stand.devices)
    ]


def measure(stand: Stand, kind: Kind, rounds: int) -> Measured:
    """Each device sends ``WARM_UP`` messages first and then ``rounds`` that count."""
    with _folder(stand) as folder, BenchBroker(folder / "broker", stand.platform_users) as broker:
        plan = Plan(
            port=broker.port,
            accounts=[publisher()],
            devices=stand.devices,
            begin_ms=now_ms() - (WARM_UP + rounds) * 1_000,
        )
        subject = Subject(kind, str(folder / "state"), broker.port)
        with (
            companion(folder, "ingest_subject", subject) as pipeline,
            companion(folder, "load", plan) as load,
        ):
            pipeline.ask({"until": 0}, TIMEOUT_S)
            load.ask({"burst": WARM_UP}, TIMEOUT_S)
            warm = pipeline.ask(_until(stand.devices * WARM_UP), TIMEOUT_S)
            load.ask({"burst": WARM_UP + rounds}, TIMEOUT_S)
            done = pipeline.ask(_until(stand.devices * (WARM_UP + rounds)), TIMEOUT_S)
            acks = kind not in (Kind.LINE, Kind.REFERENCE_LINE)
            ledger = load.ask({"settle_s": 30 if acks else 0, "ledger": 1}, TIMEOUT_S)["ledger"]
        us = (done["cpu_s"] - warm["cpu_s"]) * 1e6 / (done["done"] - warm["done"])
        if not acks:
            return Measured(us)
        judged = judge(plan.script, ledger, folder / "state" / "telemetry.db")
        return Measured(us, judged.acknowledged, judged.lost)


def now_ms() -> int:
    """Wall time."""
    return time.time_ns() // 1_000_000


def _until(messages: int) -> dict[str, float]:
    return {"until": messages, "timeout_s": TIMEOUT_S - 10}


def companion(folder: Path, module: str, spec: msgspec.Struct) -> Companion:
    """A child of this package with its order, which holds secrets, in a private file."""
    path = folder / f"{module}.json"
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(spec))
    return Companion(f"gongfu.bench.{module}", path, folder / f"{module}.log")


@contextmanager
def _folder(stand: Stand) -> Iterator[Path]:
    folder = stand.folder / "run"
    shutil.copytree(stand.template, folder / "state")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
