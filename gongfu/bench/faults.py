"""``gongfu bench faults``: the R table of docs/faults.md with its counts.

Every test answers an object with ``runs``, ``acknowledged``, ``lost``, ``duplicated`` and figures
of its own; with ``skipped`` when this machine cannot run it, with ``error`` when it broke down.
"""

import logging
import pkgutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from gongfu.errors import GongfuError
from gongfu.faults.effort import CannotRunError, Effort, FaultRun, FaultTest, Figures

NOTHING: Figures = {"runs": 0, "acknowledged": 0, "lost": 0, "duplicated": 0}
# By name, since the tests themselves stand on parts of gongfu.bench.
FAULT_TESTS = {
    "R1": "gongfu.faults.kills:random_kills",
    "R3": "gongfu.faults.broker_restarts:broker_restarts",
    "R2": "gongfu.bench.faults_powercut:power_cuts",
    "R5": "gongfu.bench.faults_disk:disk_faults",
    "R7": "gongfu.bench.faults_lateness:late_truck",
    "R9": "gongfu.bench.faults_malformed:malformed",
    "R8": "gongfu.faults.bad_links:bad_links",
}


def faults(*, quick: bool, seed: int) -> Figures:
    """Run every test after the other and return the figures by id."""
    # What devices on broken links complain of is no news here.
    logging.getLogger().addHandler(logging.NullHandler())
    effort = Effort.SHORT if quick else Effort.BENCH
    return run_all({name: load(name) for name in sorted(FAULT_TESTS)}, effort, seed)


def load(name: str) -> FaultTest:
    """The test with this number."""
    test: FaultTest = pkgutil.resolve_name(FAULT_TESTS[name])
    return test


def run_all(tests: Mapping[str, FaultTest], effort: Effort, seed: int) -> Figures:
    """Figures by id; a test that fails does not keep the others from running."""
    return {name: run_one(name, test, effort=effort, seed=seed) for name, test in tests.items()}


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
        except (GongfuError, RuntimeError, OSError, TimeoutError) as error:
            figures = {**NOTHING, "error": f"{type(error).__name__}: {error}"}
        figures["took_s"] = round(time.monotonic() - began, 1)
        run.say(f"{name}: {figures}")
        return figures
