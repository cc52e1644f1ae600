"""Measuring Gongfu: ``gongfu bench NAME``; baselines run in the same run."""

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from gongfu.cli.output import emit, fail, say

# Loaded when asked for: benches bring clients and processes of their own.
BENCHES = {
    "alarms": "gongfu.bench.alarms:alarms",
    "faults": "gongfu.bench.faults:faults",
    "ingest": "gongfu.bench.ingest:ingest",
    "mqtt": "gongfu.bench.mqtt_cost:mqtt",
    "security": "gongfu.bench.security:security",
    "spine": "gongfu.bench.spine:spine",
    "store": "gongfu.bench.store:store",
    "watch": "gongfu.bench.watch_cost:watch",
}


class Bench(Protocol):
    """A function that measures and gives its figures by name."""

    def __call__(
        self, *, quick: bool, seed: int, **more: Path
    ) -> dict[str, Any]:  # Any: figures of many types
        """Run it; ``quick`` ends within three minutes."""
        ...


def bench_named(name: str) -> Bench:
    """The bench of this name; it must be one of BENCHES."""
    module, function = BENCHES[name].split(":")
    found: Bench = getattr(import_module(module), function)
    return found


def run_bench(
    name: str, *, quick: bool, seed: int, as_json: bool, series: Path | None = None
) -> None:
    """Run one bench; the last line with ``as_json`` is its JSON object."""
    if name not in BENCHES:
        fail(f"there is no bench {name!r}; there are: {', '.join(BENCHES)}")
    if series and name != "alarms":
        fail("--series belongs to 'gongfu bench alarms'")
    more = {"series": series} if series else {}
    figures = bench_named(name)(quick=quick, seed=seed, **more)
    if as_json:
        emit(figures)
        return
    for key, value in figures.items():
        say(f"{key:18} {value}")
