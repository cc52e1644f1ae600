"""The Caddyfile in a real Caddy, before a stand-in for the API and for Grafana."""

import http.server
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest

from gongfu_broker.listening import free_port

ROOT = Path(__file__).parents[2]
CADDY = ROOT / ".servers/caddy/usr/bin/caddy"
LONG = "供富 " * 500
START_S = 20.0
HOLD_S = 3.0


class Upstream(http.server.BaseHTTPRequestHandler):
    """Tells who it is and what it was asked; ``/api/live`` says one line and then holds on."""

    def do_GET(self) -> None:
        self.send_response(HTTPStatus.OK)
        live = self.path == "/api/live"
        self.send_header("Content-Type", "text/event-stream" if live else "text/plain")
        self.end_headers()
        if live:
            self.wfile.write(b"data: first\n\n")
            self.wfile.flush()
            time.sleep(HOLD_S)
            return
        assert isinstance(self.server, http.server.HTTPServer)
        port = self.server.server_port
        told = f"{port} {self.path} {self.headers.get('X-Forwarded-For')} {LONG}"
        self.wfile.write(told.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Door:
    """A running Caddy."""

    http: int
    https: int
    api: int
    grafana: int
    health: int
    trust: ssl.SSLContext

    def ask(self, path: str) -> httpx.Response:
        with httpx.Client(verify=self.trust, headers={"X-Forwarded-For": "9.9.9.9"}) as client:
            return client.get(f"https://localhost:{self.https}{path}", timeout=10)


@pytest.fixture(scope="module")
def upstreams() -> Iterator[tuple[int, int]]:
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream) for _ in range(2)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield servers[0].server_port, servers[1].server_port
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def door(upstreams: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    if not CADDY.exists():
        pytest.skip("no caddy on this machine: 'make test-servers' fetches it")
    folder = tmp_path_factory.mktemp("caddy")
    plain, tls, health = free_port(), free_port(), free_port()
    text = (ROOT / "deploy/Caddyfile").read_text()
    for shipped, here in (
        ("http_port 8080", f"http_port {plain}"),
        ("https_port 8443", f"https_port {tls}"),
        ("reverse_proxy api:8080", f"reverse_proxy 127.0.0.1:{upstreams[0]}"),
        ("reverse_proxy grafana:3000", f"reverse_proxy 127.0.0.1:{upstreams[1]}"),
        ("http://127.0.0.1:8081", f"http://127.0.0.1:{health}"),
    ):
        assert text.count(shipped) == 1
        text = text.replace(shipped, here)
    (folder / "Caddyfile").write_text(text)
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(
            [CADDY, "run", "--config", folder / "Caddyfile", "--adapter", "caddyfile"],
            env={"PATH": os.defpath, "XDG_DATA_HOME": str(folder), "HOME": str(folder)},
            stdout=log,
            stderr=log,
        )
    try:
        root = folder / "caddy/pki/authorities/local/root.crt"
        wait_for(process, root, folder / "caddy.log", health)
        trust = ssl.create_default_context(cafile=str(root))
        yield Door(plain, tls, *upstreams, health, trust)
    finally:
        process.terminate()
        process.wait(10)


def wait_for(process: "subprocess.Popen[bytes]", root: Path, log: Path, health: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if root.exists() and httpx.get(f"http://127.0.0.1:{health}/").text == "ok":
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"Caddy did not start:\n{log.read_text()[-2000:]}")


def test_pages_and_api_go_to_the_platform_and_graphs_to_grafana(door: Door) -> None:
    for path in ("/", "/api/map", "/health", "/sw.js"):
        assert door.ask(path).text.startswith(f"{door.api} {path} ")
    for path in ("/grafana/", "/grafana/api/health"):
        assert door.ask(path).text.startswith(f"{door.grafana} {path} ")


def test_plain_http_is_sent_to_https(door: Door) -> None:
    answer = httpx.get(f"http://127.0.0.1:{door.http}/a?b=c", headers={"Host": "localhost"})
    assert answer.status_code == HTTPStatus.PERMANENT_REDIRECT
    assert answer.headers["Location"] == "https://localhost/a?b=c"


def test_nobody_can_claim_another_address_for_counting_sign_ins(door: Door) -> None:
    assert " 127.0.0.1 " in door.ask("/api/session").text


def test_browsers_are_told_to_stay_on_https_and_pages_are_compressed(door: Door) -> None:
    answer = door.ask("/")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Content-Encoding"] in {"gzip", "zstd"}
    assert "Caddy" not in answer.headers.get("Server", "")


def test_a_line_of_the_live_stream_arrives_while_the_stream_goes_on(door: Door) -> None:
    asked = time.monotonic()
    with (
        httpx.Client(verify=door.trust, timeout=10) as client,
        client.stream("GET", f"https://localhost:{door.https}/api/live") as stream,
    ):
        assert next(stream.iter_lines()) == "data: first"
        assert time.monotonic() - asked < HOLD_S / 2
