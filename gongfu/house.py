"""What every role opens, and how it runs until it is told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gongfu.cli.output import say
from gongfu.demo_clock import platform_clock, utc_now
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.fsync_gate import gate_engine
from gongfu.settings import Settings
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu_broker.clock import Clock, read_clock

STOP_S = 20.0
Work = Coroutine[Any, Any, None]
_log = logging.getLogger(__name__)


class Server(Protocol):
    """An HTTP server; only roles that have one load what it takes."""

    should_exit: bool

    async def serve(self) -> None:
        """Until ``should_exit``."""
        ...


@dataclass(frozen=True)
class House:
    """What every role opens."""

    settings: Settings
    clock: Clock
    fleet: FleetSide
    telemetry: Telemetry
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    troubles: list[Callable[[], Sequence[str]]] = field(default_factory=list)

    def complaints(self) -> list[str]:
        """What is not well at present, in sentences."""
        return [trouble for ask in self.troubles for trouble in ask()]


@contextlib.contextmanager
def open_house(settings: Settings, *, read_only: bool = False) -> Iterator[House]:
    """Databases and clock, open while the block runs; signals set ``stopping``."""
    say("opening databases …")
    fleet = open_fleet(settings)
    gate_engine(fleet.engine)
    try:
        telemetry = open_telemetry(settings.telemetry_path, read_only=read_only)
    except BaseException:
        fleet.close()
        raise
    clock = read_clock(settings.clock_path) if read_only else None
    house = House(settings, clock or platform_clock(settings, now=utc_now()), fleet, telemetry)
    _stop_on_signals(house.stopping)
    try:
        yield house
    finally:
        telemetry.close()
        fleet.close()


async def until_stopped(house: House, work: Sequence[Work], server: Server | None = None) -> None:
    """Run everything until told to stop; the first one that fails ends the others too."""
    tasks = [asyncio.create_task(one) for one in work]
    serving = asyncio.create_task(server.serve()) if server else None
    ending = asyncio.create_task(house.stopping.wait())
    everything = [*tasks, *([serving] if serving else [])]
    try:
        done, _ = await asyncio.wait([*everything, ending], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {ending}:
            task.result()
    finally:
        say("stopping …")
        house.stopping.set()
        if server and serving:
            # The server ends by itself; it is not cancelled in the middle of an answer.
            server.should_exit = True
            await asyncio.wait([serving], timeout=5)
        await end(everything)


async def end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancel them and wait; what does not stop in time is told."""
    for task in tasks:
        task.cancel()
    _, late = await asyncio.wait(tasks, timeout=STOP_S)
    for task in late:
        _log.error("%s did not stop within %g s", task.get_coro(), STOP_S)


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stopping.set)
