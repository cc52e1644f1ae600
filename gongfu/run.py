"""The roles that serve HTTP: ``gongfu run`` is everything in one process, ``api`` only that.

The worker (working.py) owns telemetry.db, the broker child and the log's consumers; the API reads
telemetry.db on the same host.
"""

import asyncio
from collections.abc import Callable

from gongfu.children import OwnChild
from gongfu.cli.output import say
from gongfu.face import Face, api
from gongfu.fleet_side import FIRST_PASSWORD
from gongfu.flow_side import flow_of, room_at
from gongfu.heartbeat import FILE_NAME, WorkerWatch
from gongfu.house import House, open_house, until_stopped
from gongfu.http_server import HttpServer, http_server
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu.status_line import report_status
from gongfu.working import working
from gongfu_broker.listening import require_free_port
from gongfu_fleet.services.flow import Flow


async def run(settings: Settings, *, quiet: bool = False) -> None:
    """Everything, until SIGINT, SIGTERM or SIGHUP; what is started here ends here."""
    require_free_port(settings.api.host, settings.api.port, "GONGFU_API__PORT")
    with hold_state(settings.state), open_house(settings) as house:
        async with working(house) as (work, tasks):
            server = _server(
                house, lambda: work.ingest.state.connected, lambda: flow_of(work, house.clock)
            )
            tasks.append(_simulator(settings))
            if not quiet:
                tasks.append(report_status(house.fleet, house.telemetry, house.clock))
            _greet(house)
            await until_stopped(house, tasks, server)


async def run_api(settings: Settings) -> None:
    """HTTP only, beside a worker on the same host."""
    require_free_port(settings.api.host, settings.api.port, "GONGFU_API__PORT")
    with open_house(settings, read_only=True) as house:
        watch = WorkerWatch(settings.state / FILE_NAME)
        # A schedule that nobody keeps is told here too.
        house.troubles.extend((watch.troubles, house.fleet.schedule().troubles))
        _greet(house)
        await until_stopped(house, [], _server(house, watch.connected, watch.flow))


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
