"""One broker spoken to in one version, and what is counted there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from gongfu.secrets_file import Secrets
from gongfu.security.mqtt_store import Ledger
from gongfu_broker.access import User
from gongfu_broker.errors import BusDisconnectedError
from gongfu_broker.ports import Bus, BusConnector, Session
from gongfu_broker.topics import UP

HERE = "127.0.0.1"
DEVICE, NEIGHBOUR, REVOKED, ROTATED = "cab-0001", "cab-0002", "cab-0003", "cab-0004"
OWN = f"clf/v1/hangzhou/{DEVICE}"
FENCE = "clf/fence"
WAIT_S = 30.0
AGAIN_S = 0.5
WITNESS = User("witness", "hears-all-on-loopback-0", publish=("#",), subscribe=("#",))


@dataclass
class MqttFigures:
    """Counts over every broker and version tried; ``mqtt_missing`` are allowed and did not pass.

    ``mqtt_intrusions``: logins or takeovers that got something they must not. ``store_…`` is what
    telemetry.db says, see ``mqtt_store.Found``. ``expire_s``: from the end of an old credential's
    time until the embedded broker put it out.
    """

    mqtt_cells: int = 0
    mqtt_leaks: int = 0
    mqtt_missing: int = 0
    mqtt_intrusions: int = 0
    store_tried: int = 0
    store_allowed: int = 0
    store_leaks: int = 0
    store_missing: int = 0
    store_refused: int = 0
    takeovers: int = 0
    expired_tried: int = 0
    revoke_s: float = 0.0
    expire_s: float = 0.0
    mqtt_brokers: str = ""
    mqtt_skipped: str = ""


@dataclass(frozen=True)
class Trial:
    """The way to the broker, the secrets of its devices, and what ingest keeps of it."""

    name: str
    way: BusConnector
    secrets: dict[str, str]
    keys: Secrets
    ledger: Ledger

    @contextlib.asynccontextmanager
    async def witness(self) -> AsyncIterator[Bus]:
        """Who hears everything and may say everything."""
        session = Session(WITNESS.name, WITNESS.name, WITNESS.secret)
        async with self.way.connect(session) as bus:
            yield bus

    @contextlib.asynccontextmanager
    async def device(self, device: str) -> AsyncIterator[Bus]:
        """A device with its first secret."""
        async with self.way.connect(Session(device, device, self.secrets[device])) as bus:
            yield bus

    async def gets_in(self, login: str, secret: str) -> bool:
        """Whether the broker takes this secret."""
        try:
            async with self.way.connect(Session(login, login, secret)):
                return True
        except BusDisconnectedError:
            return False

    async def settle(self) -> None:
        """Return when ingest has committed everything said so far.

        Ingest hears each leaf by a filter of its own, so the fence stands on every one.
        """
        async with self.device(DEVICE) as bus:
            for leaf in UP:
                said = self.ledger.say(f"{OWN}/{leaf}", allowed=True)
                await bus.publish(said.topic, said.payload, qos=1)
        await self.insist()

    async def insist(self) -> None:
        """Say what is allowed and not in the store again, as devices do without an ack."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                while lost := [
                    one for one in self.ledger.said if one.allowed and not self.ledger.has(one)
                ]:
                    await asyncio.sleep(AGAIN_S)
                    async with self.device(DEVICE) as bus:
                        for one in lost:
                            if not self.ledger.has(one):
                                await bus.publish(one.topic, one.payload, qos=1)


async def until_fence(bus: Bus, fence: tuple[str, bytes] | None = None) -> list[tuple[str, bytes]]:
    """What is heard up to the fence, it included; messages of one sender come in order."""
    heard: list[tuple[str, bytes]] = []
    with contextlib.suppress(TimeoutError, BusDisconnectedError):
        async with asyncio.timeout(WAIT_S):
            async for message in bus.messages():
                heard.append((message.topic, message.payload))
                if heard[-1] == fence or (fence is None and message.topic == FENCE):
                    break
    return heard
