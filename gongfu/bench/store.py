"""``gongfu bench store``: the embedded store beside influxd 1.6.7 and VictoriaMetrics, one run.

The same rows in the same batches to each, then four questions, asked in turn; answers must agree.
A server's CPU is its process alone; ours is everything. See store_engines.py.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gongfu.bench.store_county import (
    DAY_MS,
    VETERAN,
    Fridges,
    Period,
    Source,
    batches,
    county,
)
from gongfu.bench.store_engines import Answer, Embedded, Engine, Question, binary
from gongfu.bench.store_servers import Influxd, VictoriaMetrics
from gongfu.cli.output import say
from gongfu_broker.clock import real_ms
from gongfu_broker.columns import DeviceKind

OURS = "embedded"
QUICK, FULL = (40, 10, 1), (200, 90, 1)
QUICK_COUNTY, FULL_COUNTY = (1, 1), (90, 7)
ENOUGH_CPU_S, MOST_ROUNDS = 0.6, 40
ABOVE_CELSIUS = 8.0
TELL_EVERY_S = 10.0


@dataclass
class Contender:
    """An engine with what it cost."""

    engine: Engine
    ingest_cpu_s: float = 0.0
    query_ms: dict[str, float] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    bytes_used: int = 0


def store(*, quick: bool, seed: int) -> dict[str, Any]:  # Any: figures of several types
    """Run both fleets and return the figures; quick, the county fills our store only."""
    devices, *days = QUICK if quick else FULL
    say(f"{devices} fridges, a row every ten seconds")
    figures = _run(Fridges(devices, _period(*days), seed), servers=True)
    say("the simulated county")
    source = county(_period(*(QUICK_COUNTY if quick else FULL_COUNTY)), seed=seed)
    of_county = _run(source, servers=not quick)
    return {
        **figures,
        "bytes_per_point": of_county["bytes_per_point"],
        "answers_equal": figures["answers_equal"] and of_county["answers_equal"],
        "fridges": {"bytes_per_point": figures["bytes_per_point"], "points": figures["points"]},
        "county": of_county,
    }


def _period(months_days: int, days: int) -> Period:
    # The servers take no points from the future.
    end_ms = real_ms() // DAY_MS * DAY_MS
    return Period(end_ms - months_days * DAY_MS, end_ms - days * DAY_MS, end_ms)


def _run(source: Source, *, servers: bool) -> dict[str, Any]:  # Any: as above
    with TemporaryDirectory(prefix="gongfu-bench-") as folder:
        engines = _engines(Path(folder), source, servers=servers)
        contenders = {name: Contender(make()) for name, make in engines.items()}
        try:
            points = _fill(source, contenders)
            _settle(contenders)
            _ask(source, contenders)
        finally:
            for contender in contenders.values():
                contender.engine.close()
    figures = _figures(contenders, points)
    missing = {"influxd", "victoria_metrics"} - contenders.keys()
    if servers and missing:
        figures["skipped"] = f"no {' and no '.join(sorted(missing))}: 'make test-servers' gets them"
    return figures


def _engines(folder: Path, source: Source, *, servers: bool) -> dict[str, Callable[[], Engine]]:
    def at(name: str) -> Path:
        (folder / name).mkdir()
        return folder / name

    def server(kind: type[Influxd | VictoriaMetrics], name: str, program: str) -> Engine:
        made = kind(at(name), program)
        made.know(source.kinds())
        return made

    found: dict[str, Callable[[], Engine]] = {OURS: lambda: Embedded(at(OURS))}
    influxd, victoria = binary("influxd"), binary("victoria-metrics")
    if servers and influxd:
        found["influxd"] = lambda: server(Influxd, "influxd", influxd)
    if servers and victoria:
        found["victoria_metrics"] = lambda: server(VictoriaMetrics, "victoria_metrics", victoria)
    return found


def _fill(source: Source, contenders: Mapping[str, Contender]) -> int:
    points = rows = 0
    began = shown = time.monotonic()
    ours = contenders[OURS]
    for batch in batches(source):
        rows += len(batch)
        points += sum(len(point.values) for point in batch)
        before = ours.engine.cpu_s()
        ours.engine.write(batch)
        ours.ingest_cpu_s += ours.engine.cpu_s() - before
        for name, contender in contenders.items():
            if name != OURS:
                contender.engine.write(batch)
        if time.monotonic() - shown > TELL_EVERY_S:
            shown = time.monotonic()
            at_day = (batch[-1].ts_ms - source.period.start_ms) / DAY_MS
            say(f"day {at_day:.1f}: {rows:,} rows, {points:,} values in {shown - began:.0f} s")
    return points


def _settle(contenders: Mapping[str, Contender]) -> None:
    for name, contender in contenders.items():
        contender.engine.settle()
        if name != OURS:
            contender.ingest_cpu_s = contender.engine.cpu_s()
        contender.bytes_used = contender.engine.bytes_used()


def _ask(source: Source, contenders: Mapping[str, Contender]) -> None:
    for name, (method, question) in _questions(source).items():
        for contender in contenders.values():
            ask: Callable[[Question], Answer] = getattr(contender.engine, method)
            contender.answers[name] = ask(question)
            rounds, before, spent_s = 0, contender.engine.cpu_s(), 0.0
            while rounds < MOST_ROUNDS and spent_s < ENOUGH_CPU_S:
                ask(question)
                rounds += 1
                spent_s = contender.engine.cpu_s() - before
            contender.query_ms[name] = round(spent_s / rounds * 1_000, 2)
        costs = {key: contender.query_ms[name] for key, contender in contenders.items()}
        say(f"{name}: {costs} ms CPU")


def _questions(source: Source) -> dict[str, tuple[str, Question]]:
    end_ms, kind = source.period.end_ms, DeviceKind.CABINET
    day = Question(VETERAN, kind, end_ms - DAY_MS, end_ms, every_ms=300_000)
    months = Question(VETERAN, kind, source.period.start_ms, end_ms, every_ms=DAY_MS)
    warm = Question("", kind, end_ms - DAY_MS, end_ms, 0, ABOVE_CELSIUS, source.max_gap_ms)
    return {
        "last_of_every_device": ("last", day),
        "one_device_24h_by_5min": ("windows", day),
        "fleet_episodes_above_8_24h": ("episodes", warm),
        "daily_means_of_one_device": ("windows", months),
    }


def _figures(contenders: Mapping[str, Contender], points: int) -> dict[str, Any]:  # Any: as above
    ours = contenders[OURS]
    per_point = {name: round(c.bytes_used / points, 3) for name, c in contenders.items()}
    ingest_us = {name: round(c.ingest_cpu_s / points * 1e6, 2) for name, c in contenders.items()}
    return {
        "points": points,
        "bytes_per_point": per_point[OURS],
        "queries": {
            name: {key: c.query_ms[name] for key, c in contenders.items()} for name in ours.query_ms
        },
        "answers_equal": all(
            same(ours.answers[name], c.answers[name])
            for c in contenders.values()
            for name in ours.answers
        ),
        "ingest_us_per_point": ingest_us[OURS],
        "bytes_per_point_of": per_point,
        "ingest_us_per_point_of": ingest_us,
        "answers": {name: len(answer) for name, answer in ours.answers.items()},
    }


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers agree; means may differ in the last digits."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)
