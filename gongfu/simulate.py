"""``gongfu simulate``: the devices, in a process of their own, speaking only MQTT."""

import asyncio
import signal

import msgspec

from gongfu.children import parent_gone
from gongfu.demo_county import demo_scenario
from gongfu.demo_timetable import demo_timetable
from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings
from gongfu.simulated_secrets import simulated_secrets
from gongfu.wiring import connector
from gongfu_broker.clock import Clock, read_clock
from gongfu_firmware_sim.run import SimSetup, simulate
from gongfu_firmware_sim.scenario import ScenarioSpec, load_spec
from gongfu_fleet.domain.registry import RegistryRecords
from gongfu_fleet.services.timetable_csv import lines_of
from gongfu_geo.villages import shipped_places

SCENARIO = "scenario.json"
# For people to look at and to change: gongfu import --timetable reads it.
TIMETABLE = "timetable.csv"
RING = "devices.db"


def county(settings: Settings, clock: Clock) -> ScenarioSpec:
    """The county's scenario, made at the first start and kept: a restart goes on with it."""
    path = settings.state / SCENARIO
    if not path.exists():
        fleet = open_fleet(settings)
        assets = fleet.registry.assets()
        spec = demo_scenario(assets, seed=settings.demo.seed, start_ms=clock.now_ms())
        calls = demo_timetable(spec, shipped_places().villages.values())
        fleet.registry.save(RegistryRecords(calls=calls))
        (settings.state / TIMETABLE).write_text("\n".join(lines_of(calls)) + "\n", "utf-8")
        fleet.close()
        path.write_bytes(msgspec.json.format(msgspec.json.encode(spec), indent=1))
    return load_spec(path)


async def simulate_county(settings: Settings, *, until_stdin_closes: bool) -> None:
    """Run the devices until a signal, or until the parent process is gone."""
    clock = read_clock(settings.clock_path)
    spec = county(settings, clock)
    setup = SimSetup(
        connector=connector(settings),
        clock=clock,
        secrets=simulated_secrets(settings.state),
        ring_path=settings.state / RING,
        ledger=settings.demo.ledger,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        # Ctrl-C reaches the whole process group; with a parent, the parent says when to stop.
        loop.add_signal_handler(name, (lambda: None) if until_stdin_closes else stopping.set)
    watcher = asyncio.create_task(_until_orphaned(stopping)) if until_stdin_closes else None
    try:
        await simulate(spec, setup, stopping=stopping)
    finally:
        if watcher:
            watcher.cancel()


async def _until_orphaned(stopping: asyncio.Event) -> None:
    await parent_gone()
    stopping.set()
