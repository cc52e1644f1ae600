"""The roles: ``gongfu run`` is everything in one process; ``worker`` and ``api`` are its halves.

The worker owns telemetry.db, the broker child and the log's consumers; the API reads telemetry.db
on the same host.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gongfu.backup.daily import KEEP, backup_job
from gongfu.children import OwnChild
from gongfu.cli.output import say
from gongfu.collector import calm_collector
from gongfu.demo_clock import platform_clock, utc_now
from gongfu.device_accounts import DeviceAccounts, adopt_former, equip_county, keep_accounts
from gongfu.fleet_side import FIRST_PASSWORD, FleetSide, open_fleet
from gongfu.flow_side import flow_of, room_at
from gongfu.fsync_gate import gate_engine
from gongfu.heartbeat import FILE_NAME, WorkerWatch, beat
from gongfu.housekeeping import housekeeping
from gongfu.http_server import HttpServer, http_server
from gongfu.influx_side import state_sender
from gongfu.notify_side import Notifications, notifications
from gongfu.secrets_file import load_secrets
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu.status_line import report_status
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu.wiring import (
    Face,
    Worker,
    api,
    broker_users,
    embedded_broker,
    platform_users,
    worker,
)
from gongfu_broker.broker_keeper import BrokerKeeper
from gongfu_broker.clock import Clock, RealClock, read_clock, real_ms, write_anchor
from gongfu_broker.embedded import require_free_port
from gongfu_fleet.jobs import Job, start_jobs
from gongfu_fleet.services.flow import Flow
from gongfu_ingest.forwarder import Forwarder

CLOCK_SAVE_S = 1.0
LIVENESS_S = 5.0
SNAPSHOT_S = 30.0
OLD_NOTICES_S = 6 * 3_600.0
STOP_S = 20.0
Work = Coroutine[Any, Any, None]
_log = logging.getLogger(__name__)


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


async def run(settings: Settings, *, quiet: bool = False) -> None:
    """Everything, until SIGINT, SIGTERM or SIGHUP; what is started here ends here."""
    require_free_port(settings.api.host, settings.api.port, "GONGFU_API__PORT")
    with hold_state(settings.state), _open(settings) as house:
        async with _broker(house):
            work = _worker(house)
            house.troubles.append(work.troubles)
            server = _server(
                house, lambda: work.ingest.state.connected, lambda: flow_of(work, house.clock)
            )
            telling = _notifications(house)
            tasks = [*_worker_tasks(house, work), *_telling(telling), _simulator(settings)]
            if not quiet:
                tasks.append(report_status(house.fleet, house.telemetry, house.clock))
            _greet(house)
            with _jobs(house, work, telling):
                await _until_stopped(house, tasks, server)


async def run_worker(settings: Settings) -> None:
    """Ingest, consumers and housekeeping, without HTTP; tells its health by ``worker.json``."""
    with hold_state(settings.state), _open(settings) as house:
        async with _broker(house):
            work = _worker(house)
            house.troubles.append(work.troubles)
            telling = _notifications(house)
            tasks = [*_worker_tasks(house, work), *_telling(telling)]
            with _jobs(house, work, telling):
                await _until_stopped(house, tasks, None)


async def run_api(settings: Settings) -> None:
    """HTTP only, beside a worker on the same host."""
    require_free_port(settings.api.host, settings.api.port, "GONGFU_API__PORT")
    with _open(settings, read_only=True) as house:
        watch = WorkerWatch(settings.state / FILE_NAME)
        # A schedule that nobody keeps is told here too.
        house.troubles.extend((watch.troubles, house.fleet.schedule().troubles))
        _greet(house)
        await _until_stopped(house, [], _server(house, watch.connected, watch.flow))


@contextlib.contextmanager
def _open(settings: Settings, *, read_only: bool = False) -> Iterator[House]:
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


@contextlib.asynccontextmanager
async def _broker(house: House) -> AsyncIterator[None]:
    keys = adopt_former(house.fleet, house.settings)
    if house.settings.simulates:
        equip_county(house.fleet, house.settings)
    accounts = DeviceAccounts(house.fleet)
    known = accounts.state(real_ms())
    broker = embedded_broker(house.settings, broker_users(house.fleet, keys))
    if broker is None:
        yield
        return
    say("starting the embedded MQTT broker …")
    await broker.start()
    keeper = BrokerKeeper(broker)
    house.troubles.append(keeper.troubles)
    platform = platform_users(keys)
    keeping = keep_accounts(accounts, platform, broker.reload, started_with=known)
    tasks = [asyncio.create_task(keeper.run()), asyncio.create_task(keeping)]
    try:
        yield
    finally:
        await _end(tasks)
        await broker.stop()


def _worker(house: House) -> Worker:
    keys = load_secrets(house.settings.state)
    made = worker(
        house.settings, keys, clock=house.clock, telemetry=house.telemetry, fleet=house.fleet
    )
    calm_collector()
    return made


def _worker_tasks(house: House, work: Worker) -> list[Work]:
    path = house.settings.state / FILE_NAME
    return [
        *([_forward(work.forwarder)] if work.forwarder else []),
        work.ingest.run(),
        work.watch.run(),
        work.results.run(),
        work.downlink.run(),
        _save_clock(house),
        beat(
            path,
            lambda: work.ingest.state.connected,
            house.complaints,
            flow=lambda: flow_of(work, house.clock),
        ),
    ]


def _notifications(house: House) -> Notifications:
    telling = notifications(house.settings, clock=house.clock, fleet=house.fleet)
    house.troubles.append(telling.troubles)
    return telling


def _telling(telling: Notifications) -> list[Work]:
    return [loop.run() for loop in telling.loops]


async def _forward(forwarder: Forwarder) -> None:
    try:
        await forwarder.run()
    finally:
        forwarder.close()


@contextlib.contextmanager
def _jobs(house: House, work: Worker, telling: Notifications) -> Iterator[None]:
    jobs = [
        Job("liveness", LIVENESS_S, work.watch.tick),
        Job("old notices", OLD_NOTICES_S, telling.trim),
        *housekeeping(house.telemetry, house.clock, house.settings.store),
        backup_job(house.settings, keep=1 if house.settings.simulates else KEEP),
    ]
    send = state_sender(
        house.settings, clock=house.clock, telemetry=house.telemetry, fleet=house.fleet
    )
    if send:
        jobs.append(Job("state snapshot for Grafana", SNAPSHOT_S, send))
    schedule = house.fleet.schedule()
    with start_jobs(jobs, schedule) as running:
        # The schedule also tells of jobs that hang, or that another process fails at.
        house.troubles.extend((running.troubles, schedule.troubles))
        yield


def _server(
    house: House, connected: Callable[[], bool], flow: Callable[[], Flow | None]
) -> HttpServer:
    face = Face(
        settings=house.settings,
        connected=connected,
        troubles=house.complaints,
        stopping=house.stopping,
        flow=flow,
        room=lambda: room_at(house.settings.telemetry_path),
    )
    app = api(house.clock, house.telemetry, fleet=house.fleet, face=face)
    return http_server(app, house.settings.api)


async def _simulator(settings: Settings) -> None:
    if not settings.simulates:
        await asyncio.Event().wait()
    words = ["simulate", "--until-stdin-closes", "--state", str(settings.state)]
    await OwnChild("the simulator", words).run()


async def _until_stopped(house: House, work: Sequence[Work], server: HttpServer | None) -> None:
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
        await _end(everything)


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    _, late = await asyncio.wait(tasks, timeout=STOP_S)
    for task in late:
        _log.error("%s did not stop within %g s", task.get_coro(), STOP_S)


async def _save_clock(house: House) -> None:
    while not isinstance(house.clock, RealClock):
        # A full disk is ingest's to tell; the anchor may be older for a while.
        with contextlib.suppress(OSError):
            write_anchor(house.settings.clock_path, house.clock)
        await asyncio.sleep(CLOCK_SAVE_S)
    await house.stopping.wait()


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stopping.set)


def _greet(house: House) -> None:
    api_settings = house.settings.api
    say(f"\n  供富大篷车  http://{api_settings.host}:{api_settings.port}/")
    if house.fleet.first_password:
        say(f"  first sign-in: user admin, password {house.fleet.first_password}")
    else:
        path = house.settings.state / FIRST_PASSWORD
        where = f"see {path}" if path.exists() else "lost it? 'gongfu password' makes a new one"
        say(f"  sign in as admin; its password: {where}")
    if house.settings.simulates:
        say(f"  demonstration: simulated county, time runs ×{house.clock.speed:g}")
    say("  stop with Ctrl-C\n")
