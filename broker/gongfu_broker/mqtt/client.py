"""Our own MQTT client: connections to a broker as the ports ``Intake`` and ``Bus`` want them.

Connecting again after an outage is for whoever holds the connector; backoff.py says when.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.mqtt import properties as props
from gongfu_broker.mqtt.link import Link, granted, note_refusal
from gongfu_broker.mqtt.packets import ConnAck, Connect, Version, WillMessage
from gongfu_broker.mqtt.properties import Properties, Property
from gongfu_broker.mqtt.session import MqttSession
from gongfu_broker.ports import Bus, Intake, Message, Session

DEFAULT_WINDOW = 10_000
# How long an MQTT 5 broker keeps the session of a persistent client that is away.
SESSION_EXPIRY_S = 7 * 86_400
_log = logging.getLogger(__name__)
_VERSIONS = {"3.1.1": Version.V311, "5": Version.V5}


class MqttIntake:
    """A connected session behind the ``Intake`` port."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def resumed(self) -> bool:
        """Whether the broker still held this client's session."""
        accepted = self._link.session.accepted
        return accepted is not None and accepted.session_present

    async def subscribe(self, topic_filter: str, *, qos: int = 1) -> None:
        """Subscribe and check the answer, however many messages come before it."""
        await _subscribe(self._link, topic_filter, qos)

    async def unsubscribe(self, topic_filter: str) -> None:
        """Unsubscribe; the broker says yes to what was not subscribed as well."""
        self._link.check()
        identifier, packet = self._link.session.unsubscribe(topic_filter)
        self._link.write(packet)
        await self._link.answer(identifier)

    async def take(self, limit: int) -> Sequence[Message]:
        """At least one message and at most ``limit``; what has arrived outlives the connection."""
        await self._link.arrival()
        return self._link.session.take(limit)

    def acknowledge(self, count: int) -> None:
        """PUBACKs of the oldest ``count`` messages taken, in one write."""
        self._link.acknowledge(count)

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish (topic, payload) at QoS 0 in one write."""
        self._link.check()
        self._link.write(self._link.session.publish_all(messages))
        await self._link.drained()


class MqttBus:
    """A connected session behind the ``Bus`` port."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._slots = asyncio.Semaphore(link.session.in_flight_limit)

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False
    ) -> None:
        """Send one message; with QoS 1 returns after the broker's PUBACK."""
        link = self._link
        if not qos:
            link.check()
            link.write(link.session.publish(topic, payload, qos=0, retain=retain)[1])
            await link.drained()
            return
        async with self._slots:
            link.check()
            identifier, packet = link.session.publish(topic, payload, qos=qos, retain=retain)
            link.write(packet)
            if identifier is not None:
                note_refusal(await link.answer(identifier), topic)

    async def subscribe(self, topic_filter: str, *, qos: int = 0) -> None:
        """Subscribe and check the broker's answer, which may refuse."""
        await _subscribe(self._link, topic_filter, qos)

    async def messages(self) -> AsyncIterator[Message]:
        """Messages as they come, until the connection ends."""
        while True:
            await self._link.arrival()
            (message,) = self._link.session.take(1)
            # Acknowledged as it is handed over; who must not lose it uses an intake.
            self._link.acknowledge(1)
            yield message


async def _subscribe(link: Link, topic_filter: str, qos: int) -> None:
    if qos not in (0, 1):
        raise BrokerError(f"this client knows QoS 0 and 1, not {qos}: ask for one of them")
    link.check()
    identifier, packet = link.session.subscribe(topic_filter, qos)
    link.write(packet)
    refusal = granted(await link.answer(identifier), topic_filter, qos)
    if refusal:
        raise BrokerError(refusal)


@dataclass(frozen=True)
class MqttConnector:
    """Connects to ``host:port`` over MQTT 3.1.1 or 5; ``tls`` checks the broker's certificate.

    ``gather_s``: an intake lets small messages gather this long, which spares a turn of the event
    loop for each of them.
    """

    host: str
    port: int
    timeout_s: float = 10.0
    protocol: Literal["3.1.1", "5"] = "3.1.1"
    tls: ssl.SSLContext | None = None
    gather_s: float = 0.01

    @contextlib.asynccontextmanager
    async def intake(self, session: Session) -> AsyncIterator[Intake]:
        """A connection whose messages wait until they are acknowledged."""
        link = await self._open(session, gather_s=self.gather_s)
        try:
            yield MqttIntake(link)
        finally:
            await link.close()

    @contextlib.asynccontextmanager
    async def connect(self, session: Session) -> AsyncIterator[Bus]:
        """A connection that ends with the block. Raises BusDisconnectedError."""
        link = await self._open(session)
        try:
            yield MqttBus(link)
        finally:
            await link.close()

    async def _open(self, session: Session, *, gather_s: float = 0.0) -> Link:
        loop = asyncio.get_running_loop()
        version = _VERSIONS[self.protocol]
        window = session.window or DEFAULT_WINDOW
        packet = connect_packet(session, version, window=window)
        protocol = MqttSession(packet, version, window=window, now_s=loop.time())
        link = Link(protocol, self.timeout_s, gather_s=gather_s)
        try:
            async with asyncio.timeout(self.timeout_s):
                await loop.create_connection(lambda: link, self.host, self.port, ssl=self.tls)
                _note_expiry(session, await link.accepted())
        except BusDisconnectedError as error:
            error.args = (f"{self.host}:{self.port}: {error}",)
            raise
        except (OSError, TimeoutError) as error:
            await link.close()
            raise BusDisconnectedError(
                f"{self.host}:{self.port}: {_why(error, self.tls)}"
            ) from error
        except BaseException:
            await link.close()
            raise
        return link


def connect_packet(session: Session, version: Version, *, window: int) -> Connect:
    """CONNECT for a session; MQTT 5 also says how long it is kept and how large the window is."""
    will = session.will
    listed: Properties = ()
    if version is Version.V5:
        expiry_s = SESSION_EXPIRY_S if session.persistent else 0
        listed = ((Property.SESSION_EXPIRY_S, expiry_s), (Property.RECEIVE_MAXIMUM, window))
    return Connect(
        session.client_id,
        session.keep_alive_s,
        clean=not session.persistent,
        user=session.user,
        password=session.secret.encode(),
        will=WillMessage(will.topic, will.payload, will.qos, will.retain) if will else None,
        properties=listed,
    )


def _note_expiry(session: Session, accepted: ConnAck) -> None:
    kept_s = props.number(accepted.properties, Property.SESSION_EXPIRY_S)
    if session.persistent and kept_s is not None and kept_s < SESSION_EXPIRY_S:
        _log.warning(
            "the broker keeps messages for %s for %d s only, not %d: raise its limit, or a longer "
            "absence loses them",
            session.user,
            kept_s,
            SESSION_EXPIRY_S,
        )


def _why(error: OSError | TimeoutError, tls: ssl.SSLContext | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}): name the authority that "
            "signed it"
        )
    # A broker's plain port hangs up on a TLS greeting.
    if isinstance(error, ssl.SSLError) or (tls and isinstance(error, ConnectionResetError)):
        return f"no TLS there ({error}): is this the broker's TLS port?"
    if isinstance(error, TimeoutError) and not error.args:
        return "no answer to CONNECT: is a broker listening there?"
    return f"{error}: is the broker running, and reachable?"
