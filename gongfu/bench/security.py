"""``gongfu bench security``: the S table of docs/security.md with its counts.

The keys stand at the top; a part that cannot run here says why in ``skipped``, one that broke down
in ``errors``, and its counts are zero.
"""

import asyncio
import pkgutil
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gongfu.faults.effort import CannotRunError
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.api.deps import packaged_static
from gongfu_fleet.services.seed import seed_registry

Figures = dict[str, Any]  # Any: counts, seconds, names; JSON
MOST_TEXT = 500
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
class Try:
    """One part's run: an empty folder, how hard to try, chance."""

    folder: Path
    quick: bool
    seed: int


Part = Callable[[Try], Figures]


def security(*, quick: bool, seed: int) -> Figures:
    """Run every part in a folder of its own, one after the other."""
    told, skipped, errors = dict(NOTHING), dict[str, str](), dict[str, str]()
    seconds: dict[str, float] = {}
    for name, part in PARTS.items():
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {name}: begins\n")
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"gongfu-{name}-", ignore_cleanup_errors=True) as d:
            try:
                told |= part(Try(Path(d), quick, seed))
            except (CannotRunError, ImportError) as why:
                skipped[name] = str(why)[:MOST_TEXT]
            except Exception as error:  # noqa: BLE001 - a part that breaks down hides no other's
                errors[name] = f"{type(error).__name__}: {error}"[:MOST_TEXT]
        seconds[name] = round(time.monotonic() - began, 1)
    return {**told, "skipped": skipped, "errors": errors, "took_s": seconds}


def _matrix(run: Try) -> Figures:
    from gongfu.security.matrix import http_matrix  # noqa: PLC0415 - what one part needs
    from gongfu.security.stand import security_stand  # noqa: PLC0415 - as above

    with security_stand(run.folder) as stand:
        return http_matrix(stand).figures()


def _fuzz(run: Try) -> Figures:
    fuzz = pkgutil.resolve_name("gongfu.security.fuzz:fuzz")  # schemathesis is a tool of developers
    from gongfu.security.stand import security_stand  # noqa: PLC0415 - what one part needs

    with security_stand(run.folder) as stand:
        found = fuzz(stand, cases=20 if run.quick else 120, seed_number=run.seed)
        figures: Figures = found.figures()
        return figures


def _injections(run: Try) -> Figures:
    from gongfu.security.injections import injections  # noqa: PLC0415 - what one part needs
    from gongfu.security.stand import security_stand  # noqa: PLC0415 - as above

    with security_stand(run.folder) as stand:
        tried = injections(stand)
    effective = sum(bool(one.effect) for one in tried)
    return {"injections": len(tried), "injections_effective": effective}


def _pages(run: Try) -> Figures:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or not (packaged_static() / "index.html").is_file():
        raise CannotRunError("no chromium on this machine, or the pages are not built")
    look = pkgutil.resolve_name("gongfu.security.dom:dom_injections")  # playwright is a tool too
    from gongfu.security.stand import security_stand  # noqa: PLC0415 - what one part needs

    with security_stand(run.folder) as stand:
        shown = look(stand, Path(chromium))
    effective = sum(bool(one.effect) for one in shown)
    return {"dom_injections": len(shown), "dom_injections_effective": effective}


def _audit(run: Try) -> Figures:
    from gongfu.security.audit_rows import (  # noqa: PLC0415 - what one part needs
        alter_every_row,
        alter_in_database,
    )

    found = [alter_in_database(run.folder, times=30 if run.quick else 300, seed=run.seed)]
    if not run.quick:
        found.append(alter_every_row(seed=run.seed))
    return {
        "audit_rows": found[0].rows,
        "audit_altered": sum(one.altered for one in found),
        "audit_detected_pct": min(one.detected_pct for one in found),
    }


def _replays(run: Try) -> Figures:
    from gongfu.security.replays import replayed_unlocks  # noqa: PLC0415 - what one part needs

    engine = open_database(f"sqlite:///{run.folder}/fleet.db")
    upgrade(engine)
    seed_registry(SqlRegistry(engine))
    try:
        times = 20 if run.quick else 1_000
        found = asyncio.run(replayed_unlocks(engine, run.folder, times=times))
    finally:
        engine.dispose()
    return {"unlock_replays": found.replayed, "unlock_replays_succeeded": found.succeeded}


def _sign_in(run: Try) -> Figures:
    from gongfu.bench.sign_in_flood import WAYS, flood  # noqa: PLC0415 - what one part needs

    told: Figures = {}
    for number, way in enumerate(WAYS[:1] if run.quick else WAYS):
        engine = open_database(f"sqlite:///{run.folder}/people-{number}.db")
        upgrade(engine)
        try:
            attempts, most_s = (500, 12.0) if run.quick else (10_000, 150.0)
            told[way] = asdict(flood(SqlPeople(engine), way, attempts=attempts, most_s=most_s))
        finally:
            engine.dispose()
    return {
        "sign_in_flood": told,
        "sign_in_slowest_s": max(one["slowest_s"] for one in told.values()),
    }


def _device_flood(run: Try) -> Figures:
    from gongfu.bench.device_flood import device_flood  # noqa: PLC0415 - what one part needs

    others = 20 if run.quick else 60
    found = device_flood(run.folder, seconds=5.0 if run.quick else 60.0, others=others)
    return {"device_flood": asdict(found), "device_flood_others_lost": found.lost}


PARTS: dict[str, Part] = {
    "matrix": _matrix,
    "fuzz": _fuzz,
    "injections": _injections,
    "pages": _pages,
    "audit": _audit,
    "replays": _replays,
    "sign_in": _sign_in,
    "device_flood": _device_flood,
}
