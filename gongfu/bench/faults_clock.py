"""R6: clocks of devices that are wrong in every way, and a server whose own clock jumps.

The devices' part runs the simulator at x30: each wrong clock beside right ones, all zones in good
order, so every incident is false. The server's part runs real time under libfaketime, which jumps
while devices report and jobs run.
"""

import sqlite3
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import httpx
import msgspec

from gongfu.bench.faults_incidents import of_zones
from gongfu.bench.faults_stand import READY_S, Stand, at_once, figures_of, until
from gongfu.bench.house import House, house_settings
from gongfu.demo_clock import platform_clock, utc_now
from gongfu.demo_county import demo_scenario
from gongfu.directory import RegisteredDevices
from gongfu.faults.effort import FaultRun, Figures
from gongfu.faults.faketime import JumpingClock
from gongfu.fleet_side import FleetSide, open_fleet
from gongfu.ledger_check import check_ledger
from gongfu.settings import Settings
from gongfu.simulate import RING, SCENARIO
from gongfu_broker.codec import decode_telemetry
from gongfu_broker.columns import DeviceKind
from gongfu_broker.ports import CommittedRecord
from gongfu_broker.topics import Leaf
from gongfu_firmware_sim.faults import NO_FAULTS, FaultKind, Injection
from gongfu_ingest.database import Database
from gongfu_ingest.log import TelemetryLog

HOUR_S, DAY_S = 3_600, 86_400
SPEED = 30.0
RIGHT_CABINETS = 6
LONG_S = 48 * HOUR_S
CORRECT_MS = 120_000
MSG_PER_S = 60.0
SERVER_DEVICES = 20
DRAIN_S = 60.0


@dataclass(frozen=True)
class _Wrong:
    """One wrong clock: what it is off by, or the time it shows at the start, and its drift."""

    offset_s: int = 0
    reads: datetime | None = None
    drift_ppm: int = 0
    after_s: int = 0


WRONG = {
    "cab-0001": _Wrong(offset_s=-HOUR_S),
    "cab-0002": _Wrong(offset_s=DAY_S),
    "cab-0003": _Wrong(reads=datetime(1970, 1, 1, tzinfo=UTC)),
    "cab-0004": _Wrong(reads=datetime(2024, 2, 29, 23, 57, tzinfo=UTC)),
    "cab-0005": _Wrong(drift_ppm=50_000),
    "cab-0006": _Wrong(offset_s=HOUR_S, after_s=180),
    "cab-0007": _Wrong(offset_s=-DAY_S, after_s=180),
}


def wrong_clocks(run: FaultRun) -> Figures:
    """The devices' part, then the server's."""
    devices, server = at_once(run, lambda: _devices(run), lambda: _server(run))
    summed = {key: devices[key] + server[key] for key in ("acknowledged", "lost", "duplicated")}
    return {"runs": 2, **summed, "devices": devices, "server": server}


def _devices(run: FaultRun) -> Figures:
    settings = house_settings(run.folder / "devices", speed=SPEED)
    _prepare(settings)
    with House(settings) as house:
        until(lambda: _connected(house), READY_S, "devices are connected")
        time.sleep(run.effort.of(9.0, 40.0, 120.0))
        health, problems = house.health(), house.problems()
    fleet = open_fleet(settings)
    try:
        known = RegisteredDevices(fleet.registry).devices()
        false = len(of_zones(fleet.incidents.all_items(1_000)))
    finally:
        fleet.close()
    verdict = check_ledger(settings.state / RING, settings.telemetry_path, known)
    told = {
        **figures_of(verdict),
        "wrong_clocks": len(WRONG),
        "named": sum(1 for text in problems if "clocks of" in text),
        "clock_corrected": health["ingest"].get("clock_corrected", 0),
        "heard_again": health["ingest"].get("heard_again", 0),
        "quarantined": verdict.quarantined,
        "shifted": verdict.shifted,
        "false_incidents": false,
        **_resolved(settings),
    }
    run.say(f"R6: clocks of devices: {told}")
    return told


def _connected(house: House) -> bool:
    with suppress(httpx.HTTPError):
        return int(house.health()["devices"]["connected"]) >= len(WRONG) + RIGHT_CABINETS
    return False


