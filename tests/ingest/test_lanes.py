"""Whose turn it is to commit, and how much at a time."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_broker.ports import Message
from gongfu_ingest.lanes import Turns, portions


async def take(turns: Turns, order: list[str], name: str, *, urgent: bool) -> None:
    async with turns.turn(urgent=urgent):
        order.append(name)
        await asyncio.sleep(0)


async def test_of_those_that_wait_the_urgent_go_first() -> None:
    turns, order = Turns(), list[str]()
    async with turns.turn(urgent=False):
        late = [
            asyncio.create_task(take(turns, order, name, urgent=False)) for name in ("b1", "b2")
        ]
        await asyncio.sleep(0)
        live = [asyncio.create_task(take(turns, order, name, urgent=True)) for name in ("l1", "l2")]
        await asyncio.sleep(0)
        assert order == []
    await asyncio.gather(*late, *live)
    assert order == ["l1", "l2", "b1", "b2"]


async def test_one_that_gives_up_waiting_does_not_hold_the_turn() -> None:
    turns, order = Turns(), list[str]()
    async with turns.turn(urgent=True):
        waits = asyncio.create_task(take(turns, order, "gone", urgent=True))
        await asyncio.sleep(0)
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
    await take(turns, order, "next", urgent=False)
    assert order == ["next"]


async def test_one_that_is_cancelled_when_called_passes_its_turn_on() -> None:
    turns, order = Turns(), list[str]()
    async with turns.turn(urgent=True):
        first = asyncio.create_task(take(turns, order, "gone", urgent=True))
        second = asyncio.create_task(take(turns, order, "next", urgent=True))
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert order == ["next"]
    await take(turns, order, "last", urgent=True)


async def test_a_commit_that_fails_gives_its_turn_back() -> None:
    turns, order = Turns(), list[str]()
    with pytest.raises(OSError, match="full"):
        async with turns.turn(urgent=True):
            raise OSError("full")
    await take(turns, order, "next", urgent=True)
    assert order == ["next"]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(1, 60))
def test_portions_are_the_messages_in_order_and_none_is_longer_than_it_must_be(
    sizes: list[int], most: int
) -> None:
    messages = [Message(str(n), b"x" * size) for n, size in enumerate(sizes)]
    cut = [list(portion) for portion in portions(messages, most)]
    assert [message for portion in cut for message in portion] == messages
    for portion, following in zip(cut, [*cut[1:], None], strict=True):
        held = sum(len(message.payload) for message in portion)
        assert held <= most or len(portion) == 1
        assert following is None or held + len(following[0].payload) > most
