"""``gongfu bench security``: the S table of docs/security.md with its counts.

The keys stand at the top; a part that cannot run here says why in ``skipped``, one that broke down
in ``errors``, and its counts are zero.
"""

import logging
import multiprocessing
import pkgutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from gongfu.bench.security_parts import Figures, Part, Try
from gongfu.faults.effort import CannotRunError

MOST_TEXT = 500
LANES = 2
# How long a right password takes is a figure, so nothing runs beside it.
TIMED = "sign_in"
PARTS = {
    TIMED: "gongfu.bench.security_parts:sign_in",
    "matrix": "gongfu.bench.security_parts:matrix",
    "fuzz": "gongfu.bench.security_parts:fuzzing",
    "mqtt": "gongfu.bench.security_parts:mqtt",
    "audit": "gongfu.bench.security_parts:audit",
    "device_flood": "gongfu.bench.security_parts:flooding_device",
    "pages": "gongfu.bench.security_parts:pages",
    "injections": "gongfu.bench.security_parts:injected",
    "replays": "gongfu.bench.security_parts:replays",
}
NOTHING: Figures = {
    "routes": 0,
    "roles": 0,
    "cells": 0,
    "asserted": 0,
    "unexpected_2xx": 0,
    "mqtt_cells": 0,
    "mqtt_leaks": 0,
    "audit_detected_pct": 0.0,
    "fuzz_cases": 0,
    "fuzz_5xx": 0,
}


@dataclass(frozen=True)
class Told:
    """What one part gave: figures, or why there are none."""

    figures: Figures
    skipped: str = ""
    error: str = ""
    took_s: float = 0.0


def security(*, quick: bool, seed: int) -> Figures:
    """Run every part in a folder and a process of its own, two at a time."""
    told = _in_lanes([TIMED], 1, quick=quick, seed=seed)
    told |= _in_lanes([name for name in PARTS if name != TIMED], LANES, quick=quick, seed=seed)
    figures: Figures = dict(NOTHING)
    for one in told.values():
        figures |= one.figures
    return {
        **figures,
        "skipped": {name: one.skipped for name, one in told.items() if one.skipped},
        "errors": {name: one.error for name, one in told.items() if one.error},
        "took_s": {name: one.took_s for name, one in told.items()},
    }


def _in_lanes(names: list[str], lanes: int, *, quick: bool, seed: int) -> dict[str, Told]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(lanes, mp_context=spawn) as pool:
        runs = {name: pool.submit(run_named, name, quick=quick, seed=seed) for name in names}
        return {name: run.result() for name, run in runs.items()}


def run_named(name: str, *, quick: bool, seed: int) -> Told:
    """One part by its name."""
    # What the server says of requests that are none is no news here.
    logging.getLogger().addHandler(logging.NullHandler())
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {name}: begins\n")

    def part(run: Try) -> Figures:
        return part_named(name)(run)  # here, so that what cannot be imported is told too

    return run_one(part, quick=quick, seed=seed)


def part_named(name: str) -> Part:
    """The part of this name."""
    part: Part = pkgutil.resolve_name(PARTS[name])
    return part


def run_one(part: Part, *, quick: bool, seed: int) -> Told:
    """One part in a folder of its own; whatever happens, it is told."""
    began = time.monotonic()

    with tempfile.TemporaryDirectory(prefix="gongfu-s-", ignore_cleanup_errors=True) as made:
        try:
            told = Told(part(Try(Path(made), quick, seed)))
        except (CannotRunError, ImportError) as why:
            told = Told({}, skipped=str(why)[:MOST_TEXT])
        except Exception as error:  # noqa: BLE001 - a part that breaks down hides no other's figures
            told = Told({}, error=f"{type(error).__name__}: {error}"[:MOST_TEXT])
    return replace(told, took_s=round(time.monotonic() - began, 1))
