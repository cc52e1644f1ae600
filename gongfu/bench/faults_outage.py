"""R4: the store behind the outbox goes away, and the disk under it becomes slow.

InfluxDB is killed under load: what it misses waits in the log on disk, incidents go on, memory
stays bounded, and after its return both stores hold the same. Then each fsync takes a second while
devices say ten times what can be committed.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

import psutil

from gongfu.bench.faults_herd import Herd
from gongfu.bench.faults_incidents import Breaches, breaches
from gongfu.bench.faults_influxd import Influxd
from gongfu.bench.faults_stand import Stand, at_once, figures_of, until
from gongfu.directory import RegisteredDevices
from gongfu.faults.disk import syncs_slow
from gongfu.faults.effort import FaultRun, Figures
from gongfu.faults.site import quick_alarms
from gongfu.fleet_side import open_fleet
from gongfu_ingest.database import Database
from gongfu_ingest.stores.embedded import EmbeddedStore
from gongfu_ingest.stores.influx.shipments import CONSUMER
from gongfu_ingest.stores.influx.store import InfluxStore

END_MS = 4_000_000_000_000
READY_S, ALERT_S, DRAIN_S = 60.0, 60.0, 1_800.0
BREACH_EVERY_S = 5.0
# Devices that are only heard when they break; the last of the county are trucks.
MUTE = 12
# Waiting for the forwarder is over when less than this much of the live load waits.
AT_WORK_S = 3.0
# The slow disk: fifty messages a commit and a second a sync; devices say ten times as much.
SLOW_BATCH, SLOW_SYNC_S, OVERLOAD = 50, 1.0, 10


def store_outage(run: FaultRun) -> Figures:
    """InfluxDB away, then overload on a slow disk; keys of the first stand at the top."""
    away, slow = at_once(run, lambda: _away(run), lambda: _overloaded(run))
    summed = {key: away[key] + slow[key] for key in ("acknowledged", "lost", "duplicated")}
    return {"runs": 2, **away, **summed, "overload": slow}


def _away(run: FaultRun) -> Figures:
    msg_per_s, seconds = run.effort.of((300.0, 8.0), (580.0, 120.0), (580.0, 600.0))
    influxd = Influxd(run.folder / "influxd")
    influxd.start()
    names = {
        "GONGFU_INFLUX__URL": influxd.url,
        "GONGFU_INFLUX__API": "v1",
        "GONGFU_INFLUX__BUCKET": influxd.target.bucket,
    }
    stand = Stand(run.folder / "away" / "state", run.folder / "away.db", names)
    try:
        quick_alarms(stand.settings)
        stand.start()
        with stand.herd(msg_per_s, mute=MUTE) as herd, breaches(stand, herd) as people:
            until(lambda: _forwarded(stand) > msg_per_s, READY_S, "InfluxDB is fed")
            influxd.stop()
            with _memory(stand) as memory:
                outage = _outage(run, stand, herd, people=people, seconds=seconds)
                influxd.start()
                drained_s = _until_fed(stand, msg_per_s)
            stand.drain(herd, DRAIN_S)
            until(lambda: _waiting(stand) == 0, READY_S, "InfluxDB has everything")
        stand.house.stop()
        incidents = people.figures()
        differ = _differ(stand, influxd)
    finally:
        stand.house.stop()
        influxd.stop()
    told = {**figures_of(stand.verdict()), **incidents, **outage, "drained_s": drained_s,
            "rss_mb": memory.most_mb, "rows_differ": differ}  # fmt: skip
    run.say(f"R4: InfluxDB away {seconds:g} s: {told}")
    return told


def _outage(
    run: FaultRun, stand: Stand, herd: Herd, *, people: Breaches, seconds: float
) -> Figures:
    """Breaches are told meanwhile, and must be shown as ever."""
    began, before = time.monotonic(), herd.status.acked
    size = _bytes(stand)
    alerts: list[float] = []
    most = 0
    while time.monotonic() - began < seconds:
        alerts.append(people.seconds_until_shown(*people.tell_live(), ALERT_S))
        most = max(most, _waiting(stand))
        time.sleep(min(BREACH_EVERY_S, seconds / 4))
        if len(alerts) % 20 == 0:
            run.say(f"R4: {time.monotonic() - began:.0f} s, {most} records wait")
    return {
        "outage_s": round(time.monotonic() - began, 1),
        "messages_during": herd.status.acked - before,
        "waiting_most": max(most, _waiting(stand)),
        "spool_mb": round((_bytes(stand) - size) / 1e6, 1),
        "alerts": len(alerts),
        "alert_median_s": statistics.median(alerts),
        "alert_most_s": max(alerts),
    }


def _bytes(stand: Stand) -> int:
    """What the outbox takes on the disk."""
    files = stand.settings.state.glob("telemetry.db*")
    return sum(path.stat().st_size for path in files)


def _waiting(stand: Stand) -> int:
    """Records that InfluxDB does not have."""
    consumers = {one["name"]: one for one in stand.health()["consumers"]}
    return int(consumers[CONSUMER]["lag"]) if CONSUMER in consumers else 0


def _forwarded(stand: Stand) -> int:
    consumers = {one["name"]: one for one in stand.health()["consumers"]}
    return int(consumers[CONSUMER]["seq"]) if CONSUMER in consumers else 0


def _until_fed(stand: Stand, msg_per_s: float) -> float:
    """Seconds from its return until no more than the live load waits."""
    began = time.monotonic()
    until(lambda: _waiting(stand) < AT_WORK_S * msg_per_s, DRAIN_S, "the backlog is sent")
    return round(time.monotonic() - began, 1)


def _differ(stand: Stand, influxd: Influxd) -> int:
    """Rows that do not stand in both stores with the same values."""
    fleet = open_fleet(stand.settings)
    database = Database(stand.settings.telemetry_path, read_only=True)
    try:
        devices = RegisteredDevices(fleet.registry)
        ours = {(p.dev, p.ts_ms): p.values for p in EmbeddedStore(database).export(0, END_MS)}
        with InfluxStore(influxd.target, devices) as store:
            theirs = {(p.dev, p.ts_ms): p.values for p in store.export(0, END_MS)}
    finally:
        database.close()
        fleet.close()
    return sum(1 for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))


def _overloaded(run: FaultRun) -> Figures:
    """Ten times what the slow disk can take; bounded memory, and all of it in the end."""
    seconds = run.effort.of(8.0, 60.0, 900.0)
    names = {"GONGFU_INGEST__BATCH": str(SLOW_BATCH)}
    stand = Stand(run.folder / "slow" / "state", run.folder / "slow.db", names)
    stand.start()
    wal = stand.settings.telemetry_path.with_name("telemetry.db-wal")
    msg_per_s = OVERLOAD * SLOW_BATCH / SLOW_SYNC_S
    try:
        with stand.herd(msg_per_s) as herd:
            until(lambda: herd.status.acked > 0, READY_S, "devices are acknowledged")
            with _memory(stand) as memory:
                began, before = time.monotonic(), herd.status.acked
                rows = herd.status.rows
                with syncs_slow(stand.house.pid, wal, seconds=SLOW_SYNC_S):
                    time.sleep(seconds)
                took_s = time.monotonic() - began
                slow = herd.status.acked - before
                offered, waiting = herd.status.rows - rows, herd.status.in_ring
                drained_s = stand.drain(herd, DRAIN_S)
        code = stand.house.stop()
    finally:
        stand.house.stop()
    told = {
        **figures_of(stand.verdict()),
        "slow_s": round(took_s, 1),
        "offered_per_s": round(offered / took_s),
        "committed_per_s": round(slow / took_s),
        "waiting_most": waiting,
        "drained_s": drained_s,
        "rss_mb": memory.most_mb,
        "exit_code": code,
    }
    run.say(f"R4: overload on a slow disk: {told}")
    return told


@dataclass
class _Memory:
    """The most the platform's process needed, broker and devices not counted."""

    process: psutil.Process
    most: int = 0

    @property
    def most_mb(self) -> float:
        """Megabytes."""
        return round(self.most / 1e6, 1)

    def look(self) -> None:
        """Measure now."""
        self.most = max(self.most, self.process.memory_info().rss)


@contextmanager
def _memory(stand: Stand) -> Iterator[_Memory]:
    memory, ending = _Memory(psutil.Process(stand.house.pid)), Event()

    def follow() -> None:
        while not ending.wait(0.5):
            memory.look()

    memory.look()
    thread = Thread(target=follow, name="memory", daemon=True)
    thread.start()
    try:
        yield memory
    finally:
        ending.set()
        thread.join(5)
