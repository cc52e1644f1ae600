"""A broker for benches on loopback: mosquitto where ``make test-servers`` fetched it, else NATS.

Both get the files that production gets, with the accounts of the bench.
"""

import os
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from gongfu_broker.access import User
from gongfu_broker.embedded import find_server
from gongfu_broker.errors import BrokerStartError
from gongfu_broker.listening import free_port
from gongfu_broker.mosquitto_config import CONFIGURATION, MosquittoSettings, generated_files
from gongfu_broker.nats_config import NatsSettings, render

FETCHED = Path(__file__).parents[2] / ".servers/mosquitto"
START_S = 20.0
STOP_S = 10.0


def mosquitto_binary() -> Path | None:
    """The fetched one, else an installed one; None when there is neither."""
    fetched = FETCHED / "usr/sbin/mosquitto"
    if fetched.exists():
        return fetched
    installed = shutil.which("mosquitto", path=f"{os.defpath}:/usr/sbin:/usr/local/sbin")
    return Path(installed) if installed else None


def broker_name() -> str:
    """Which broker a bench on this machine uses."""
    return "mosquitto" if mosquitto_binary() else "nats"


@dataclass
class BenchBroker:
    """Starts one broker in ``folder`` and stops it; its log is beside its files."""

    folder: Path
    users: Sequence[User]
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        if self._process is None:
            raise BrokerStartError("the bench's broker was not started: use it as a context")
        return self._process.pid

    def start(self) -> None:
        """Return when it listens. Raises BrokerStartError."""
        allow_many_files()
        self.folder.mkdir(parents=True, exist_ok=True)
        binary = mosquitto_binary()
        command = self._mosquitto(binary) if binary else self._nats()
        with (self.folder / "broker.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed program with our own file
                command, env=_libraries(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait_until_listening(self._process)

    def reload(self, users: Sequence[User]) -> None:
        """Have a running mosquitto take up other accounts; it has done so a moment later."""
        self.users = users
        self._mosquitto_files()
        os.kill(self.pid, signal.SIGHUP)

    def stop(self) -> None:
        """End it; its folder stays."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_S)

    def _mosquitto(self, binary: Path) -> list[str]:
        self._mosquitto_files()
        return [str(binary), "-c", str(self.folder / CONFIGURATION)]

    def _mosquitto_files(self) -> None:
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        settings = MosquittoSettings(self.folder, data, port=self.port)
        for name, text in generated_files(settings, self.users).items():
            # Started by root it would change its account and lose sight of the folder.
            as_root = name == CONFIGURATION and os.getuid() == 0
            _write(self.folder / name, f"user root\n{text}" if as_root else text)

    def _nats(self) -> list[str]:
        config = self.folder / "nats.conf"
        _write(config, render(NatsSettings(self.folder, port=self.port), self.users))
        return [str(find_server()), "-c", str(config)]

    def _wait_until_listening(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        tail = (self.folder / "broker.log").read_text(errors="replace")[-800:]
        raise BrokerStartError(f"the bench's broker did not start; its log ends:\n{tail}")


def allow_many_files() -> None:
    """Raise this process's limit of open files as far as it may; children inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _libraries() -> dict[str, str]:
    """The environment in which a fetched program finds the libraries fetched with it."""
    found = [*FETCHED.glob("usr/lib/*-linux-*"), *FETCHED.glob("lib/*-linux-*")]
    return {"LD_LIBRARY_PATH": ":".join(str(path) for path in found)}


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
