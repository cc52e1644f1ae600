"""What can be wrong with a machine or an installation, each with its remedy."""

import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from gongfu.demo_clock import utc_now
from gongfu.settings import Settings, unknown_names
from gongfu.state_lock import holder_of
from gongfu_broker.embedded import find_server
from gongfu_broker.errors import BrokerStartError
from gongfu_broker.listening import port_holder, require_free_port

MIN_PYTHON = (3, 11)
MIN_FREE_BYTES = 2 * 1024**3
# Nothing of this program existed before; a clock that says so has lost its battery.
EARLIEST_YEAR = 2026


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``remedy`` is empty when it is well."""

    name: str
    ok: bool
    seen: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; never raises."""
    checks: tuple[Callable[[Settings], Finding], ...] = (
        _python,
        _names,
        _disk,
        _clock,
        _broker,
        _api_port,
        _store,
        _fleet,
    )
    return [_guarded(check, settings) for check in checks]


def _guarded(check: Callable[[Settings], Finding], settings: Settings) -> Finding:
    name = check.__name__.strip("_").removesuffix("_port")
    try:
        return check(settings)
    except (OSError, sqlite3.Error, BrokerStartError) as error:
        return Finding(name, ok=False, seen=str(error), remedy="see the message")


def _python(_: Settings) -> Finding:
    seen = ".".join(str(part) for part in sys.version_info[:3])
    remedy = "install Python 3.11 or newer and run 'make clean setup'"
    ok = sys.version_info >= MIN_PYTHON
    return Finding("python", ok, seen, "" if ok else remedy)


def _names(_: Settings) -> Finding:
    unknown = unknown_names()
    if not unknown:
        return Finding("environment", ok=True, seen="every GONGFU_ name is known")
    seen = f"unknown: {', '.join(unknown)}"
    return Finding(
        "environment",
        ok=False,
        seen=seen,
        remedy="correct or unset them: a typing error passes silently",
    )


def _disk(settings: Settings) -> Finding:
    folder = settings.state.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    seen = f"{free / 1024**3:.1f} GiB free at {folder}"
    ok = free >= MIN_FREE_BYTES
    return Finding("disk", ok, seen, "" if ok else "free at least 2 GiB, or move GONGFU_STATE")


def _clock(_: Settings) -> Finding:
    now = utc_now()
    ok = now.year >= EARLIEST_YEAR
    return Finding(
        "clock", ok, now.isoformat(timespec="seconds"), "" if ok else "set the machine's clock"
    )


def _broker(settings: Settings) -> Finding:
    host, port = settings.broker.host or "127.0.0.1", settings.broker.port
    if settings.broker.host or holder_of(settings.state):
        with socket.socket() as probe:
            probe.settimeout(3)
            probe.connect((host, port))
        return Finding("broker", ok=True, seen=f"answers at {host}:{port}")
    require_free_port(host, port)
    return Finding(
        "broker", ok=True, seen=f"{find_server().name} is installed, port {port} is free"
    )


def _api_port(settings: Settings) -> Finding:
    pid = holder_of(settings.state)
    if pid:
        return Finding(
            "api", ok=True, seen=f"Gongfu runs (pid {pid}){port_holder(settings.api.port)}"
        )
    require_free_port(settings.api.host, settings.api.port, "GONGFU_API__PORT")
    return Finding("api", ok=True, seen=f"port {settings.api.port} is free")


def _store(settings: Settings) -> Finding:
    path = settings.telemetry_path
    if not path.exists():
        return Finding("store", ok=True, seen=f"{path} will be made at first start")
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    remedy = "stop Gongfu and restore telemetry.db from a backup"
    return Finding(
        "store", verdict == "ok", f"{path}: {verdict}", "" if verdict == "ok" else remedy
    )


def _fleet(settings: Settings) -> Finding:
    path = settings.state / "fleet.db"
    if settings.database.url or not path.exists():
        return Finding("fleet", ok=True, seen="will be made or upgraded at the next start")
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    remedy = "stop Gongfu and restore fleet.db from a backup"
    return Finding(
        "fleet", verdict == "ok", f"{path}: {verdict}", "" if verdict == "ok" else remedy
    )
