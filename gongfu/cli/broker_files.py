"""``gongfu broker-files``: mosquitto's configuration and accounts from the registry."""

import os
import secrets
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gongfu.ca import Authority, load_authority
from gongfu.cli.output import emit, fail, say
from gongfu.device_accounts import LOOK_S, DeviceAccounts, adopt_former
from gongfu.fleet_side import open_fleet
from gongfu.secrets_file import write_private
from gongfu.settings import Settings
from gongfu.wiring import broker_users
from gongfu_broker.access import User
from gongfu_broker.clock import real_ms
from gongfu_broker.mosquitto_config import (
    CONFIGURATION,
    DEVICE_CA,
    PASSWORDS,
    REVOKED,
    MosquittoSettings,
    generated_files,
    health_user,
)

HEALTH_PASSWORD = "health-password"  # noqa: S105 - a file's name
WATCHED = "watched"
_BYTES = 24


@dataclass(frozen=True)
class Request:
    """Where the files go, what mosquitto is told, and whether a running one is to read them.

    ``watch``: stay, and do it again whenever an account has changed.
    """

    out: Path
    mosquitto: MosquittoSettings
    reload: bool
    watch: bool = False


def write_broker_files(settings: Settings, request: Request, *, as_json: bool) -> None:
    """Write what has changed; with ``reload`` the broker named by the pid file takes it up."""
    request.out.mkdir(parents=True, exist_ok=True, mode=0o700)
    fleet = open_fleet(settings)
    try:
        keys, accounts = adopt_former(fleet, settings), DeviceAccounts(fleet)
        authority = load_authority(settings.state) if request.mosquitto.tls else None
        if authority is None:
            without = replace(request.mosquitto, certificates_port=None)
            request = replace(request, mosquitto=without)
        known = accounts.state(real_ms())

        def write() -> None:
            users = broker_users(fleet, keys)
            trust = _trust(request, authority, accounts.ended_certificates(users))
            _write_once(request, users, trust, as_json=as_json)

        write()
        while request.watch:
            # Its age tells that somebody watches.
            (request.out / WATCHED).touch(mode=0o600)
            time.sleep(LOOK_S)
            found = accounts.state(real_ms())
            if found != known:
                write()
                known = found
    finally:
        fleet.close()


def _trust(request: Request, authority: Authority | None, ended: Iterable[str]) -> dict[str, str]:
    """Whose certificates are good, and which of them are not any more."""
    if authority is None:
        return {}
    known = request.out / REVOKED
    listed = known.read_text() if known.exists() else ""
    return {
        DEVICE_CA: authority.pem,
        REVOKED: authority.revocations(ended, listed, real_ms()),
    }


def _write_once(
    request: Request, accounts: Iterable[User], trust: Mapping[str, str], *, as_json: bool
) -> None:
    users = [*accounts, health_user(_health_secret(request.out / HEALTH_PASSWORD))]
    passwords = request.out / PASSWORDS
    known = passwords.read_text() if passwords.exists() else ""
    # The list of ended certificates first: who sees the accounts change reads it too.
    files = {**trust, **generated_files(request.mosquitto, users, known)}
    changed = _write(request.out, files)
    if request.reload and (changed or not request.watch):
        fault = _reload(request.mosquitto.pid_file)
        if fault and not request.watch:
            fail(fault)
        if fault:
            say(fault)
    if as_json:
        emit({"accounts": len(users), "changed": changed, "reloaded": request.reload})
        return
    say(f"{len(users)} accounts in {request.out}; changed: {', '.join(changed) or 'nothing'}")
    if changed and not request.reload:
        say("a running mosquitto takes them up at SIGHUP (a change of listeners at its next start)")


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


def _reload(pid_file: Path | None) -> str:
    """Have mosquitto read its files; returns what was in the way, or nothing."""
    if pid_file is None:
        fail("--reload needs --pid-file: the file in which mosquitto keeps its process id")
    try:
        os.kill(int(pid_file.read_text()), signal.SIGHUP)
    except (OSError, ValueError) as error:
        return f"no mosquitto to reload by {pid_file} ({error}): start it with the written files"
    return ""
