"""A TCP proxy that misbehaves on command: delay, jitter, throttle, loss, silence, reset, refusal.

It runs in a thread with an event loop of its own, so that what it stands between cannot slow it
down by waiting. Memory is bounded: a connection that cannot deliver is not read from.
"""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from gongfu.faults.weather import CLEAR, Lane, Weather, carry

CHUNK_BYTES = 4_096
MOST_CHUNKS = 32
START_S = 10.0
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, telling the peer by RST


@dataclass(eq=False)
class _Pair:
    """One client and its connection to the target; ``dead``: what is sent reaches nobody."""

    client: asyncio.StreamWriter
    target: asyncio.StreamWriter
    dead: bool


@dataclass
class Proxy:
    """Between ``port`` (on loopback, chosen at start) and a target. Use it through ``proxying``."""

    host: str
    target_port: int
    seed: int = 1
    port: int = 0
    accepted: int = 0
    _up: Weather = CLEAR
    _down: Weather = CLEAR
    _silent: bool = False
    _refusing: bool = False
    _pairs: set[_Pair] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _stop: asyncio.Event | None = None

    @property
    def connections(self) -> int:
        """Connections that are open on both sides."""
        return len(self._pairs)

    def weather(self, up: Weather, down: Weather | None = None) -> None:
        """From now on the way to the target is ``up``, the way back ``down`` or the same."""
        self._up, self._down = up, up if down is None else down

    def silence(self) -> None:
        """Nothing passes any more and nobody is told: every connection is half-open."""
        self._do(self._fall_silent)

    def restore(self) -> None:
        """New connections pass again; those that lived through a silence stay dead, untold."""
        self._do(self._speak)

    def reset(self, *, refuse: bool = False) -> None:
        """Break every connection by RST; with ``refuse``, new ones too until ``restore``."""
        self._do(self._break, refuse)

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until ``stop``; ``ready`` is called when the port is known."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready()
        await self._stop.wait()
        self._break(refuse=True)
        for task in self._tasks:
            task.cancel()
        await finish(server)

    def stop(self) -> None:
        """End ``run``; open connections are broken."""
        if self._stop is not None:
            self._do(self._stop.set)

    def _do(self, act: Callable[..., None], *values: bool) -> None:
        """In the thread of the proxy; it is done when this returns."""
        done = threading.Event()

        def act_and_tell() -> None:
            act(*values)
            done.set()

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act_and_tell)
            if not done.wait(START_S):
                raise TimeoutError("the proxy did not answer; the machine is too busy")

    def _fall_silent(self) -> None:
        self._silent = True
        for pair in self._pairs:
            pair.dead = True

    def _speak(self) -> None:
        self._silent = self._refusing = False

    def _break(self, refuse: bool) -> None:  # noqa: FBT001 - handed over between threads
        self._refusing = self._refusing or refuse
        for pair in self._pairs:
            for writer in (pair.client, pair.target):
                _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or self._refusing:
            _reset(client)
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        target = None
        try:
            back, target = await asyncio.open_connection(self.host, self.target_port)
            await self._pass(_Pair(client, target, dead=self._silent), reader, back)
            await _close(client, target)
        except OSError:
            pass
        finally:
            # Broken or cancelled; what has been closed by now does not mind.
            for writer in (client, target):
                if writer is not None:
                    _reset(writer)

    async def _pass(
        self, pair: _Pair, reader: asyncio.StreamReader, back: asyncio.StreamReader
    ) -> None:
        self._pairs.add(pair)
        ways = [
            asyncio.create_task(self._carry(pair, reader, pair.target, up=True)),
            asyncio.create_task(self._carry(pair, back, pair.client, up=False)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if pair.dead:  # the end of one side is hidden from the other until it ends too
                await asyncio.wait(ways)
        finally:
            self._pairs.discard(pair)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(
        self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool
    ) -> None:
        """One direction until its end; what was read before the end still lands."""
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(MOST_CHUNKS)
        landing = asyncio.create_task(self._land(pair, waiting, writer))
        chance = random.Random(f"{self.seed}/{self.accepted}/{up}").random
        loop, lane = asyncio.get_running_loop(), Lane()
        try:
            with contextlib.suppress(OSError):
                while chunk := await reader.read(CHUNK_BYTES):
                    weather = self._up if up else self._down
                    lane = carry(lane, weather, len(chunk), now_s=loop.time(), chance=chance)
                    await waiting.put((lane.landed_s, chunk))
            await waiting.join()
        finally:
            landing.cancel()
            await asyncio.gather(landing, return_exceptions=True)

    async def _land(
        self,
        pair: _Pair,
        waiting: "asyncio.Queue[tuple[float, bytes]]",
        writer: asyncio.StreamWriter,
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            landed_s, chunk = await waiting.get()
            await asyncio.sleep(max(0.0, landed_s - loop.time()))
            if not pair.dead:
                with contextlib.suppress(OSError):
                    writer.write(chunk)
                    await writer.drain()
            waiting.task_done()


async def finish(server: asyncio.Server) -> None:
    """Close a server whose tasks, all others of this loop, are about to end.

    asyncio leaves a socket open that was accepted in the turn before its server is closed. So no
    more are accepted first, and those that were find their server still there.
    """
    for listening in server.sockets:
        asyncio.get_running_loop().remove_reader(listening.fileno())
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left)
    server.close()


async def _close(*writers: asyncio.StreamWriter) -> None:
    """Wait until what was written has left; a peer that reads nothing is waited for."""
    for writer in writers:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


@contextmanager
def proxying(host: str, target_port: int, *, seed: int = 1) -> Iterator[Proxy]:
    """A proxy in its own thread for the length of the block; connect to its ``port``."""
    proxy, ready = Proxy(host, target_port, seed), threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(proxy.run(ready.set)), name="fault-proxy", daemon=True
    )
    thread.start()
    if not ready.wait(START_S):
        raise TimeoutError("the proxy did not start; the machine is too busy")
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(START_S)
