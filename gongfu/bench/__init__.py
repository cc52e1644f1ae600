"""Measuring Gongfu: ``gongfu bench NAME``; baselines run in the same run."""

from gongfu.bench.faults import faults
from gongfu.bench.ingest import ingest
from gongfu.bench.mqtt_cost import mqtt
from gongfu.bench.spine import spine
from gongfu.bench.watch_cost import watch
from gongfu.cli.output import emit, fail, say

BENCHES = {"faults": faults, "ingest": ingest, "mqtt": mqtt, "spine": spine, "watch": watch}


def run_bench(name: str, *, quick: bool, seed: int, as_json: bool) -> None:
    """Run one bench; the last line with ``as_json`` is its JSON object."""
    if name not in BENCHES:
        fail(f"there is no bench {name!r}; there are: {', '.join(BENCHES)}")
    figures = BENCHES[name](quick=quick, seed=seed)
    if as_json:
        emit(figures)
        return
    for key, value in figures.items():
        say(f"{key:18} {value}")
