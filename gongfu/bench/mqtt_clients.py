"""What ``gongfu bench mqtt`` measures: one MQTT client in a process of its own, counting messages.

Run as a companion: ``python -m gongfu.bench.mqtt_clients SPEC.json``. Each client subscribes at
QoS 1 and does nothing with a message but count it; all those of asyncio run on uvloop.
"""

import asyncio
import importlib
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Literal

import aiomqtt
import msgspec
import paho.mqtt.client as paho
import uvloop
from paho.mqtt.enums import CallbackAPIVersion

from gongfu.bench.ingest_subject import cpu_s
from gongfu.bench.load_process import answer, questions
from gongfu_broker.mqtt import MqttConnector
from gongfu_broker.ports import Session

HOST, FILTER = "127.0.0.1", "clf/v1/+/+/tel"
TAKE = 1_000
POLL_S = 0.05


class Client(StrEnum):
    """The clients, by library, protocol and way of acknowledging."""

    OWN = "own"
    OWN_5 = "own_mqtt5"
    OWN_UNGATHERED = "own_ungathered"
    GMQTT_AUTO = "gmqtt_auto"
    GMQTT_MANUAL = "gmqtt_manual"
    PAHO_AUTO = "paho_auto"
    PAHO_MANUAL = "paho_manual"
    AIOMQTT = "aiomqtt"
    AIOMQTT_5 = "aiomqtt_mqtt5"


class Spec(msgspec.Struct, frozen=True):
    """Which client, and the account it uses."""

    client: Client
    port: int
    user: str
    secret: str


class Count:
    """How many messages came, and whether the subscription stands."""

    def __init__(self) -> None:
        self.messages = 0
        self.ready = threading.Event()

    def add(self, *_: object) -> int:
        """One more; 0 is gmqtt's word for a message that may be acknowledged."""
        self.messages += 1
        return 0

    def reached(self, wanted: int) -> bool:
        """Whether so many messages came."""
        return self.messages >= wanted


def _own(spec: Spec, count: Count) -> AbstractAsyncContextManager[None]:
    protocol: Literal["3.1.1", "5"] = "5" if spec.client is Client.OWN_5 else "3.1.1"
    gather_s = 0.0 if spec.client is Client.OWN_UNGATHERED else 0.01
    way = MqttConnector(HOST, spec.port, protocol=protocol, gather_s=gather_s)
    session = Session(spec.user, spec.user, spec.secret, persistent=True, window=10_000)

    async def listen() -> None:
        async with way.intake(session) as intake:
            await intake.subscribe(FILTER)
            count.ready.set()
            while True:
                batch = await intake.take(TAKE)
                count.messages += len(batch)
                intake.acknowledge(len(batch))

    return _running(listen)


def _aiomqtt(spec: Spec, count: Count) -> AbstractAsyncContextManager[None]:
    version = aiomqtt.ProtocolVersion
    client = aiomqtt.Client(
        HOST,
        spec.port,
        username=spec.user,
        password=spec.secret,
        identifier=spec.user,
        protocol=version.V5 if spec.client is Client.AIOMQTT_5 else version.V311,
    )

    async def listen() -> None:
        async with client:
            await client.subscribe(FILTER, qos=1)
            count.ready.set()
            async for _ in client.messages:
                count.add()

    return _running(listen)


@asynccontextmanager
async def _running(listen: Callable[[], Any]) -> AsyncIterator[None]:  # Any: a coroutine of ours
    task = asyncio.create_task(listen())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _gmqtt(spec: Spec, count: Count) -> AsyncIterator[None]:
    # By name: it is a development dependency, and the bench goes on without it.
    library = importlib.import_module("gmqtt")
    constants = importlib.import_module("gmqtt.mqtt.constants")
    manual = spec.client is Client.GMQTT_MANUAL
    client = library.Client(spec.user, optimistic_acknowledgement=not manual)
    client.set_auth_credentials(spec.user, spec.secret)
    client.on_message = count.add
    client.on_subscribe = lambda *_: count.ready.set()
    await client.connect(HOST, spec.port, version=constants.MQTTv311)
    client.subscribe(FILTER, qos=1)
    yield
    await client.disconnect()


@asynccontextmanager
async def _paho(spec: Spec, count: Count) -> AsyncIterator[None]:
    manual = spec.client is Client.PAHO_MANUAL
    client = paho.Client(CallbackAPIVersion.VERSION2, spec.user, manual_ack=manual)
    client.username_pw_set(spec.user, spec.secret)

    def on_message(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        count.add()
        if manual:
            client.ack(message.mid, message.qos)

    def on_connect(*_: object) -> None:
        client.subscribe(FILTER, 1)

    client.on_message = on_message
    client.on_subscribe = lambda *_: count.ready.set()
    client.on_connect = on_connect
    client.connect(HOST, spec.port)
    client.loop_start()
    yield
    client.loop_stop()


_CLIENTS: dict[Client, Callable[[Spec, Count], AbstractAsyncContextManager[None]]] = {
    Client.OWN: _own,
    Client.OWN_5: _own,
    Client.OWN_UNGATHERED: _own,
    Client.GMQTT_AUTO: _gmqtt,
    Client.GMQTT_MANUAL: _gmqtt,
    Client.PAHO_AUTO: _paho,
    Client.PAHO_MANUAL: _paho,
    Client.AIOMQTT: _aiomqtt,
    Client.AIOMQTT_5: _aiomqtt,
}


async def serve(spec: Spec) -> None:
    """Answer ``{"until": n}`` when n messages came, with the CPU seconds used so far."""
    count = Count()
    async with _CLIENTS[spec.client](spec, count):
        await _until(count.ready.is_set)
        async for question in questions():
            await _until(partial(count.reached, question["until"]))
            answer({"cpu_s": cpu_s(), "messages": count.messages})


async def _until(what: Callable[[], bool]) -> None:
    while not what():  # noqa: ASYNC110 - an event per message would be measured too
        await asyncio.sleep(POLL_S)


if __name__ == "__main__":
    uvloop.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Spec)))
