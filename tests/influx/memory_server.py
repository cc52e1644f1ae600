"""A server in memory that fails on demand, and messages for a stand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gongfu_ingest.errors import IngestError
from gongfu_ingest.stores.influx.target import LineSink
from tests.influx.stand import T0, Stand


@dataclass
class MemoryServer:
    """Keeps the last line of each point. ``fault`` may refuse a body, or answer after taking it."""

    fault: Callable[[bytes], IngestError | None] = lambda _: None
    after: Callable[[bytes], IngestError | None] = lambda _: None
    bodies: list[bytes] = field(default_factory=list)
    tries: int = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[LineSink]:
        yield self

    async def write(self, body: bytes) -> None:
        self.tries += 1
        if error := self.fault(body):
            raise error
        self.bodies.append(body)
        if error := self.after(body):
            raise error

    def lines(self) -> list[bytes]:
        return [line for body in self.bodies for line in body.split(b"\n")]


def hear(stand: Stand, count: int, *, dev: str = "cab-0001") -> None:
    for n in range(count):
        stand.hear(dev, [(T0 + n * 1_000, [float(n % 8), 1])])
