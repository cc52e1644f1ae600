"""The proxy does to a connection what it was told to, and nothing else."""

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gongfu.faults.proxy import Proxy, finish, proxying
from gongfu.faults.weather import Weather

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def echo_behind_a_proxy() -> AsyncIterator[tuple[Proxy, set[asyncio.StreamWriter]]]:
    """A server that repeats what it hears; the set holds the connections it believes in."""
    heard: set[asyncio.StreamWriter] = set()

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.add(writer)
        try:
            while chunk := await reader.read(4_096):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            heard.discard(writer)
            writer.close()

    server = await asyncio.start_server(repeat, "127.0.0.1", 0)
    with proxying("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:
        yield proxy, heard
    async with asyncio.timeout(5):
        await finish(server)


async def say(streams: Streams, text: bytes) -> float:
    """Seconds until the echo is back."""
    reader, writer = streams
    began = time.monotonic()
    writer.write(text)
    async with asyncio.timeout(5):
        assert await reader.readexactly(len(text)) == text
    return time.monotonic() - began


async def to(proxy: Proxy) -> Streams:
    return await asyncio.open_connection("127.0.0.1", proxy.port)


async def never_answered(proxy: Proxy) -> None:
    """The reset may come with the connection or with the first word."""
    reader, writer = await to(proxy)
    try:
        await reader.readexactly(1)
    finally:
        writer.close()


async def until_gone(heard: set[asyncio.StreamWriter]) -> None:
    async with asyncio.timeout(5):
        while heard:
            await asyncio.sleep(0.01)


async def until_open(proxy: Proxy, connections: int) -> None:
    async with asyncio.timeout(5):
        while proxy.connections != connections:
            await asyncio.sleep(0.01)


async def test_what_is_sent_comes_through_unchanged() -> None:
    async with echo_behind_a_proxy() as (proxy, _):
        streams = await to(proxy)
        await say(streams, bytes(range(256)) * 2_000)
        streams[1].close()
        await until_open(proxy, 0)


async def test_delay_and_throttle_hold_in_both_directions() -> None:
    async with echo_behind_a_proxy() as (proxy, _):
        streams = await to(proxy)
        proxy.weather(Weather(delay_s=0.1), Weather(bytes_per_s=4_000))
        assert await say(streams, bytes(800)) >= 0.1 + 0.2
        streams[1].close()


async def test_loss_stalls_what_is_sent_and_drops_nothing() -> None:
    async with echo_behind_a_proxy() as (proxy, _):
        streams = await to(proxy)
        proxy.weather(Weather(loss=0.3))
        text = bytes(range(256)) * 100
        assert await say(streams, text) >= 0.2
        streams[1].close()


async def test_a_reset_is_told_to_both_sides_and_new_connections_may_be_refused() -> None:
    async with echo_behind_a_proxy() as (proxy, heard):
        streams = await to(proxy)
        await say(streams, b"here")
        proxy.reset(refuse=True)
        with pytest.raises(ConnectionResetError):
            await streams[0].readexactly(1)
        await until_open(proxy, 0)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await never_answered(proxy)
        proxy.restore()
        await until_gone(heard)
        again = await to(proxy)
        await say(again, b"here again")
        for _, writer in (streams, again):
            writer.close()


async def test_a_half_open_connection_stays_dead_and_neither_side_is_told() -> None:
    async with echo_behind_a_proxy() as (proxy, heard):
        streams = await to(proxy)
        await say(streams, b"here")
        proxy.silence()
        streams[1].write(b"anybody?")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await streams[0].readexactly(1)
        proxy.restore()
        streams[1].write(b"and now?")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await streams[0].readexactly(1)
        streams[1].close()
        await asyncio.sleep(0.1)
        assert len(heard) == 1, "the server still believes in the connection"
        fresh = await to(proxy)
        await say(fresh, b"a new one works")
        fresh[1].close()


async def test_ending_leaves_no_socket_open_whatever_has_just_come_in() -> None:
    for opened in range(1, 30):
        async with echo_behind_a_proxy() as (proxy, _):
            # Accepted by the system, and not all of them by the proxy yet.
            sockets = [socket.create_connection(("127.0.0.1", proxy.port)) for _ in range(opened)]
        for one in sockets:
            one.close()
    gc.collect()


async def _first_byte(proxy: Proxy) -> bytes:
    reader, writer = await to(proxy)
    with contextlib.closing(writer):
        return await reader.readexactly(1)


async def test_a_target_that_is_away_is_a_broken_connection_not_a_broken_proxy() -> None:
    with proxying("127.0.0.1", 1) as proxy:
        # The reset may come even before the connection is reported.
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await _first_byte(proxy)
        assert proxy.connections == 0
