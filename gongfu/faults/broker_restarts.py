"""R3: the broker is restarted again and again under 119 devices, then under 2,000.

How long until every device is back is the devices' own back-off with full jitter, and whether the
broker bears a whole county that comes back at once.
"""

import statistics
import time

from gongfu.bench.load_county import register
from gongfu.faults.crowd import Crowd, CrowdSpec, crowding
from gongfu.faults.effort import FaultRun, Figures
from gongfu.faults.site import RING, Platform, site_settings, until
from gongfu.faults.verdicts import judged_ledger, ledger_figures
from gongfu.fleet_side import open_fleet
from gongfu.ledger_check import Verdict
from gongfu.settings import Settings

COUNTY, CROWD = 119, 2_000
# 119 devices say 119 messages/s, 2,000 say 400: about what a county of that size would.
EVERY_MS = {COUNTY: 1_000, CROWD: 5_000}
CALM_S = (0.5, 2.0)
BACK_S = 120.0
Times = dict[int, list[float]]


def broker_restarts(run: FaultRun) -> Figures:
    """Restart, by turns politely and by kill -9; seconds until every device is connected again."""
    restarts = run.effort.of({COUNTY: 2}, {COUNTY: 20, CROWD: 3}, {COUNTY: 20, CROWD: 20})
    times: Times = {}
    verdicts: list[Verdict] = []
    for devices, wanted in restarts.items():
        settings = site_settings(run.folder / str(devices) / "state")
        times[devices] = _restart_often(run, settings, devices, wanted=wanted)
        verdicts.append(judged_ledger(settings))
    runs = sum(len(seconds) for seconds in times.values())
    return {"runs": runs, **ledger_figures(*verdicts), **_told(times)}


def _restart_often(run: FaultRun, settings: Settings, devices: int, *, wanted: int) -> list[float]:
    _more_devices(settings, devices)
    platform, chance = Platform(settings), run.dice()
    spec = CrowdSpec(
        state=str(settings.state),
        ring=str(settings.state / RING),
        port=settings.broker.port,
        every_ms=EVERY_MS[devices],
        devices=devices,
        client="aiomqtt" if devices == COUNTY else "own",
    )
    times: list[float] = []
    try:
        platform.start_worker()
        with crowding(spec) as crowd:
            _all_back(platform, crowd, devices)
            for number in range(wanted):
                time.sleep(chance.uniform(*CALM_S))
                times.append(_restart(platform, crowd, politely=number % 2 == 0))
                run.say(f"R3: {devices} devices back after {times[-1]:.1f} s")
            _drained(platform, crowd)
    finally:
        platform.worker.stop()
    return times


def _more_devices(settings: Settings, devices: int) -> None:
    fleet = open_fleet(settings)
    try:
        if devices > COUNTY:
            register(fleet.registry, devices - COUNTY)
    finally:
        fleet.close()


def _restart(platform: Platform, crowd: Crowd, *, politely: bool) -> float:
    devices = crowd.status.connected
    broker, began = platform.broker, time.monotonic()
    broker.terminate() if politely else broker.kill()
    until(lambda: crowd.status.connected < devices, "the devices notice", platform.worker)
    _all_back(platform, crowd, devices)
    return time.monotonic() - began


def _all_back(platform: Platform, crowd: Crowd, devices: int) -> None:
    until(
        lambda: crowd.status.connected == devices,
        f"{devices} devices are connected",
        platform.worker,
        within_s=BACK_S,
    )


def _drained(platform: Platform, crowd: Crowd) -> None:
    """What the restarts held up has been acknowledged, but for what is on its way."""
    until(
        lambda: crowd.status.in_ring <= crowd.status.connected,
        "the rings are empty",
        platform.worker,
        within_s=BACK_S,
    )


def _told(times: Times) -> Figures:
    told: Figures = {}
    for devices, seconds in times.items():
        told[f"back_p50_s_{devices}"] = round(statistics.median(seconds), 1)
        told[f"back_max_s_{devices}"] = round(max(seconds), 1)
    return told
