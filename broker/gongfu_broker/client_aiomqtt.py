"""The bus over aiomqtt (the renamed asyncio-mqtt).

aiomqtt sends PUBACK before the application has taken a message, so a PUBACK promises nothing here:
only the application ack does. With ``max_waiting`` set, messages beyond the bound are dropped
unacknowledged and their devices send them again.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.ports import Bus, Message, Session

T = TypeVar("T")
_REFUSED = 0x80
# How long an MQTT 5 broker keeps the session of a persistent client that is away.
SESSION_EXPIRY_S = 7 * 86_400
_log = logging.getLogger(__name__)
_log.setLevel(logging.ERROR)


class AiomqttBus:
    """A connected client behind the ``Bus`` port."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False
    ) -> None:
        """Send one message; with QoS 1 returns after the broker's PUBACK."""
        try:
            await _cancellable(self._client.publish(topic, payload, qos=qos, retain=retain))
        except aiomqtt.MqttError as error:
            raise BusDisconnectedError(str(error)) from error

    async def subscribe(self, topic_filter: str, *, qos: int = 0) -> None:
        """Subscribe and check the broker's answer, which may refuse."""
        try:
            granted = await _cancellable(self._client.subscribe(topic_filter, qos=qos))
        except aiomqtt.MqttError as error:
            raise BusDisconnectedError(str(error)) from error
        codes = [code if isinstance(code, int) else code.value for code in granted]
        if max(codes) >= _REFUSED:
            raise BrokerError(f"the broker refuses the subscription {topic_filter}: check its ACL")

    async def messages(self) -> AsyncIterator[Message]:
        """Messages as they come, until the connection ends."""
        try:
            async for message in self._client.messages:
                payload = message.payload
                body = payload if isinstance(payload, bytes) else str(payload).encode()
                yield Message(str(message.topic), body, message.retain)
        except aiomqtt.MqttError as error:
            raise BusDisconnectedError(str(error)) from error


@dataclass(frozen=True)
class AiomqttConnector:
    """Connects to ``host:port``; the embedded broker speaks MQTT 3.1.1 only."""

    host: str
    port: int
    timeout_s: float = 10.0
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    tls: ssl.SSLContext | None = None

    @contextlib.asynccontextmanager
    async def connect(self, session: Session) -> AsyncIterator[Bus]:
        """A connection that ends with the block. Raises BusDisconnectedError."""
        client = self._client(session)
        try:
            await client.__aenter__()
        except (aiomqtt.MqttError, OSError) as error:
            raise BusDisconnectedError(f"{self.host}:{self.port}: {error}") from error
        try:
            yield AiomqttBus(client)
        finally:
            # A link that is already gone has nothing left to say goodbye to.
            with contextlib.suppress(aiomqtt.MqttError, asyncio.TimeoutError):
                await client.__aexit__(None, None, None)

    def _client(self, session: Session) -> aiomqtt.Client:
        will = session.will and aiomqtt.Will(
            session.will.topic, session.will.payload, session.will.qos, session.will.retain
        )
        return aiomqtt.Client(
            self.host,
            self.port,
            username=session.user,
            password=session.secret,
            identifier=session.client_id,
            keepalive=_paho_keep_alive_s(session.keep_alive_s),
            will=will or None,
            timeout=self.timeout_s,
            max_queued_incoming_messages=session.max_waiting or None,
            tls_context=self.tls,
            logger=_log,
            **self._version(session),
        )

    def _version(self, session: Session) -> dict[str, Any]:  # Any: keywords of several types
        if self.protocol == "3.1.1":
            return {
                "protocol": aiomqtt.ProtocolVersion.V311,
                "clean_session": not session.persistent,
            }
        return {
            "protocol": aiomqtt.ProtocolVersion.V5,
            "clean_start": not session.persistent,
            "properties": _session_expiry() if session.persistent else None,
        }


async def _cancellable(call: Awaitable[T]) -> T:
    """What aiomqtt answers, unless this task was cancelled meanwhile.

    It waits with ``asyncio.wait_for``, which in Python 3.11 loses a cancellation that comes
    together with the answer: a loop that publishes would go on for ever.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    answer = await call
    if task and task.cancelling() > before:
        raise asyncio.CancelledError
    return answer


def _paho_keep_alive_s(keep_alive_s: int) -> int:
    """What to tell paho: it gives up a silent link after two of its keep-alives, we after 1.5."""
    return max(1, keep_alive_s * 2 // 3)


def _session_expiry() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho's own lack
    properties.SessionExpiryInterval = SESSION_EXPIRY_S
    return properties
