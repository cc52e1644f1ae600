"""What each answer of a server means, through both writers.

The server here is a fake that gives the answers it is told to; the real ones are asked elsewhere.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from gongfu_broker.listening import free_port
from gongfu_ingest.errors import (
    IngestError,
    LinesExpiredError,
    LinesRefusedError,
    ServerBusyError,
    ServerSetupError,
)
from gongfu_ingest.stores.influx.sinks import open_sink
from gongfu_ingest.stores.influx.target import InfluxTarget


@dataclass
class FakeServer:
    """Answers every write as told, and remembers what it was asked."""

    status: int = 204
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    hang: Event | None = None
    url: str = ""


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    told = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append((self.path, self.headers.get("Authorization", ""), body))
            if told.hang is not None:
                told.hang.wait(10)
            self.send_response(told.status)
            for name, value in {**told.headers, "Content-Length": str(len(told.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["v1", "v2"])
def target(request: pytest.FixtureRequest, fake: FakeServer) -> InfluxTarget:
    return InfluxTarget(
        fake.url, request.param, bucket="telemetry", token="ops:secret", timeout_s=0.5
    )


async def write(target: InfluxTarget, body: bytes = b"m x=1 1\nm x=2 2") -> None:
    async with open_sink(target) as sink:
        await sink.write(body)


async def test_the_body_goes_out_byte_for_byte_with_its_precision(
    target: InfluxTarget, fake: FakeServer
) -> None:
    await write(target)
    ((path, authorization, body),) = fake.asked
    assert body == b"m x=1 1\nm x=2 2"
    assert "precision=ms" in path
    if target.api == "v1":
        assert path.startswith("/write?db=telemetry")
        assert authorization == "Basic b3BzOnNlY3JldA=="
    else:
        assert path.startswith("/api/v2/write?")
        assert "bucket=telemetry" in path
        assert "org=gongfu" in path
        assert authorization == "Token ops:secret"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, LinesRefusedError),
        (413, LinesRefusedError),
        (422, LinesRefusedError),
        (401, ServerSetupError),
        (403, ServerSetupError),
        (404, ServerSetupError),
        (405, ServerSetupError),
        (301, ServerSetupError),
        (200, ServerSetupError),
        (408, ServerBusyError),
        (429, ServerBusyError),
        (500, ServerBusyError),
        (503, ServerBusyError),
    ],
)
async def test_an_answer_tells_whose_fault_it_is(
    target: InfluxTarget, fake: FakeServer, status: int, error: type[IngestError]
) -> None:
    fake.status, fake.body = status, b'{"code":"x","message":"because of this"}'
    with pytest.raises(error) as told:
        await write(target)
    assert status == 200 or "because of this" in str(told.value)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (400, "partial write: points beyond retention policy dropped=12"),
        (500, "unexpected error: partial write: points beyond retention policy dropped=12"),
        (422, "partial write: dropped 12 points outside retention policy of duration 24h0m0s"),
    ],
)
async def test_rows_older_than_the_servers_retention_are_told_apart_whatever_the_status(
    target: InfluxTarget, fake: FakeServer, status: int, text: str
) -> None:
    fake.status, fake.body = status, json.dumps({"message": text, "error": text}).encode()
    with pytest.raises(LinesExpiredError) as told:
        await write(target)
    assert told.value.expired == 12


async def test_a_server_may_say_how_long_to_wait(target: InfluxTarget, fake: FakeServer) -> None:
    fake.status, fake.headers = 429, {"Retry-After": "7"}
    with pytest.raises(ServerBusyError) as told:
        await write(target)
    assert told.value.retry_after_s == 7
    fake.headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    with pytest.raises(ServerBusyError) as told:
        await write(target)
    assert told.value.retry_after_s == 0


async def test_no_answer_in_time_and_no_server_mean_try_again(
    target: InfluxTarget, fake: FakeServer
) -> None:
    fake.hang = Event()
    with pytest.raises(ServerBusyError, match=r"Timeout"):
        await write(target)
    fake.hang.set()
    nobody = InfluxTarget(f"http://127.0.0.1:{free_port()}", target.api)
    with pytest.raises(ServerBusyError):
        await write(nobody)
    await asyncio.sleep(0)


def test_the_token_is_not_in_the_text_of_a_target(target: InfluxTarget) -> None:
    assert "secret" not in repr(target)
