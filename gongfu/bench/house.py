"""``gongfu run`` as a child process, for benches and end-to-end tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from gongfu.settings import ApiSettings, BrokerSettings, DemoSettings, Settings
from gongfu_broker.listening import free_port

READY_S = 90.0


class HouseError(RuntimeError):
    """The child did not do what was expected in time; the message has the end of its output."""


def house_settings(state: Path, *, seed: int = 1, speed: float = 30.0) -> Settings:
    """A house of its own: free ports, its own state folder, the ledger kept."""
    return Settings(
        state=state,
        broker=BrokerSettings(port=free_port()),
        api=ApiSettings(port=free_port()),
        demo=DemoSettings(seed=seed, speed=speed, ledger=True),
    )


class House:
    """Start, ask, stop or kill a whole run. Its output goes to ``run.log`` beside the databases."""

    def __init__(self, settings: Settings, more: Mapping[str, str] | None = None) -> None:
        """``more`` are further GONGFU_ names for the child."""
        self.settings = settings
        self._more = dict(more or {})
        self.url = f"http://127.0.0.1:{settings.api.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._cookies: httpx.Cookies | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it as Ctrl-C does; one that does not stop is killed, not left to run."""
        try:
            self.stop()
        finally:
            if self._process is not None and self._process.poll() is None:
                self.kill()

    @property
    def pid(self) -> int:
        """Process id of the run, and of a session of its own."""
        if self._process is None:
            raise HouseError("the house was not started")
        return self._process.pid

    def pids(self) -> list[int]:
        """The run and its children."""
        house = psutil.Process(self.pid)
        return [house.pid, *(child.pid for child in house.children(recursive=True))]

    @property
    def log_path(self) -> Path:
        """Where its output goes."""
        return self.settings.state / "run.log"

    def start(self, role: str = "run") -> None:
        """Start a role in a process group of its own."""
        self.settings.state.mkdir(parents=True, exist_ok=True)
        names = {
            "GONGFU_STATE": str(self.settings.state),
            "GONGFU_BROKER__PORT": str(self.settings.broker.port),
            "GONGFU_API__PORT": str(self.settings.api.port),
            "GONGFU_DEMO__SEED": str(self.settings.demo.seed),
            "GONGFU_DEMO__SPEED": str(self.settings.demo.speed),
            "GONGFU_DEMO__LEDGER": "true",
            "PATH": os.defpath,
            **self._more,
        }
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "gongfu", role],
                env=names,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self, timeout_s: float = 40.0) -> int:
        """Interrupt the run as Ctrl-C does; returns its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout_s)

    def wait_ended(self, timeout_s: float = 40.0) -> int:
        """Wait until it ends by itself; returns its exit code."""
        if self._process is None:
            raise HouseError("the house was not started")
        return self._process.wait(timeout_s)

    def kill(self, *, children: bool = True) -> None:
        """Kill -9 of the run, with its children at once or leaving them orphaned."""
        for pid in self.pids() if children else [self.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(10)

    def problems(self) -> list[str]:
        """What /health tells an admin; signs in at the first call. Raises httpx.HTTPError."""
        if self._cookies is None:
            with self.sign_in() as client:
                self._cookies = httpx.Cookies(client.cookies)
        with httpx.Client(cookies=self._cookies, timeout=10) as client:
            told: list[str] = client.get(f"{self.url}/health").raise_for_status().json()["problems"]
        return told

    def health(self) -> dict[str, Any]:  # Any: the health document
        """What /health says to everybody. Raises httpx.HTTPError while it is not up."""
        body: dict[str, Any] = httpx.get(f"{self.url}/health", timeout=10).raise_for_status().json()
        return body

    def wait_connected(self, timeout_s: float = READY_S) -> int:
        """Wait until every registered device is connected; returns how many that are."""
        deadline = time.monotonic() + timeout_s
        connected = 0
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                break
            try:
                devices = self.health()["devices"]
            except httpx.HTTPError:
                time.sleep(0.3)
                continue
            connected = devices["connected"]
            if connected == devices["registered"]:
                return int(connected)
            time.sleep(0.3)
        raise HouseError(f"{connected} devices connected in {timeout_s} s; log:\n{self.tail()}")

    def tail(self) -> str:
        """The end of its output."""
        return self.log_path.read_text(errors="replace")[-3000:]

    def admin_password(self) -> str:
        """The generated password of the first start."""
        text = (self.settings.state / "first-password.txt").read_text()
        return text.split("password ")[1].splitlines()[0]

    @contextmanager
    def sign_in(self) -> Iterator[httpx.Client]:
        """A client with an admin's session and CSRF header."""
        with httpx.Client(base_url=self.url, timeout=20) as client:
            body = {"user": "admin", "password": self.admin_password()}
            session = client.post("/api/session", json=body).raise_for_status().json()
            client.headers["X-CSRF-Token"] = session["csrf"]
            yield client
