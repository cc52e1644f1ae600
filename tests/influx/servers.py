"""Real servers for tests: influxd, VictoriaMetrics, and a proxy that maps the v2 path to influxd.

Each runs on loopback in a folder of its own, and stays there when it is stopped and started again.
"""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from gongfu_broker.listening import free_port

FOLDER = Path(__file__).parents[2] / ".servers" / "influx" / "usr" / "bin"
READY_S = 20.0


def binary(name: str) -> Path:
    """The unpacked program; skips the test, with the reason, where there is none."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"no {name} here: 'make test-servers' fetches it with apt-get")
    return path


@dataclass
class Server:
    """A child process that answers on ``url``."""

    command: list[str]
    port: int
    health: str
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, again if it ends: for a moment somebody else's connection may have its port."""
        deadline = time.monotonic() + READY_S
        while not self.answers():
            if self.process is None or self.process.poll() is not None:
                self.process = self._started()
            assert time.monotonic() < deadline, f"{self.command[0]} does not answer"
            time.sleep(0.05)

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.command,
            env={"PATH": os.defpath, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def answers(self) -> bool:
        try:
            return httpx.get(self.url + self.health, trust_env=False, timeout=2).is_success
        except httpx.TransportError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)

    def ask(self, query: str, auth: tuple[str, str] | None = None) -> None:
        """Run a statement that changes something."""
        answer = httpx.post(f"{self.url}/query", data={"q": query}, auth=auth, trust_env=False)
        assert "error" not in answer.text, answer.text

    def fresh(self) -> str:
        """An empty database of its own for one test."""
        name = f"t{time.monotonic_ns()}"
        self.ask(f'CREATE DATABASE "{name}"')
        return name


def influxd(folder: Path, **http: str) -> Server:
    """An influxd in ``folder``; keywords are settings of its http section."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "influxd.conf").write_text("reporting-disabled = true\n")
    names = {
        "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
        "INFLUXDB_META_DIR": str(folder / "meta"),
        "INFLUXDB_DATA_DIR": str(folder / "data"),
        "INFLUXDB_DATA_WAL_DIR": str(folder / "wal"),
        "INFLUXDB_MONITOR_STORE_ENABLED": "false",
        "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
        "INFLUXDB_HTTP_LOG_ENABLED": "false",
        "HOME": str(folder),
        **{f"INFLUXDB_HTTP_{name.upper()}": value for name, value in http.items()},
    }
    command = [str(binary("influxd")), "run", "-config", str(folder / "influxd.conf")]
    return Server(command, port, "/ping", names)


def victoria_metrics(folder: Path) -> Server:
    """A VictoriaMetrics that keeps a century and one sample a millisecond."""
    port = free_port()
    command = [
        str(binary("victoria-metrics")),
        f"-storageDataPath={folder}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-dedup.minScrapeInterval=1ms",
        "-search.latencyOffset=0s",
    ]
    return Server(command, port, "/health")


@contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def mapping_proxy(server: Server) -> Iterator[str]:
    """InfluxDB 1.6 behind the v2 write address, as 1.8 maps it: bucket is the database."""
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), mapping_to(server.port))
    proxy.daemon_threads = True
    Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
    finally:
        proxy.shutdown()
        proxy.server_close()


def mapping_to(port: int) -> type[BaseHTTPRequestHandler]:
    class Mapping2to1(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            path, asked = self.path, urlsplit(self.path)
            given = {name: values[0] for name, values in parse_qs(asked.query).items()}
            if asked.path == "/api/v2/write":
                told = {"db": given["bucket"], "precision": given["precision"]}
                path = f"/write?{urlencode(told)}"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, text = self.forward(path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def forward(self, path: str, body: bytes) -> tuple[int, bytes]:
            link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                link.request("POST", path, body, {"Content-Type": self.headers["Content-Type"]})
                told = link.getresponse()
                return told.status, told.read()
            except OSError as error:
                return 502, str(error).encode()
            finally:
                link.close()

        def log_message(self, *_: object) -> None: ...

    return Mapping2to1
