"""What the bus and the committed log look like to those who use them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gongfu_broker.codec import Sample, decode_telemetry
from gongfu_broker.columns import DeviceKind
from gongfu_broker.topics import Leaf


class Message(NamedTuple):
    """One message as the broker hands it over; ``retained`` when it was kept from earlier."""

    topic: str
    payload: bytes
    retained: bool = False


class Bus(Protocol):
    """A live connection to the broker."""

    async def publish(
        self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False
    ) -> None:
        """Send one message. Raises BusDisconnectedError."""
        ...

    async def subscribe(self, topic_filter: str, *, qos: int = 0) -> None:
        """Ask for messages; raises BrokerError when the broker refuses."""
        ...

    def messages(self) -> AsyncIterator[Message]:
        """Messages as they come; raises BusDisconnectedError at the end of the connection."""
        ...


class Intake(Protocol):
    """A live QoS-1 subscription whose messages the broker keeps until they are acknowledged.

    Messages of QoS 0 and retained ones count like the others; acknowledging them says nothing to
    the broker.
    """

    async def subscribe(self, topic_filter: str, *, qos: int = 1) -> None:
        """Ask for messages; raises BrokerError when the broker refuses."""
        ...

    async def unsubscribe(self, topic_filter: str) -> None:
        """Ask for no more; what waits for this filter alone is dropped. Unknown ones do no harm."""
        ...

    async def take(self, limit: int) -> Sequence[Message]:
        """Wait for at least one message; return at most ``limit`` that are here, in order.

        Raises BusDisconnectedError at the end of the connection.
        """
        ...

    def acknowledge(self, count: int) -> None:
        """The oldest ``count`` messages taken and not yet acknowledged are durable.

        PUBACKs leave in the order of arrival, written together. Without effect once the
        connection is gone: the broker then sends the messages again.
        """
        ...

    async def send(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Publish (topic, payload) at QoS 0, written together. Raises BusDisconnectedError."""
        ...


@dataclass(frozen=True)
class Will:
    """What the broker publishes for a client that vanishes."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = True


@dataclass(frozen=True)
class Session:
    """Who connects and how. ``persistent`` keeps subscriptions and unacknowledged messages.

    ``window``: how many messages an Intake holds unacknowledged at most (Receive Maximum).
    """

    client_id: str
    user: str
    secret: str
    persistent: bool = False
    will: Will | None = None
    keep_alive_s: int = 30
    max_waiting: int = 0
    window: int = 0


class BusConnector(Protocol):
    """Opens connections; the adapter knows where the broker is."""

    def connect(self, session: Session) -> AbstractAsyncContextManager[Bus]:
        """A connection that ends with the block. Raises BusDisconnectedError on failure."""
        ...


class IntakeConnector(Protocol):
    """Opens intakes; the adapter knows where the broker is."""

    def intake(self, session: Session) -> AbstractAsyncContextManager[Intake]:
        """An intake that ends with the block. Raises BusDisconnectedError on failure."""
        ...


@dataclass(frozen=True)
class Device:
    """What ingest must know of a registered device."""

    dev: str
    site: str
    kind: DeviceKind


class DeviceDirectory(Protocol):
    """The registry as ingest sees it."""

    def devices(self) -> Mapping[str, Device]:
        """Every device that may report, by id."""
        ...


class CommittedRecord(NamedTuple):
    """One accepted message in the log.

    ``offset_ms`` is what its device's clock was off by, decided once at commit: resolved time =
    device time + offset_ms. ``boot`` and ``mseq`` are None for messages without numbering.
    """

    seq: int
    received_ms: int
    offset_ms: int
    site: str
    dev: str
    kind: DeviceKind
    leaf: Leaf
    boot: int | None
    mseq: int | None
    payload: bytes


class LogReader(Protocol):
    """The committed log as a consumer sees it. A cursor is (log_id, seq)."""

    @property
    def log_id(self) -> str:
        """Identity of this log; a cursor for another log must not be used."""
        ...

    def head(self) -> int:
        """Seq of the newest record; 0 when there is none."""
        ...

    def read(self, after: int, limit: int) -> Sequence[CommittedRecord]:
        """Records with seq > after, oldest first. Raises CursorError when they were trimmed."""
        ...

    def release(self, consumer: str, upto: int, *, read: int | None = None) -> None:
        """The consumer needs nothing up to ``upto`` any more; the log may trim it.

        ``read``: how far it has read, when it has not saved yet what the rest gave.
        """
        ...


class Window(NamedTuple):
    """Statistics of one metric over [t0_ms, t0_ms + every_ms)."""

    t0_ms: int
    n: int
    min: float
    max: float
    mean: float


def resolved_samples(record: CommittedRecord) -> list[Sample]:
    """The record's samples with resolved times; empty for leaves that carry none."""
    if record.leaf not in (Leaf.TEL, Leaf.BF):
        return []
    decoded = decode_telemetry(record.kind, record.payload)
    return [Sample(s.ts_ms + record.offset_ms, s.values) for s in decoded.samples]
