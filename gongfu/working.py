"""The worker: broker child, ingest, consumers, notifications, jobs. It serves no HTTP.

So nothing of HTTP is imported here, which lets a worker that was killed be back sooner.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

from gongfu.backup.daily import KEEP, backup_job
from gongfu.cli.output import say
from gongfu.collector import calm_collector
from gongfu.device_accounts import DeviceAccounts, adopt_former, equip_county, keep_accounts
from gongfu.flow_side import flow_of
from gongfu.heartbeat import FILE_NAME, beat
from gongfu.house import House, Work, end, open_house, until_stopped
from gongfu.housekeeping import housekeeping
from gongfu.influx_side import state_sender
from gongfu.liveness_side import delivery_watch, liveness_watch, sale_lock_keeper
from gongfu.notify_side import Notifications, notifications
from gongfu.secrets_file import load_secrets
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu.wiring import Worker, broker_users, embedded_broker, platform_users, worker
from gongfu_broker.broker_keeper import BrokerKeeper
from gongfu_broker.clock import RealClock, real_ms, write_anchor
from gongfu_fleet.jobs import Job, start_jobs
from gongfu_ingest.forwarder import Forwarder

CLOCK_SAVE_S = 1.0
LIVENESS_S = 5.0
SALE_LOCK_S = 2.0
SNAPSHOT_S = 30.0
OLD_NOTICES_S = 6 * 3_600.0


class Working(NamedTuple):
    """A worker, and what it does until it is stopped."""

    worker: Worker
    tasks: list[Work]


async def run_worker(settings: Settings) -> None:
    """Ingest, consumers and housekeeping, without HTTP; tells its health by ``worker.json``."""
    with hold_state(settings.state), open_house(settings) as house:
        async with working(house) as work:
            await until_stopped(house, work.tasks)


@contextlib.asynccontextmanager
async def working(house: House) -> AsyncIterator[Working]:
    """The worker in its house, with broker and jobs; the tasks are the caller's to run."""
    async with _broker(house):
        work = _worker(house)
        house.troubles.extend((work.troubles, house.fleet.zones.troubles))
        telling = notifications(house.settings, clock=house.clock, fleet=house.fleet)
        house.troubles.append(telling.troubles)
        with _jobs(house, work, telling):
            loops = [loop.run() for loop in telling.loops]
            yield Working(work, [*_worker_tasks(house, work), *loops])


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
        await end(tasks)
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
        *(loop.run() for loop in work.consumers),
        work.downlink.run(),
        _save_clock(house),
        beat(
            path,
            lambda: work.ingest.state.connected,
            house.complaints,
            flow=lambda: flow_of(work, house.clock),
        ),
    ]


async def _forward(forwarder: Forwarder) -> None:
    try:
        await forwarder.run()
    finally:
        forwarder.close()


@contextlib.contextmanager
def _jobs(house: House, work: Worker, telling: Notifications) -> Iterator[None]:
    channels = liveness_watch(work, clock=house.clock, telemetry=house.telemetry, fleet=house.fleet)
    late = delivery_watch(work, clock=house.clock, telemetry=house.telemetry, fleet=house.fleet)
    locks = sale_lock_keeper(clock=house.clock, telemetry=house.telemetry, fleet=house.fleet)
    jobs = [
        Job("liveness", LIVENESS_S, work.watch.tick),
        Job("sales", LIVENESS_S, work.sales.tick),
        Job("silent channels", LIVENESS_S, channels.tick),
        Job("backlogs and clocks", LIVENESS_S, late.tick),
        Job("sale lock", SALE_LOCK_S, locks.tick),
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


async def _save_clock(house: House) -> None:
    while not isinstance(house.clock, RealClock):
        # A full disk is ingest's to tell; the anchor may be older for a while.
        with contextlib.suppress(OSError):
            write_anchor(house.settings.clock_path, house.clock)
        await asyncio.sleep(CLOCK_SAVE_S)
    await house.stopping.wait()
