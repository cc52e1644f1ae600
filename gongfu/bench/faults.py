"""``gongfu bench faults``: the R table of docs/faults.md with its counts.

Every test answers an object with ``runs``, ``acknowledged``, ``lost``, ``duplicated`` and figures
of its own; with ``skipped`` when this machine cannot run it, with ``error`` when it broke down.
"""

import logging
import multiprocessing
import pkgutil
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from gongfu.faults.effort import CannotRunError, Effort, FaultRun, FaultTest, Figures

TIMED = "R1"
MOST_TEXT = 2_000
NOTHING: Figures = {"runs": 0, "acknowledged": 0, "lost": 0, "duplicated": 0}
# By name, since the tests themselves stand on parts of gongfu.bench.
FAULT_TESTS = {
    "R1": "gongfu.faults.kills:random_kills",
    "R3": "gongfu.faults.broker_restarts:broker_restarts",
    "R2": "gongfu.bench.faults_powercut:power_cuts",
    "R4": "gongfu.bench.faults_outage:store_outage",
    "R5": "gongfu.bench.faults_disk:disk_faults",
    "R6": "gongfu.bench.faults_clock:wrong_clocks",
    "R7": "gongfu.bench.faults_lateness:late_truck",
    "R9": "gongfu.bench.faults_malformed:malformed",
    "R8": "gongfu.faults.bad_links:bad_links",
}


def faults(*, quick: bool, seed: int) -> Figures:
    """Run every test and return the figures by id.

    R1 tells how fast things are back, so nothing runs beside it, but for a quick look.
    """
    effort = Effort.SHORT if quick else Effort.BENCH
    alone = [] if quick else [TIMED]
    first = run_lanes(alone, effort, seed=seed, lanes=1)
    others = [name for name in sorted(FAULT_TESTS) if name not in alone]
    told = first | run_lanes(others, effort, seed=seed, lanes=3 if quick else 2)
    return {name: told[name] for name in sorted(told)}


def run_lanes(names: Sequence[str], effort: Effort, *, seed: int, lanes: int) -> Figures:
    """Figures by id; in other processes, ``lanes`` tests at a time."""
    if not names:
        return {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(lanes, mp_context=spawn) as pool:
        runs = {name: pool.submit(run_named, name, effort, seed) for name in names}
        return {name: run.result() for name, run in runs.items()}


def run_named(name: str, effort: Effort, seed: int) -> Figures:
    """One test by its number, in a process of its own."""
    # What devices on broken links complain of is no news here.
    logging.getLogger().addHandler(logging.NullHandler())
    return run_one(name, load(name), effort=effort, seed=seed)


def load(name: str) -> FaultTest:
    """The test with this number."""
    test: FaultTest = pkgutil.resolve_name(FAULT_TESTS[name])
    return test


def run_one(name: str, test: FaultTest, *, effort: Effort, seed: int) -> Figures:
    """One test in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix=f"gongfu-{name}-", ignore_cleanup_errors=True) as made:
        run = FaultRun(Path(made), effort, seed)
        run.say(f"{name}: begins")
        began = time.monotonic()
        try:
            figures = {**NOTHING, **test(run)}
        except CannotRunError as why:
            figures = {**NOTHING, "skipped": str(why)}
        except Exception as error:  # noqa: BLE001 - a test that breaks down hides no other's figures
            figures = {**NOTHING, "error": f"{type(error).__name__}: {error}"[:MOST_TEXT]}
        figures["took_s"] = round(time.monotonic() - began, 1)
        run.say(f"{name}: {figures}")
        return figures
