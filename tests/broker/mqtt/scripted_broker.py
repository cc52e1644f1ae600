"""A broker that does what a test tells it, and a proxy that can swallow everything."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Self

from gongfu_broker.mqtt import wire
from gongfu_broker.mqtt.decode import decode
from gongfu_broker.mqtt.encode import encode
from gongfu_broker.mqtt.packets import ConnAck, Connect, Packet, Publish, SubAck, Subscribe, Version


class Peer:
    """The broker's end of one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: Version
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.version = version

    async def next(self) -> Packet | None:
        """The client's next packet; None when it has gone."""
        try:
            head = (await self.reader.readexactly(1))[0]
            raw = await self.reader.readexactly(1)
            while (found := wire.peek_length(raw, 0)) is None:
                raw += await self.reader.readexactly(1)
            return decode(head, await self.reader.readexactly(found[0]), self.version)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def expect(self, kind: type[Packet]) -> Packet:
        packet = await self.next()
        assert isinstance(packet, kind), packet
        return packet

    def say(self, *packets: Packet) -> None:
        self.writer.write(b"".join(encode(packet, self.version) for packet in packets))

    async def accept(self) -> Connect:
        packet = await self.expect(Connect)
        assert isinstance(packet, Connect)
        self.say(ConnAck())
        return packet

    async def grant(self, code: int = 1, *, before: tuple[Publish, ...] = ()) -> None:
        packet = await self.expect(Subscribe)
        assert isinstance(packet, Subscribe)
        self.say(*before, SubAck(packet.packet_id, (code,)))


@contextlib.asynccontextmanager
async def broker(
    script: Callable[[Peer], Awaitable[None]], version: Version = Version.V311
) -> AsyncIterator[int]:
    """Listen on a port of its own and run ``script`` for each connection; a failure fails here."""
    running: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.append(task)
        try:
            await script(Peer(reader, writer, version))
            with contextlib.suppress(ConnectionError):
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(task, 1.0)


class Blackhole:
    """A TCP proxy; once ``swallowing``, both sides hear nothing more and no end either."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.swallowing = False
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers += [writer, back]
        self._tasks += [
            asyncio.create_task(self._pass(reader, back)),
            asyncio.create_task(self._pass(there, writer)),
        ]

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                if not self.swallowing:
                    writer.write(data)
        if not self.swallowing:
            writer.close()
