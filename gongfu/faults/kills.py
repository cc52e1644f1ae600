"""R1: kill -9 of a random process, again and again, while 119 devices report 500 messages/s."""

import math
import random
import statistics
import time
from collections.abc import Sequence

from gongfu.faults.effort import Effort, FaultRun, Figures
from gongfu.faults.site import Site, Victim, healed_s, quick_alarms, site_settings
from gongfu.faults.verdicts import (
    incident_figures,
    judged_incidents,
    judged_ledger,
    ledger_figures,
)

EVERY_MS = 238  # of each of 119 devices: 500 messages/s
LIMITS_S = (90.0, 720.0, math.inf)  # on a slow machine a bench kills less often, and says so
RATE_S = 2.0
CALM_S = (0.2, 1.2)
Recoveries = dict[Victim, list[float]]


def random_kills(run: FaultRun) -> Figures:
    """Kill, wait until fresh readings are durable again, kill the next; judge at the end."""
    settings = site_settings(run.folder / "state")
    quick_alarms(settings)
    wanted, chance = run.effort.of(8, 200, 200), run.dice()
    with Site(settings, every_ms=EVERY_MS) as site:
        rate = _messages_per_s(site)
        recoveries = _kill_often(run, site, kills=_victims(wanted, chance), chance=chance)
        drained_s = site.drain()
        site.come_to_rest()
    ledger, incidents = judged_ledger(settings), judged_incidents(settings)
    return {
        "runs": sum(len(times) for times in recoveries.values()),
        **ledger_figures(ledger),
        **incident_figures(incidents),
        **_times(recoveries),
        "drained_s": round(drained_s, 1),
        "msg_per_s": round(rate),
    }


def _messages_per_s(site: Site) -> float:
    """What the undisturbed platform accepts."""
    before, began = int(site.api.health()["ingest"]["accepted"]), time.monotonic()
    time.sleep(RATE_S)
    after = int(site.api.health()["ingest"]["accepted"])
    return (after - before) / (time.monotonic() - began)


def _victims(kills: int, chance: random.Random) -> list[Victim]:
    """Each kind of victim about equally often, in random order."""
    victims = [list(Victim)[n % len(Victim)] for n in range(kills)]
    chance.shuffle(victims)
    return victims


def _kill_often(
    run: FaultRun, site: Site, *, kills: Sequence[Victim], chance: random.Random
) -> Recoveries:
    recoveries: Recoveries = {victim: [] for victim in Victim}
    began = time.monotonic()
    for number, victim in enumerate(kills, 1):
        if time.monotonic() - began > run.effort.of(*LIMITS_S):
            run.say(f"R1: time is up after {number - 1} kills")
            break
        time.sleep(chance.uniform(*CALM_S))
        took_s = healed_s(site, victim)
        recoveries[victim].append(took_s)
        if run.effort is not Effort.SHORT and number % 20 == 0:
            run.say(f"R1: {number} kills, the last ({victim}) healed in {took_s:.1f} s")
    return recoveries


def _times(recoveries: Recoveries) -> Figures:
    everything = sorted(took for times in recoveries.values() for took in times)
    return {
        "recovery_p50_s": round(statistics.median(everything), 2),
        "recovery_p99_s": round(everything[int(len(everything) * 0.99)], 2),
        "recovery_by_victim_s": {
            victim.value: round(statistics.median(times), 2)
            for victim, times in recoveries.items()
            if times
        },
    }
