"""A line in the terminal now and then: what the county does."""

import asyncio
import contextlib
import sqlite3
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from gongfu.cli.output import say
from gongfu.demo_clock import SHANGHAI
from gongfu.fleet_side import FleetSide
from gongfu.telemetry import Telemetry
from gongfu_broker.clock import Clock

FIRST_S = 3.0
EVERY_S = 15.0


async def report_status(fleet: FleetSide, telemetry: Telemetry, clock: Clock) -> None:
    """Print until cancelled."""
    await asyncio.sleep(FIRST_S)
    while True:
        # A line for people must not end the platform; on a full disk it may go nowhere.
        with contextlib.suppress(OSError, sqlite3.Error, SQLAlchemyError):
            say(await asyncio.to_thread(status_line, fleet, telemetry, clock))
        await asyncio.sleep(EVERY_S)


def status_line(fleet: FleetSide, telemetry: Telemetry, clock: Clock) -> str:
    """``Tue 08:42  118/119 devices connected  1,234 messages  open incidents: 1 …``."""
    now = datetime.fromtimestamp(clock.now_ms() / 1000, SHANGHAI)
    links = telemetry.reports.links()
    counters = telemetry.reports.counters()
    registered = sum(asset.reports for asset in fleet.registry.assets().values())
    incidents = fleet.incidents.open_items(1_000)
    unack = sum(incident.workflow == "unack" for incident in incidents)
    return (
        f"{now:%a %H:%M}  {sum(link.online for link in links.values())}/{registered} devices"
        f" connected  {counters.get('accepted', 0):,} messages"
        f"  open incidents: {len(incidents)}, unacknowledged: {unack}"
    )
