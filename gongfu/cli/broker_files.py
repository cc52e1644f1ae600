"""``gongfu broker-files``: mosquitto's configuration and accounts from the registry."""

import os
import secrets
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gongfu.cli.output import emit, fail, say
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import open_fleet
from gongfu.secrets_file import load_secrets, write_private
from gongfu.settings import Settings
from gongfu.wiring import broker_users
from gongfu_broker.access import User
from gongfu_broker.mosquitto_config import (
    CONFIGURATION,
    PASSWORDS,
    MosquittoSettings,
    generated_files,
    health_user,
)

HEALTH_PASSWORD = "health-password"  # noqa: S105 - a file's name
_BYTES = 24


@dataclass(frozen=True)
class Request:
    """Where the files go, what mosquitto is told, and whether a running one is to read them."""

    out: Path
    mosquitto: MosquittoSettings
    reload: bool


def write_broker_files(settings: Settings, request: Request, *, as_json: bool) -> None:
    """Write what has changed; with ``reload`` the broker named by the pid file takes it up."""
    request.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    users = _accounts(settings, request.out)
    passwords = request.out / PASSWORDS
    known = passwords.read_text() if passwords.exists() else ""
    changed = _write(request.out, generated_files(request.mosquitto, users, known))
    if request.reload:
        _reload(request.mosquitto.pid_file)
    if as_json:
        emit({"accounts": len(users), "changed": changed, "reloaded": request.reload})
        return
    say(f"{len(users)} accounts in {request.out}; changed: {', '.join(changed) or 'nothing'}")
    if changed and not request.reload:
        say("a running mosquitto takes them up at SIGHUP (a change of listeners at its next start)")


def _accounts(settings: Settings, out: Path) -> list[User]:
    fleet = open_fleet(settings)
    try:
        devices = RegisteredDevices(fleet.registry)
        keys = load_secrets(settings.state, devices.devices())
        return [*broker_users(devices, keys), health_user(_health_secret(out / HEALTH_PASSWORD))]
    finally:
        fleet.close()


def _health_secret(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_urlsafe(_BYTES).encode())
    return path.read_text()


def _write(out: Path, files: Mapping[str, str]) -> list[str]:
    changed = [
        name
        for name, text in files.items()
        if not (out / name).exists() or (out / name).read_text() != text
    ]
    # The configuration comes last: at a first start it is the sign that the others are there.
    for name in sorted(changed, key=CONFIGURATION.__eq__):
        write_private(out / name, files[name].encode())
    return changed


def _reload(pid_file: Path | None) -> None:
    if pid_file is None:
        fail("--reload needs --pid-file: the file in which mosquitto keeps its process id")
    try:
        os.kill(int(pid_file.read_text()), signal.SIGHUP)
    except (OSError, ValueError) as error:
        fail(f"no mosquitto to reload by {pid_file} ({error}): start it with the written files")
