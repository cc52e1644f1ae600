"""The services' own limits and signatures, enforced by a server on this machine.

Time is the test's: a minute of the limit passes when the clock is set on. What passes a limit is
counted and answered as the real service answers, DingTalk's block of ten minutes included.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gongfu_fleet.adapters.memory import SettableClock

SECRET = "SEC-of-the-bot"  # noqa: S105 - as real as its bot
KEY = "693a91f6-key-of-the-bot"
MINUTE_MS, BLOCK_MS = 60_000, 600_000
MOST: dict[str, tuple[tuple[int, int], ...]] = {
    "wecom": ((20, MINUTE_MS),),
    "dingtalk": ((20, MINUTE_MS),),
    "feishu": ((100, MINUTE_MS), (5, 1_000)),
}

Answer = dict[str, int]


@dataclass(frozen=True)
class Taken:
    """A request that a service accepted."""

    service: str
    at_ms: int
    body: Any  # JSON
    headers: dict[str, str]


@dataclass
class Bots:
    """What the services saw; ``answers`` are statuses for the next requests instead of theirs."""

    clock: SettableClock
    url: str = ""
    taken: list[Taken] = field(default_factory=list)
    arrivals: dict[str, list[int]] = field(default_factory=dict)
    over_limit: int = 0
    faults: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    blocked_until_ms: int = 0

    def reset(self, now_ms: int) -> None:
        """Forget everything; begin at a moment."""
        self.clock.now, self.over_limit, self.blocked_until_ms = now_ms, 0, 0
        for kept in (self.taken, self.arrivals, self.faults, self.answers):
            kept.clear()

    def address(self, service: str) -> str:
        """A bot's address, key included."""
        return f"{self.url}/{service}?key={KEY}"

    def answer(self, service: str, path: str, headers: dict[str, str], raw: bytes) -> Answer:
        """What the service answers."""
        now, body = self.clock.now, json.loads(raw)
        if fault := _fault(service, path, body, raw):
            self.faults.append(fault)
            return {"errcode": 310000, "code": 19021}
        if now < self.blocked_until_ms or not self._room(service, now):
            self.over_limit += 1
            if service == "dingtalk":
                self.blocked_until_ms = now + BLOCK_MS
            return {"wecom": {"errcode": 45009}, "dingtalk": {"errcode": 130101}}.get(
                service, {"code": 11232}
            )
        self.taken.append(Taken(service, now, body, headers))
        return {"errcode": 0, "code": 0}

    def _room(self, service: str, now: int) -> bool:
        arrivals = self.arrivals.setdefault(service, [])
        arrivals.append(now)
        windows = MOST.get(service, ())
        return all(sum(now - at <= span for at in arrivals) <= most for most, span in windows)


def _fault(service: str, path: str, body: Mapping[str, Any], raw: bytes) -> str:  # JSON
    match service:
        case "wecom":
            return "too long" if len(body["text"]["content"].encode()) > 2_048 else ""
        case "dingtalk":
            query = parse_qs(urlsplit(path).query)
            told = f"{query['timestamp'][0]}\n{SECRET}".encode()
            sign = hmac.new(SECRET.encode(), told, hashlib.sha256).digest()
            right = base64.b64encode(sign).decode() == query["sign"][0]
            return "" if right and len(raw) <= 20_000 else "wrongly signed or too long"
        case "feishu":
            told = f"{body['timestamp']}\n{SECRET}".encode()
            own = base64.b64encode(hmac.new(told, b"", hashlib.sha256).digest()).decode()
            return "" if own == body["sign"] and len(raw) <= 20_480 else "wrongly signed or long"
        case _:
            return ""


@contextmanager
def bots_server() -> Iterator[Bots]:
    """A server for all of them, on a port of its own."""
    bots = Bots(SettableClock(0))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            service = urlsplit(self.path).path.strip("/")
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = bots.answers.pop(0) if bots.answers else 200
            told = bots.answer(service, self.path, headers, raw) if status == 200 else {}
            answer = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    bots.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield bots
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
