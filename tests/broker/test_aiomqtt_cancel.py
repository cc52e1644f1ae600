"""A publisher that is cancelled stops, whatever arrives at that moment."""

import asyncio
from typing import cast

import aiomqtt
import pytest

from gongfu_broker.client_aiomqtt import AiomqttBus


class _Client:
    """Waits for the broker's answer as aiomqtt does."""

    def __init__(self) -> None:
        self.answer = asyncio.Event()

    async def publish(self, *_: object, **__: object) -> None:
        await asyncio.wait_for(self.answer.wait(), 10)


@pytest.mark.parametrize("turns", range(6))
async def test_a_cancellation_that_comes_with_the_answer_is_not_lost(turns: int) -> None:
    client, said = _Client(), []

    async def speak() -> None:
        await AiomqttBus(cast("aiomqtt.Client", client)).publish("t", b"", qos=1)
        said.append("went on")
        await asyncio.sleep(10)

    speaking = asyncio.create_task(speak())
    await asyncio.sleep(0.01)
    client.answer.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(speaking, 1)
