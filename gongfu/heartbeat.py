"""How a worker tells other processes on its host that it lives: a small file, every two seconds."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gongfu_broker.clock import real_ms
from gongfu_fleet.services.flow import Flow

FILE_NAME = "worker.json"
EVERY_S = 2.0
STALE_MS = 15_000


class Heartbeat(msgspec.Struct, frozen=True):
    """What a worker says of itself, in real time."""

    at_ms: int
    connected: bool
    troubles: tuple[str, ...] = ()
    flow: Flow | None = None


async def beat(
    path: Path,
    connected: Callable[[], bool],
    troubles: Callable[[], Sequence[str]],
    *,
    flow: Callable[[], Flow | None],
) -> None:
    """Write the file until cancelled."""
    while True:
        told = Heartbeat(real_ms(), connected(), tuple(troubles()), flow())
        part = path.with_suffix(".part")
        # A full disk is ingest's to tell; it must not end the worker that waits for room.
        with contextlib.suppress(OSError):
            part.write_bytes(msgspec.json.encode(told))
            part.replace(path)
        await asyncio.sleep(EVERY_S)


@dataclass(frozen=True)
class WorkerWatch:
    """The worker as another process sees it through its file."""

    path: Path

    def connected(self) -> bool:
        """Whether a live worker is connected to the broker."""
        told = self._read()
        return told is not None and told.connected

    def troubles(self) -> list[str]:
        """What the worker complains of, or that there is none."""
        told = self._read()
        if told is None:
            return ["No worker runs: start 'gongfu worker'; devices keep their data meanwhile."]
        return list(told.troubles)

    def flow(self) -> Flow | None:
        """What waits where in the worker."""
        told = self._read()
        return told.flow if told else None

    def _read(self) -> Heartbeat | None:
        try:
            told = msgspec.json.decode(self.path.read_bytes(), type=Heartbeat)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return told if real_ms() - told.at_ms < STALE_MS else None
