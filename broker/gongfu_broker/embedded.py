"""The embedded broker: a real NATS server as a supervised child process.

One folder holds its generated configuration, JetStream files, log and pid file. A child left over
from a killed run is found by its pid file and stopped; a port held by anything else is an error.
"""

import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import psutil

from gongfu_broker.access import User
from gongfu_broker.errors import BrokerStartError
from gongfu_broker.listening import free_port, require_free_port
from gongfu_broker.nats_config import NatsSettings, render

_START_S = 15.0
_STOP_S = 8.0
_ANSWER_S = 5.0


class EmbeddedBroker:
    """Starts, watches and stops one nats-server."""

    def __init__(self, settings: NatsSettings, users: Iterable[User]) -> None:
        self._settings = settings
        self._users = tuple(users)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def folder(self) -> Path:
        """Where it keeps its files."""
        return self._settings.folder

    @property
    def pid(self) -> int | None:
        """Process id of the running child."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Return when MQTT connections are accepted. Raises BrokerStartError."""
        folder = self._settings.folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        await asyncio.to_thread(stop_leftover, folder)
        require_free_port(self._settings.host, self._settings.port)
        self._settings = replace(self._settings, health_port=free_port())
        config = self._write()
        self._process = await asyncio.create_subprocess_exec(
            str(find_server()),
            "-c",
            str(config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C in a terminal reaches the whole group; this child is stopped last, by us.
            process_group=0,
        )
        await self._wait_until_listening()

    def reload(self, users: Iterable[User]) -> None:
        """Take up other accounts while running: whoever is not among them is put out.

        A broker that is not running takes them up at its next start.
        """
        self._users = tuple(users)
        if self._process is not None and self._process.returncode is None:
            self._write()
            self._process.send_signal(signal.SIGHUP)

    def _write(self) -> Path:
        config = self._settings.folder / "nats.conf"
        part = config.with_suffix(".part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_text(render(self._settings, self._users))
        return part.replace(config)

    async def ailment(self) -> str | None:
        """Why it can store nothing, in its own words; None while it is well or just ending."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await self._ask_health()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return None

    async def _ask_health(self) -> str | None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._settings.health_port)
        try:
            writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
        return None if head.split(b" ", 2)[1:2] == [b"200"] else body.decode(errors="replace")[:300]

    async def wait(self) -> int:
        """Return the exit code when the child ends."""
        if self._process is None:
            raise BrokerStartError("the embedded broker was not started")
        return await self._process.wait()

    async def stop(self) -> None:
        """Stop the child; kill it when it does not listen."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _wait_until_listening(self) -> None:
        deadline = asyncio.get_running_loop().time() + _START_S
        while asyncio.get_running_loop().time() < deadline:
            if self._process is not None and self._process.returncode is not None:
                break
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(self._settings.host, self._settings.port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        await self.stop()
        log = self._settings.folder / "nats.log"
        tail = log.read_text(errors="replace")[-800:] if log.exists() else "no log was written"
        raise BrokerStartError(f"the embedded broker did not start; its log {log} ends:\n{tail}")


def find_server() -> Path:
    """The nats-server binary beside this Python, else on the path. Raises BrokerStartError."""
    beside = Path(sys.executable).parent / "nats-server"
    found = beside if beside.exists() else shutil.which("nats-server")
    if not found:
        raise BrokerStartError(
            "nats-server is not installed: run 'make setup', or set a broker URL"
        )
    return Path(found)


def stop_leftover(folder: Path) -> int | None:
    """Stop a child that a killed run left behind; returns its pid, or None when there was none.

    Only a process whose command line names this folder's configuration is touched. It is killed,
    not asked: its own way to stop takes a second that devices wait, and all who lose their link
    connect, are born and send again what was not acknowledged by the platform.
    """
    try:
        pid = int((folder / "nats.pid").read_text())
        process = psutil.Process(pid)
        if str(folder / "nats.conf") not in process.cmdline():
            return None
        process.kill()
        process.wait(_STOP_S)
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return pid
