"""The load's ledger against the store: what was acknowledged must stand there, value by value."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gongfu.bench.load_county import METRICS, MINUTE_MS, Script, device_ids
from gongfu.telemetry import open_telemetry
from gongfu_ingest.stores.embedded import EmbeddedStore

HOUR_MS = 60 * MINUTE_MS


class Judged(NamedTuple):
    """Counts of messages that were acknowledged, and of rows that met another row."""

    acknowledged: int
    lost: int
    conflicts: int


def judge(script: Script, acked: Sequence[int], path: Path) -> Judged:
    """Compare after everything has come to rest. ``acked``: highest acknowledged seq per place."""
    telemetry = open_telemetry(path, read_only=True)
    try:
        standing = _standing(script, acked, telemetry.store)
        conflicts = telemetry.store.health().conflicts
    finally:
        telemetry.close()
    lost = sum(
        not all(ts in standing[place] for ts, _ in script.rows(place, seq))
        for place, highest in enumerate(acked)
        for seq in range(1, highest + 1)
    )
    return Judged(sum(acked), lost, conflicts)


def _standing(script: Script, acked: Sequence[int], store: EmbeddedStore) -> list[set[int]]:
    """Per place the times at which the store holds what the device said."""
    place_of = {dev: place for place, dev in enumerate(device_ids(len(acked)))}
    found: list[set[int]] = [set() for _ in acked]
    end_ms = script.at_ms(0, max(acked, default=0) + 2)
    first_ms = min(script.at_ms(0, 1), script.begin_ms)
    for point in store.export(first_ms - 2 * HOUR_MS, end_ms):
        place = place_of.get(point.dev)
        if place is None:
            continue
        seq = script.seq_at(place, point.ts_ms)
        if tuple(point.values.get(metric) for metric in METRICS) == script.values(place, seq):
            found[place].add(point.ts_ms)
    return found
