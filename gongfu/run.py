"""``gongfu run``: broker child, ingest, consumers, API and the simulated county, in one process."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from gongfu.children import OwnChild
from gongfu.cli.output import say
from gongfu.demo_clock import platform_clock, save_clock, utc_now
from gongfu.directory import RegisteredDevices
from gongfu.fleet_side import FIRST_PASSWORD, FleetSide, open_fleet
from gongfu.housekeeping import housekeeping
from gongfu.http_server import HttpServer, http_server
from gongfu.secrets_file import load_secrets
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu.status_line import report_status
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu.wiring import Face, Worker, api, broker_users, embedded_broker, worker
from gongfu_broker.clock import Clock, RealClock
from gongfu_broker.embedded import EmbeddedBroker, require_free_port
from gongfu_fleet.jobs import start_jobs

CLOCK_SAVE_S = 1.0
STOP_S = 20.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class House:
    """Everything that was opened."""

    settings: Settings
    clock: Clock
    fleet: FleetSide
    telemetry: Telemetry
    work: Worker
    server: HttpServer
    stopping: asyncio.Event
    troubles: list[Callable[[], Sequence[str]]]


async def run(settings: Settings, *, quiet: bool = False) -> None:
    """Run until SIGINT or SIGTERM; everything started here ends here."""
    with hold_state(settings.state):
        require_free_port(settings.api.host, settings.api.port, "GONGFU_API__PORT")
        async with _open(settings) as house, _broker(house):
            _stop_on_signals(house)
            _greet(house)
            with start_jobs(housekeeping(house.telemetry, house.clock, settings.store)) as jobs:
                house.troubles.append(jobs.troubles)
                await _work(house, quiet=quiet)


@contextlib.asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[House]:
    say("opening databases …")
    fleet = open_fleet(settings)
    telemetry = open_telemetry(settings.telemetry_path)
    clock = platform_clock(settings, now=utc_now())
    keys = load_secrets(settings.state, RegisteredDevices(fleet.registry).devices())
    work = worker(settings, keys, clock=clock, telemetry=telemetry, fleet=fleet)
    stopping = asyncio.Event()
    troubles: list[Callable[[], Sequence[str]]] = [work.troubles]
    face = Face(stopping, lambda: [told for ask in troubles for told in ask()], settings.api)
    server = http_server(api(clock, telemetry, fleet=fleet, work=work, face=face), settings.api)
    try:
        yield House(settings, clock, fleet, telemetry, work, server, stopping, troubles)
    finally:
        telemetry.close()
        fleet.close()


@contextlib.asynccontextmanager
async def _broker(house: House) -> AsyncIterator[None]:
    devices = RegisteredDevices(house.fleet.registry)
    keys = load_secrets(house.settings.state, devices.devices())
    broker = embedded_broker(house.settings, broker_users(devices, keys))
    if broker is None:
        yield
        return
    say("starting the embedded MQTT broker …")
    await broker.start()
    watcher = asyncio.create_task(_keep_broker(broker))
    try:
        yield
    finally:
        watcher.cancel()
        await broker.stop()


async def _keep_broker(broker: EmbeddedBroker) -> None:
    while True:
        code = await broker.wait()
        _log.error("the embedded broker ended with code %d; starting it again", code)
        await asyncio.sleep(1)
        await broker.start()


async def _work(house: House, *, quiet: bool) -> None:
    tasks = [
        asyncio.create_task(house.work.ingest.run()),
        asyncio.create_task(house.work.watch.run()),
        asyncio.create_task(house.server.serve()),
        asyncio.create_task(_save_clock(house)),
    ]
    if house.settings.simulates:
        tasks.append(asyncio.create_task(_simulator(house.settings).run()))
    if not quiet:
        tasks.append(asyncio.create_task(report_status(house.fleet, house.telemetry, house.clock)))
    ending = asyncio.create_task(house.stopping.wait())
    try:
        done, _ = await asyncio.wait([*tasks, ending], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {ending}:
            task.result()
    finally:
        say("stopping …")
        house.stopping.set()
        house.server.should_exit = True
        await _end(tasks)


def _simulator(settings: Settings) -> OwnChild:
    arguments = ["simulate", "--until-stdin-closes", "--state", str(settings.state)]
    return OwnChild("the simulator", arguments)


async def _end(tasks: list["asyncio.Task[None]"]) -> None:
    # The server ends by itself; it must not be cancelled in the middle of answering.
    await asyncio.wait([tasks[2]], timeout=5)
    for task in tasks:
        task.cancel()
    _, late = await asyncio.wait(tasks, timeout=STOP_S)
    for task in late:
        _log.error("%s did not stop within %g s", task.get_coro(), STOP_S)


async def _save_clock(house: House) -> None:
    while not isinstance(house.clock, RealClock):
        save_clock(house.settings.clock_path, house.clock)
        await asyncio.sleep(CLOCK_SAVE_S)
    await house.stopping.wait()


def _stop_on_signals(house: House) -> None:
    loop = asyncio.get_running_loop()
    stop: Callable[[], None] = house.stopping.set
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stop)


def _greet(house: House) -> None:
    api_settings = house.settings.api
    say(f"\n  供富大篷车  http://{api_settings.host}:{api_settings.port}/")
    if house.fleet.first_password:
        say(f"  first sign-in: user admin, password {house.fleet.first_password}")
    else:
        path = house.settings.state / FIRST_PASSWORD
        where = f"see {path}" if path.exists() else "it was shown at the first start"
        say(f"  sign in as admin; its password: {where}")
    if house.settings.simulates:
        say(f"  demonstration: simulated county, time runs ×{house.clock.speed:g}")
    say("  stop with Ctrl-C\n")