def _prepare(settings: Settings) -> None:
    """A scenario of the wrong ones and some right ones, in which nothing else goes wrong."""
    fleet = open_fleet(settings)
    now_ms = platform_clock(settings, now=utc_now()).now_ms()
    assets = fleet.registry.assets()
    fleet.close()
    spec = demo_scenario(assets, seed=settings.demo.seed, start_ms=now_ms)
    cabinets = [device for device in spec.devices if device.kind is DeviceKind.CABINET]
    injections = tuple(
        Injection(
            dev,
            FaultKind.CLOCK_WRONG,
            now_ms + wrong.after_s * 1_000,
            LONG_S,
            offset_s=wrong.offset_s,
            reads=wrong.reads,
            drift_ppm=wrong.drift_ppm,
        )
        for dev, wrong in WRONG.items()
    )
    chosen = tuple(cabinets[: len(WRONG) + RIGHT_CABINETS])
    spec = msgspec.structs.replace(spec, devices=chosen, injections=injections, rates=NO_FAULTS)
    (settings.state / SCENARIO).write_bytes(msgspec.json.encode(spec))


def _resolved(settings: Settings) -> Figures:
    """How far resolved times of live messages are from their receipt, once clocks are known."""
    database = Database(settings.telemetry_path, read_only=True)
    try:
        late: dict[str, list[float]] = defaultdict(list)
        both = 0
        for record, stamp_ms in _live(TelemetryLog(database)):
            both += record.offset_ms != 0
            late[record.dev].append((record.received_ms - stamp_ms - record.offset_ms) / 1_000)
    finally:
        database.close()
    right = [s for dev, told in late.items() if dev not in WRONG for s in told]
    wrong = {dev: told[len(told) // 2 :] for dev, told in late.items() if dev in WRONG}
    return {
        "kept_with_both_times": both,
        "right_clocks_moved": sum(1 for s in right if not 0 <= s < CORRECT_MS / 1_000),
        "wrong_after_correction_s": {
            dev: round(max(statistics.median(told), -min(told)), 1) for dev, told in wrong.items()
        },
    }


def _live(log: TelemetryLog) -> Iterator[tuple[CommittedRecord, int]]:
    """Live messages with the newest stamp of their device."""
    after = log.trimmed()
    while records := log.read(after, 5_000):
        after = records[-1].seq
        for record in records:
            if record.leaf is Leaf.TEL:
                told = decode_telemetry(record.kind, record.payload)
                yield record, max(sample.ts_ms for sample in told.samples)


def _server(run: FaultRun) -> Figures:
    """Real devices, real time; the platform's clock jumps ahead, back, and right again."""
    calm_s, jumped_s = run.effort.of((2.0, 3.0), (5.0, 15.0), (20.0, 90.0))
    clock = JumpingClock(run.folder / "offset")
    stand = Stand(run.folder / "server" / "state", run.folder / "ring.db", clock.names())
    stand.start()
    try:
        with stand.herd(MSG_PER_S, SERVER_DEVICES) as herd, _job_runs(stand) as runs:
            for offset_s in (0, HOUR_S, -HOUR_S, 0):
                clock.jump(offset_s)
                time.sleep(jumped_s if offset_s else calm_s)
            stand.house.stop()
            stand.start()
            time.sleep(calm_s)
            drained_s = stand.drain(herd, DRAIN_S)
        problems = stand.problems()
    finally:
        code = stand.house.stop()
    false = _incidents(stand.settings)
    verdict = stand.verdict()
    told = {
        **figures_of(verdict),
        "quarantined": verdict.quarantined,
        "shifted": verdict.shifted,
        "false_incidents": false,
        "job_runs": len(runs.seen),
        "job_runs_doubled": runs.doubled,
        "problems": problems,
        "drained_s": drained_s,
        "exit_code": code,
    }
    run.say(f"R6: the server's clock: {told}")
    return told


def _incidents(settings: Settings) -> int:
    fleet: FleetSide = open_fleet(settings)
    try:
        return len(of_zones(fleet.incidents.all_items(1_000)))
    finally:
        fleet.close()


@dataclass
class _JobRuns:
    """Every run of a job that was ever seen, by job and due time: when it began."""

    path: Path
    seen: dict[tuple[str, int], set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def doubled(self) -> int:
        """Due times that were run more than once."""
        return sum(1 for begins in self.seen.values() if len(begins) > 1)

    def look(self) -> None:
        """Note what stands in the ledger of runs now."""
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as db:
            for job, due_ms, begin_ms in db.execute("SELECT job, due_ms, begin_ms FROM job_run"):
                self.seen[job, due_ms].add(begin_ms)


@contextmanager
def _job_runs(stand: Stand) -> Iterator[_JobRuns]:
    runs, ending = _JobRuns((stand.settings.state / "fleet.db").resolve()), Event()

    def follow() -> None:
        while not ending.wait(0.25):
            runs.look()

    thread = Thread(target=follow, name="job-runs", daemon=True)
    thread.start()
    try:
        yield runs
    finally:
        ending.set()
        thread.join(10)
