"""Whose turn it is to commit."""

import asyncio

import pytest

from gongfu_ingest.lanes import Turns


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
