"""A real mosquitto on loopback with generated files, started and stopped by one test."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from gongfu_broker.access import User
from gongfu_broker.listening import free_port
from gongfu_broker.mosquitto_config import (
    CONFIGURATION,
    PASSWORDS,
    MosquittoSettings,
    TlsFiles,
    generated_files,
)

FETCHED = Path(__file__).parents[2] / ".servers/mosquitto"
START_S = 10.0


def mosquitto_binary() -> Path:
    """The fetched one, else an installed one; skips the test when there is neither."""
    fetched = FETCHED / "usr/sbin/mosquitto"
    if fetched.exists():
        return fetched
    installed = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if installed is None:
        pytest.skip("no mosquitto on this machine: 'make test-servers' fetches it")
    return Path(installed)


def fetched_libraries() -> dict[str, str]:
    """The environment in which fetched programs find the libraries fetched with them."""
    found = [*FETCHED.glob("usr/lib/*-linux-*"), *FETCHED.glob("lib/*-linux-*")]
    return {"LD_LIBRARY_PATH": ":".join(str(path) for path in found)}


@dataclass
class MosquittoProcess:
    """mosquitto on a folder whose files something else has written; its log is beside them."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    # Words to start it by in place of the program alone, such as those of the compose file.
    words: Sequence[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        return self.folder / "mosquitto.log"

    def start(self) -> None:
        binary = mosquitto_binary()
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        stay_root(self.folder / CONFIGURATION)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.words or [str(binary), "-c", str(self.folder / CONFIGURATION)],
                env={"PATH": os.defpath, **fetched_libraries()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_listening(self.process)

    def reloads(self) -> int:
        """How often it has read its files anew."""
        return self.log.read_text().count("Reloading config")

    def wait_reloaded(self, before: int) -> None:
        deadline = time.monotonic() + START_S
        while self.reloads() == before:
            assert time.monotonic() < deadline, self.log.read_text()[-2000:]
            time.sleep(0.02)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(START_S)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(START_S)

    def _wait_until_listening(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        raise AssertionError(f"mosquitto did not start:\n{self.log.read_text()[-2000:]}")


def stay_root(configuration: Path) -> None:
    """Started by root, mosquitto would change its account and lose sight of a test's folder."""
    text = configuration.read_text()
    if os.getuid() == 0 and not text.startswith("user root\n"):
        configuration.write_text(f"user root\n{text}")


@dataclass
class Mosquitto(MosquittoProcess):
    """mosquitto with accounts of the test's own."""

    users: Iterable[User] = ()
    tls: TlsFiles | None = None
    tls_port: int = field(default_factory=free_port)

    def start(self) -> None:
        self.write(self.users)
        super().start()

    def write(self, users: Iterable[User]) -> None:
        """Every file anew."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = MosquittoSettings(
            self.folder,
            self.folder / "data",
            port=self.port,
            tls=self.tls,
            tls_port=self.tls_port,
        )
        passwords = self.folder / PASSWORDS
        known = passwords.read_text() if passwords.exists() else ""
        for name, text in generated_files(settings, users, known).items():
            (self.folder / name).touch(mode=0o600)
            (self.folder / name).write_text(text)

    def reload(self, users: Iterable[User]) -> None:
        """Write the files anew and send SIGHUP; returns once the broker has read them."""
        assert self.process is not None
        before = self.reloads()
        self.write(users)
        self.process.send_signal(signal.SIGHUP)
        self.wait_reloaded(before)
