"""A real influxd 1.6.7 on loopback, out of the system's package, for as long as a block lasts."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gongfu_broker.listening import free_port

ROOT = Path(__file__).parents[2]
SERVERS = ROOT / ".servers"
DATABASE = "telemetry"
Series = list[dict[str, Any]]  # Any: InfluxDB's JSON
START_S = 20.0


def find_influxd() -> Path | None:
    """The binary: fetched before, fetched now, or none."""
    for fetch in (True, False):
        found = sorted(SERVERS.glob("influx/**/bin/influxd"))
        if found:
            return found[0]
        if fetch:
            script = ROOT / "tests" / "servers" / "influx.sh"
            subprocess.run(["sh", str(script)], cwd=ROOT, check=False, timeout=300)
    return None


@dataclass(frozen=True)
class Influx:
    """A running server with one database."""

    http: httpx.Client

    def write(self, lines: list[bytes]) -> None:
        params = {"db": DATABASE, "precision": "ms"}
        for begin in range(0, len(lines), 5000):
            body = b"\n".join(lines[begin : begin + 5000])
            answer = self.http.post("/write", params=params, content=body)
            assert answer.status_code == 204, answer.text

    def query(self, text: str) -> Series:
        """The series of one statement, asked as Grafana asks: POST, epoch ms."""
        params = {"db": DATABASE, "epoch": "ms"}
        answer = self.http.post("/query", params=params, data={"q": text})
        assert answer.status_code == 200, answer.text
        (result,) = answer.json()["results"]
        assert "error" not in result, f"{result['error']}: {text}"
        series: Series = result.get("series", [])
        return series


@contextmanager
def run_influxd(binary: Path, folder: Path) -> Iterator[Influx]:
    """Start, make the database, stop."""
    port = free_port()
    with (folder / "influxd.log").open("wb") as log:
        process = subprocess.Popen(
            [str(binary), "run", "-config", "/dev/null"],
            env={"HOME": str(folder), **settings(folder, port)},
            stdout=log,
            stderr=log,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            wait_until_up(http, process)
            http.post("/query", data={"q": f'CREATE DATABASE "{DATABASE}"'}).raise_for_status()
            yield Influx(http)
    finally:
        process.terminate()
        process.wait(20)


def settings(folder: Path, port: int) -> Mapping[str, str]:
    own = {
        "REPORTING_DISABLED": "true",
        "BIND_ADDRESS": f"127.0.0.1:{free_port()}",
        "META_DIR": str(folder / "meta"),
        "DATA_DIR": str(folder / "data"),
        "DATA_WAL_DIR": str(folder / "wal"),
        "DATA_QUERY_LOG_ENABLED": "false",
        "HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
        "HTTP_LOG_ENABLED": "false",
        "MONITOR_STORE_ENABLED": "false",
    }
    return {f"INFLUXDB_{key}": value for key, value in own.items()}


def wait_until_up(http: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"influxd ended with code {process.returncode}"
        try:
            if http.get("/ping").status_code == 204:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"influxd did not answer within {START_S} s")
