"""A real influxd that goes away and comes back, on loopback in a folder of its own."""

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from gongfu.errors import GongfuError
from gongfu.faults.effort import CannotRunError
from gongfu_broker.listening import free_port
from gongfu_ingest.stores.influx.target import InfluxTarget

# tests/servers/influx.sh unpacks it there.
BINARY = Path(__file__).parents[2] / ".servers/influx/usr/bin/influxd"
DATABASE = "telemetry"
READY_S = 30.0


class InfluxdError(GongfuError):
    """It did not start; the message has its last words."""


@dataclass
class Influxd:
    """Keeps its data over ``stop`` and ``start``."""

    folder: Path
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def target(self) -> InfluxTarget:
        """As the forwarder names it."""
        return InfluxTarget(self.url, "v1", "gongfu", DATABASE, "")

    def start(self) -> None:
        """Start it and make the database. Raises CannotRunError where there is none."""
        if not BINARY.exists():
            raise CannotRunError("no influxd here: 'make test-servers' fetches it with apt-get")
        self.folder.mkdir(parents=True, exist_ok=True)
        conf = self.folder / "influxd.conf"
        conf.write_text("reporting-disabled = true\n")
        with (self.folder / "influxd.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the program above
                [str(BINARY), "run", "-config", str(conf)],
                env=self._names(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()
        create = {"q": f'CREATE DATABASE "{DATABASE}"'}
        httpx.post(f"{self.url}/query", data=create, trust_env=False).raise_for_status()

    def stop(self) -> None:
        """Kill -9; it comes back with what it had written."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(READY_S)

    def _names(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
            "INFLUXDB_META_DIR": str(self.folder / "meta"),
            "INFLUXDB_DATA_DIR": str(self.folder / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(self.folder / "wal"),
            "INFLUXDB_MONITOR_STORE_ENABLED": "false",
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{self.port}",
            "INFLUXDB_HTTP_LOG_ENABLED": "false",
        }

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + READY_S
        while True:
            try:
                if httpx.get(f"{self.url}/ping", trust_env=False, timeout=2).is_success:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                last = (self.folder / "influxd.log").read_text(errors="replace")[-500:]
                raise InfluxdError(f"influxd does not answer; its log ends: {last}")
            time.sleep(0.05)
