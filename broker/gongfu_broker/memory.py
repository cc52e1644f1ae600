"""A broker in this process: retained messages, last wills, ACL; passes the contract suite."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from gongfu_broker.access import User
from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.ports import Bus, Message, Session


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter with ``+`` and ``#`` covers the topic."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


@dataclass
class _Client:
    session: Session
    user: User
    inbox: asyncio.Queue[Message | None] = field(default_factory=asyncio.Queue)
    filters: set[str] = field(default_factory=set)
    alive: bool = True


class MemoryBroker:
    """Both the broker and its connector; use one instance per test or process."""

    def __init__(self, users: Iterable[User]) -> None:
        self._users = {user.name: user for user in users}
        self._retained: dict[str, bytes] = {}
        self._clients: dict[str, _Client] = {}
        self._asleep: dict[str, _Client] = {}

    @contextlib.asynccontextmanager
    async def connect(self, session: Session) -> AsyncIterator[Bus]:
        """A connection that ends with the block; an exception in it publishes the will."""
        user = self._users.get(session.user)
        if user is None or user.secret != session.secret:
            raise BusDisconnectedError(f"bad user name or password for {session.user!r}")
        if session.client_id in self._clients:
            self.drop(session.client_id)
        client = self._asleep.pop(session.client_id, None) or _Client(session, user)
        client.alive = True
        self._clients[session.client_id] = client
        try:
            yield _MemoryBus(self, client)
        except BaseException:
            self._publish_will(client)
            raise
        finally:
            self._leave(client)

    def drop(self, client_id: str) -> None:
        """Cut a client off, as a network failure would; its will is published."""
        client = self._clients[client_id]
        self._leave(client)
        client.inbox.put_nowait(None)
        self._publish_will(client)

    def _leave(self, client: _Client) -> None:
        client.alive = False
        if self._clients.get(client.session.client_id) is client:
            del self._clients[client.session.client_id]
            if client.session.persistent:
                self._asleep[client.session.client_id] = client

    def _publish_will(self, client: _Client) -> None:
        if will := client.session.will:
            client.session = Session(client.session.client_id, client.user.name, client.user.secret)
            self.route(client.user, Message(will.topic, will.payload), retain=will.retain)

    def route(self, user: User, message: Message, *, retain: bool) -> None:
        """Hand a message to every subscriber; a forbidden publish vanishes, as on MQTT 3.1.1."""
        if not any(matches(allowed, message.topic) for allowed in user.publish):
            return
        if retain:
            self._retained[message.topic] = message.payload
        for client in [*self._clients.values(), *self._asleep.values()]:
            if any(matches(wanted, message.topic) for wanted in client.filters):
                client.inbox.put_nowait(message)

    def add_filter(self, client: _Client, topic_filter: str) -> None:
        """Subscribe a client and hand over what is retained."""
        client.filters.add(topic_filter)
        for topic, payload in self._retained.items():
            if matches(topic_filter, topic):
                client.inbox.put_nowait(Message(topic, payload, retained=True))


class _MemoryBus:
    def __init__(self, broker: MemoryBroker, client: _Client) -> None:
        self._broker = broker
        self._client = client

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False
    ) -> None:
        del qos  # delivery inside one process is certain
        if not self._client.alive:
            raise BusDisconnectedError("the connection was dropped")
        self._broker.route(self._client.user, Message(topic, payload), retain=retain)
        await asyncio.sleep(0)

    async def subscribe(self, topic_filter: str, *, qos: int = 0) -> None:
        del qos
        # A filter inside an allowed one is allowed; '+' is then just a level like any other.
        allowed = self._client.user.subscribe
        if "#" in topic_filter or not any(matches(wide, topic_filter) for wide in allowed):
            raise BrokerError(f"the broker refuses the subscription {topic_filter}: check its ACL")
        self._broker.add_filter(self._client, topic_filter)

    async def messages(self) -> AsyncIterator[Message]:
        while (message := await self._client.inbox.get()) is not None:
            yield message
        raise BusDisconnectedError("the connection was dropped")
