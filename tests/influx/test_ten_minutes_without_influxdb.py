"""InfluxDB stops for ten minutes under a simulated county; afterwards both stores hold the same.

Platform time runs ×150, so the ten minutes pass in four seconds. Simulator, ingest, store and
influxd are the real ones; only the broker between them is the one in memory.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from gongfu_broker.access import device_user, ingest_user
from gongfu_broker.clock import ScaledClock, real_ms
from gongfu_broker.memory import MemoryBroker
from gongfu_broker.ports import Session
from gongfu_broker.topics import uplink_filters
from gongfu_firmware_sim.daytime import MINUTE_MS, midnight_ms
from gongfu_firmware_sim.run import SimSetup, simulate
from gongfu_firmware_sim.scenario import DeviceSpec, ScenarioSpec
from gongfu_ingest.lanes import Lane
from gongfu_ingest.service import IngestService
from gongfu_ingest.stores.influx.target import InfluxTarget
from tests.influx.county import CABINETS, TRUCKS
from tests.influx.servers import Server
from tests.influx.stand import Stand, caught_up, shown_by, until

SPEED = 150.0
INGEST = Session("ingest", "ingest", "i", persistent=True)
START_MS = midnight_ms(20_403) + 8 * 60 * MINUTE_MS  # Tuesday 2025-11-11, 08:00 in Shanghai
DEPOT = (118.86826, 28.94765)
STOPS = tuple((118.80 + 0.012 * n, 28.90 + 0.01 * (n * 7 % 11)) for n in range(16))
SPEC = ScenarioSpec(
    seed=7,
    start_ms=START_MS,
    devices=(
        *(DeviceSpec(d.dev, d.kind, d.site, ("chilled_generic",)) for d in CABINETS),
        *(
            DeviceSpec(d.dev, d.kind, d.site, ("chilled_generic", "frozen"), DEPOT, STOPS)
            for d in TRUCKS
        ),
    ),
)


@asynccontextmanager
async def county_reports(
    stand: Stand, clock: ScaledClock, on_commit: Callable[[], None]
) -> AsyncIterator[None]:
    """Twelve devices measure and send, ingest commits and acknowledges."""
    devices = stand.county.devices().values()
    broker = MemoryBroker([ingest_user("ingest", "i"), *(device_user(d, "d") for d in devices)])
    stopping = asyncio.Event()
    setup = SimSetup(
        connector=broker,
        clock=clock,
        secrets={d.dev: "d" for d in devices},
        ring_path=stand.folder / "devices.db",
        tick_s=0.05,
    )
    with ThreadPoolExecutor(1) as writer:
        service = IngestService(
            committer=stand.committer,
            lanes=[Lane("only", uplink_filters(), lambda: broker.intake(INGEST))],
            clock=clock,
            writer=writer,
            on_commit=on_commit,
        )
        ingest = asyncio.create_task(service.run())
        devices_run = asyncio.create_task(simulate(SPEC, setup, stopping=stopping))
        try:
            yield
        finally:
            stopping.set()
            await devices_run
            await asyncio.sleep(0.5)
            ingest.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ingest


async def passed(clock: ScaledClock, minutes: int) -> None:
    end_ms = clock.now_ms() + minutes * MINUTE_MS
    await until(lambda: clock.now_ms() >= end_ms, within_s=60)


async def test_ten_minutes_without_influxdb_leave_no_gap_and_no_difference(
    stand: Stand, own_influxd: Server
) -> None:
    target = InfluxTarget(own_influxd.url, "v1", bucket=own_influxd.fresh(), timeout_s=2)
    clock = ScaledClock(real_ms(), START_MS, SPEED)
    async with stand.forwarding(target) as forwarder:
        async with county_reports(stand, clock, forwarder.wake):
            await until(lambda: forwarder.state.sending)
            await passed(clock, 5)
            own_influxd.stop(signal.SIGKILL)
            stopped_at, sent = stand.log.head(), forwarder.state.seq
            await passed(clock, 10)
            waited = forwarder.backlog()
            assert stand.log.head() > stopped_at, "ingest goes on without InfluxDB"
            assert forwarder.state.seq <= sent + 200
            await asyncio.to_thread(own_influxd.start)
            await passed(clock, 5)
        await caught_up(forwarder)
        points = forwarder.state.counters["points"]
    kept = stand.exported()
    assert shown_by(target) == kept
    minutes = (kept[-1].ts_ms - kept[0].ts_ms) / MINUTE_MS
    print(
        f"\n{len(kept)} points of {minutes:.0f} min equal; {waited} records waited, {points} sent"
    )
    assert minutes > 18
    assert waited > 50
