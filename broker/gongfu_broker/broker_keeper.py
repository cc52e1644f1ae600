"""Keeping the embedded broker alive: started again when it ends, or when it can store no more.

nats-server remembers a failed write: after a full disk it takes connections, but no message, until
it is started anew. So its own health page is asked, and it is started again once there is room.
"""

import asyncio
import logging
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from gongfu_broker.errors import BrokerStartError

LOOK_S = 2.0
RETRY_S = 1.0
# With less room than this a new start would soon end like the one before.
NEEDED_BYTES = 32 * 1024**2
TROUBLE = (
    "The embedded broker cannot store messages: free disk space under the state folder and see "
    "the log; it is started again by itself, devices keep their data meanwhile."
)
_log = logging.getLogger(__name__)


class KeptBroker(Protocol):
    """A broker child as its keeper sees it."""

    @property
    def folder(self) -> Path:
        """Where it stores messages."""
        ...

    async def start(self) -> None:
        """Start it. Raises BrokerStartError."""
        ...

    async def stop(self) -> None:
        """Stop it."""
        ...

    async def wait(self) -> int:
        """Return the exit code when it ends."""
        ...

    async def ailment(self) -> str | None:
        """Why it can store nothing, in its own words; None while it is well."""
        ...


class BrokerKeeper:
    """Watches one broker that was started."""

    def __init__(
        self,
        broker: KeptBroker,
        *,
        look_s: float = LOOK_S,
        retry_s: float = RETRY_S,
        needed_bytes: int = NEEDED_BYTES,
    ) -> None:
        self._broker = broker
        self._retry_s = retry_s
        self._look_s = look_s
        self._needed_bytes = needed_bytes
        self._trouble: str | None = None

    def troubles(self) -> Sequence[str]:
        """A sentence with its remedy while the broker is not well."""
        return [self._trouble] if self._trouble else []

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            ended = asyncio.create_task(self._broker.wait())
            try:
                await self._until_ended_or_sick(ended)
            finally:
                ended.cancel()
            await self._start_again()

    async def _until_ended_or_sick(self, ended: "asyncio.Task[int]") -> None:
        while not ended.done():
            await asyncio.wait([ended], timeout=self._look_s)
            if ended.done():
                self._note(f"it ended with code {ended.result()}")
                return
            ailment = await self._broker.ailment()
            if ailment is not None:
                self._note(ailment)
                if self._has_room():
                    return

    def _has_room(self) -> bool:
        return shutil.disk_usage(self._broker.folder).free >= self._needed_bytes

    def _note(self, why: str) -> None:
        if self._trouble is None:
            _log.error("the embedded broker cannot go on: %s", why)
        self._trouble = TROUBLE

    async def _start_again(self) -> None:
        await asyncio.sleep(self._retry_s)
        await self._broker.stop()
        while True:
            # A full disk refuses the configuration file as well.
            with suppress(BrokerStartError, OSError):
                await self._broker.start()
                _log.info("the embedded broker was started again")
                self._trouble = None
                return
            await asyncio.sleep(self._look_s)
