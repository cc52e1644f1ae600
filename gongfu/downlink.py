"""The way of commands to the devices: on the air at QoS 0, again and again until the outcome.

It looks into the store some times a second, so whoever asked may sit in another process. Nothing is
kept here that a restart could lose: what is open goes on being sent.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from gongfu.secrets_file import Secrets
from gongfu.settings import OWN_DOWNLINK_USER, Settings, further_user, secret_text
from gongfu_broker import payloads
from gongfu_broker.clock import Clock
from gongfu_broker.codec import encode
from gongfu_broker.errors import BrokerError
from gongfu_broker.ports import Bus, BusConnector, Session
from gongfu_broker.topics import Leaf, Topic
from gongfu_fleet.domain.commands import REPEAT_MS, Command
from gongfu_fleet.errors import FleetError
from gongfu_fleet.services.command_ports import CommandStore
from gongfu_fleet.services.commands import next_orders

IDLE_S, BUSY_S = 0.1, 0.05
AWAY_S = 1.0
_log = logging.getLogger(__name__)


def downlink_session(settings: Settings, keys: Secrets) -> Session | None:
    """Its account, whose client id is a secret; None where the broker has none for it."""
    broker = settings.broker
    user = further_user(broker, broker.downlink_user, OWN_DOWNLINK_USER)
    if not user:
        return None
    secret = secret_text(broker.downlink_password, broker.downlink_password_file)
    return Session(keys.downlink_client_id, user, secret or keys.downlink)


@dataclass
class Downlink:
    """Sends open commands while it is connected, and lets time pass over them when it is not."""

    store: CommandStore
    clock: Clock
    connector: BusConnector
    session: Session | None
    _trouble: str | None = None
    _said_ms: dict[str, int] = field(default_factory=dict)

    def troubles(self) -> Sequence[str]:
        """Sentences for /health; empty while all is well."""
        return [self._trouble] if self._trouble else []

    async def run(self) -> None:
        """Work until cancelled; a lost link or a busy database only makes commands expire."""
        if self.session is None:
            _log.warning("no account for commands: set GONGFU_BROKER__DOWNLINK_USER to send any")
        while True:
            try:
                await self._try()
            except* (BrokerError, SQLAlchemyError, FleetError) as group:
                self._fail(group.exceptions[0])
            await asyncio.sleep(AWAY_S)

    async def _try(self) -> None:
        # Whatever comes of the link, what is over is told to be over.
        await self._round(None)
        if self.session is None:
            return
        async with self.connector.connect(self.session) as bus, asyncio.TaskGroup() as group:
            group.create_task(_until_lost(bus))
            group.create_task(self._send(bus))

    async def _send(self, bus: Bus) -> None:
        while True:
            busy = await self._round(bus)
            if self._trouble:
                _log.info("commands can be sent again")
            self._trouble = None
            await asyncio.sleep(BUSY_S if busy else IDLE_S)

    async def _round(self, bus: Bus | None) -> bool:
        """Send what is due; returns whether anything is open."""
        orders = await asyncio.to_thread(
            next_orders, self.store, self.clock, linked=bus is not None
        )
        open_now = {order.id for order in orders}
        self._said_ms = {key: at for key, at in self._said_ms.items() if key in open_now}
        now_ms = self.clock.now_ms()
        for order in orders:
            last_ms = self._said_ms.get(order.id)
            if bus and (last_ms is None or now_ms - last_ms >= REPEAT_MS):
                self._said_ms[order.id] = now_ms
                await bus.publish(
                    str(Topic(order.site, order.asset, Leaf.CMD)), wire(order, now_ms)
                )
        return bool(orders)

    def _fail(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        sentence = f"commands cannot be sent: {error}"
        if self._trouble is None:
            _log.warning("%s", sentence)
        self._trouble = sentence


def wire(order: Command, now_ms: int) -> bytes:
    """The command as a device reads it; it judges ``exp`` by the platform's time."""
    told = payloads.Command(order.id, order.name.value, order.exp_ms, now_ms, dict(order.args))
    return encode(told)


async def _until_lost(bus: Bus) -> None:
    """Nothing comes on this connection, but its end."""
    async for _ in bus.messages():
        pass
