"""A broker in this process: retained messages, last wills, ACL; passes the contract suite."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gongfu_broker.access import User
from gongfu_broker.errors import BrokerError, BusDisconnectedError
from gongfu_broker.ports import Bus, Intake, Message, Session

_WINDOW = 10_000


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT filter with ``+`` and ``#`` covers the topic."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


@dataclass(eq=False)
class _Client:
    """What the broker keeps for a client id: it outlives a connection of a persistent session."""

    session: Session
    user: User
    inbox: deque[Message] = field(default_factory=deque)
    filters: set[str] = field(default_factory=set)
    line: "_Line | None" = None


@dataclass(eq=False)
class _Line:
    """One connection; ``taken`` goes back to the inbox when it ends unacknowledged."""

    client: _Client
    alive: bool = True
    taken: deque[Message] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self) -> None:
        if not self.alive:
            raise BusDisconnectedError("the connection was dropped")

    async def arrival(self, room: Callable[[], int]) -> None:
        while not (self.alive and self.client.inbox and room()):
            self.check()
            self.news.clear()
            await self.news.wait()


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
        with self._line(session) as line:
            yield _MemoryBus(self, line)

    @contextlib.asynccontextmanager
    async def intake(self, session: Session) -> AsyncIterator[Intake]:
        """An intake that ends with the block; what it did not acknowledge comes again."""
        with self._line(session) as line:
            yield _MemoryIntake(self, line, session.window or _WINDOW)

    @contextlib.contextmanager
    def _line(self, session: Session) -> Iterator[_Line]:
        client = self._enter(session)
        line = client.line = _Line(client)
        try:
            yield line
        except BaseException:
            if line.alive:
                self._publish_will(client)
            raise
        finally:
            self._leave(line)

    def _enter(self, session: Session) -> _Client:
        user = self._users.get(session.user)
        if user is None or user.secret != session.secret:
            raise BusDisconnectedError(f"bad user name or password for {session.user!r}")
        if session.client_id in self._clients:
            self.drop(session.client_id)
        client = self._asleep.pop(session.client_id, None)
        if client is None or not session.persistent:
            client = _Client(session, user)
        client.session = session
        self._clients[session.client_id] = client
        return client

    def drop(self, client_id: str) -> None:
        """Cut a client off, as a network failure would; its will is published."""
        client = self._clients[client_id]
        if client.line is not None:
            self._leave(client.line)
        self._publish_will(client)

    def _leave(self, line: _Line) -> None:
        if not line.alive:
            return
        line.alive = False
        line.news.set()
        client = line.client
        client.inbox.extendleft(reversed(line.taken))
        del self._clients[client.session.client_id]
        if client.session.persistent:
            self._asleep[client.session.client_id] = client

    def _publish_will(self, client: _Client) -> None:
        if will := client.session.will:
            self.route(client.user, Message(will.topic, will.payload), retain=will.retain)

    def route(self, user: User, message: Message, *, retain: bool) -> None:
        """Hand a message to every subscriber; a forbidden publish vanishes, as on MQTT 3.1.1."""
        if not any(matches(allowed, message.topic) for allowed in user.publish):
            return
        if retain:
            self._retained[message.topic] = message.payload
        for client in [*self._clients.values(), *self._asleep.values()]:
            if any(matches(wanted, message.topic) for wanted in client.filters):
                _deliver(client, message)

    def add_filter(self, client: _Client, topic_filter: str) -> None:
        """Subscribe a client and hand over what is retained."""
        # A filter inside an allowed one is allowed; '+' is then just a level like any other.
        allowed = client.user.subscribe
        if "#" in topic_filter or not any(matches(wide, topic_filter) for wide in allowed):
            raise BrokerError(f"the broker refuses the subscription {topic_filter}: check its ACL")
        client.filters.add(topic_filter)
        for topic, payload in self._retained.items():
            if matches(topic_filter, topic):
                _deliver(client, Message(topic, payload, retained=True))


def _deliver(client: _Client, message: Message) -> None:
    client.inbox.append(message)
    if client.line is not None:
        client.line.news.set()


class _MemoryBus:
    def __init__(self, broker: MemoryBroker, line: _Line) -> None:
        self._broker = broker
        self._line = line

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False
    ) -> None:
        del qos  # delivery inside one process is certain
        self._line.check()
        self._broker.route(self._line.client.user, Message(topic, payload), retain=retain)
        await asyncio.sleep(0)

    async def subscribe(self, topic_filter: str, *, qos: int = 0) -> None:
        del qos
        self._broker.add_filter(self._line.client, topic_filter)

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            await self._line.arrival(lambda: 1)
            yield self._line.client.inbox.popleft()


class _MemoryIntake:
    def __init__(self, broker: MemoryBroker, line: _Line, window: int) -> None:
        self._broker = broker
        self._line = line
        self._window = window

    async def subscribe(self, topic_filter: str, *, qos: int = 1) -> None:
        del qos
        self._line.check()
        self._broker.add_filter(self._line.client, topic_filter)

    async def unsubscribe(self, topic_filter: str) -> None:
        self._line.check()
        client = self._line.client
        client.filters.discard(topic_filter)
        waiting = [m for m in client.inbox if any(matches(f, m.topic) for f in client.filters)]
        client.inbox.clear()
        client.inbox.extend(waiting)

    async def take(self, limit: int) -> Sequence[Message]:
        await self._line.arrival(self._room)
        inbox = self._line.client.inbox
        batch = [inbox.popleft() for _ in range(min(limit, self._room(), len(inbox)))]
        self._line.taken.extend(batch)
        return batch

    def acknowledge(self, count: int) -> None:
        if not self._line.alive:
            return
        if count > len(self._line.taken):
            raise BrokerError(
                f"{count} messages acknowledged, but only {len(self._line.taken)} taken"
            )
        for _ in range(count):
            self._line.taken.popleft()
        self._line.news.set()

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        self._line.check()
        for topic, payload in messages:
            self._broker.route(self._line.client.user, Message(topic, payload), retain=False)
        await asyncio.sleep(0)

    def _room(self) -> int:
        return self._window - len(self._line.taken)
