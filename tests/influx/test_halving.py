"""Whatever is wrong with whichever lines, exactly those are found and all others arrive."""

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_ingest.errors import LinesRefusedError, ServerBusyError
from gongfu_ingest.stores.influx.halving import send_by_halves


class Picky:
    """Takes a body only when every line of it is good, as the strictest server would."""

    def __init__(self, bad: set[bytes], most: int) -> None:
        self.bad = bad
        self.most = most
        self.taken: set[bytes] = set()
        self.bodies = 0

    async def write(self, body: bytes) -> None:
        self.bodies += 1
        lines = body.split(b"\n")
        if len(lines) > self.most:
            raise LinesRefusedError("413: too large")
        if found := self.bad.intersection(lines):
            raise LinesRefusedError(f"400: {min(found)!r} is bad")
        self.taken.update(lines)


@given(st.integers(0, 70), st.sets(st.integers(0, 69)), st.integers(1, 70))
def test_exactly_the_bad_lines_are_refused(count: int, bad: set[int], most: int) -> None:
    lines = [b"line%d" % n for n in range(count)]
    wrong = {lines[n] for n in bad if n < count}
    server = Picky(wrong, most)
    refused = asyncio.run(send_by_halves(lines, server.write))
    assert {item.line for item in refused} == wrong
    assert server.taken == set(lines) - wrong
    assert all(repr(item.line) in item.why for item in refused)


async def test_one_bad_line_of_many_costs_two_bodies_per_halving() -> None:
    lines = [b"line%d" % n for n in range(4_096)]
    server = Picky({lines[1_234]}, most=5_000)
    await send_by_halves(lines, server.write)
    assert server.bodies <= 1 + 2 * math.log2(len(lines))


async def test_a_server_that_goes_away_in_between_ends_it() -> None:
    async def write(_: bytes) -> None:
        raise ServerBusyError("503: gone")

    with pytest.raises(ServerBusyError):
        await send_by_halves([b"a", b"b"], write)
