"""The parts of ``gongfu bench security``, one function each: they call what tests call."""

import asyncio
import pkgutil
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gongfu.bench.device_flood import device_flood
from gongfu.bench.sign_in_flood import WAYS, flood
from gongfu.faults.effort import CannotRunError
from gongfu.security.audit_rows import alter_every_row, alter_in_database
from gongfu.security.injections import Injection, injections
from gongfu.security.matrix import http_matrix
from gongfu.security.mqtt_matrix import mqtt_matrix
from gongfu.security.replays import replayed_unlocks
from gongfu.security.stand import security_stand
from gongfu_fleet.adapters.db.engine import open_database
from gongfu_fleet.adapters.db.migrate import upgrade
from gongfu_fleet.adapters.db.people import SqlPeople
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.api.deps import packaged_static
from gongfu_fleet.services.seed import seed_registry

Figures = dict[str, Any]  # Any: counts, seconds, names; JSON


@dataclass(frozen=True)
class Try:
    """One part's run: an empty folder, how hard to try, chance."""

    folder: Path
    quick: bool
    seed: int


Part = Callable[[Try], Figures]


def matrix(run: Try) -> Figures:
    """S1: routes, credentials, objects."""
    with security_stand(run.folder) as stand:
        return http_matrix(stand).figures()


def fuzzing(run: Try) -> Figures:
    """S4: schemathesis, where it is installed."""
    # By name: it is a tool of developers, and its absence must not hide the other parts.
    fuzz = pkgutil.resolve_name("gongfu.security.fuzz:fuzz")
    with security_stand(run.folder) as stand:
        found = fuzz(stand, cases=20 if run.quick else 120, seed_number=run.seed)
    figures: Figures = found.figures()
    return figures


def injected(run: Try) -> Figures:
    """S7 in stores, exports and answers."""
    with security_stand(run.folder) as stand:
        return _injections("injections", injections(stand))


def pages(run: Try) -> Figures:
    """S7 in the DOM, where there is a browser."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or not (packaged_static() / "index.html").is_file():
        raise CannotRunError("no chromium on this machine, or the pages are not built")
    look = pkgutil.resolve_name("gongfu.security.dom:dom_injections")  # as fuzzing: a tool
    with security_stand(run.folder) as stand:
        return _injections("dom_injections", look(stand, Path(chromium)))


def _injections(name: str, tried: list[Injection]) -> Figures:
    return {name: len(tried), f"{name}_effective": sum(bool(one.effect) for one in tried)}


def replays(run: Try) -> Figures:
    """S3: a captured unlock, said again."""
    engine = open_database(f"sqlite:///{run.folder}/fleet.db")
    upgrade(engine)
    seed_registry(SqlRegistry(engine))
    try:
        times = 20 if run.quick else 1_000
        found = asyncio.run(replayed_unlocks(engine, run.folder, times=times))
    finally:
        engine.dispose()
    return {"unlock_replays": found.replayed, "unlock_replays_succeeded": found.succeeded}


def mqtt(run: Try) -> Figures:
    """S2, and S3 at the brokers: credentials, topics, takeovers, the time of a revocation."""
    return asdict(asyncio.run(mqtt_matrix(run.folder)))


def audit(run: Try) -> Figures:
    """S10: altered rows, by SQL; without ``quick`` every single one in memory besides."""
    found = [alter_in_database(run.folder, times=30 if run.quick else 300, seed=run.seed)]
    if not run.quick:
        found.append(alter_every_row(seed=run.seed))
    return {
        "audit_rows": found[0].rows,
        "audit_altered": sum(one.altered for one in found),
        "audit_detected_pct": min(one.detected_pct for one in found),
    }


def sign_in(run: Try) -> Figures:
    """S8, first half: wrong passwords."""
    told: Figures = {}
    for number, way in enumerate(WAYS[:1] if run.quick else WAYS):
        engine = open_database(f"sqlite:///{run.folder}/people-{number}.db")
        upgrade(engine)
        try:
            attempts, most_s = (500, 12.0) if run.quick else (10_000, 150.0)
            told[way] = asdict(flood(SqlPeople(engine), way, attempts=attempts, most_s=most_s))
        finally:
            engine.dispose()
    slowest_s = max(one["slowest_s"] for one in told.values())
    return {"sign_in_flood": told, "sign_in_slowest_s": slowest_s}


def flooding_device(run: Try) -> Figures:
    """S8, second half: one device at a thousand messages a second."""
    others = 20 if run.quick else 60
    found = device_flood(run.folder, seconds=5.0 if run.quick else 60.0, others=others)
    return {"device_flood": asdict(found), "device_flood_others_lost": found.lost}
