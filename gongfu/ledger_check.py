"""The simulator's ledger of acknowledged messages against the store, as sets.

lost: acknowledged, but not in the store with these values. duplicated: stored more than once.
phantom: in the store, but no device ever said it. Quarantined messages are acknowledged and stand
in the dead letters; they are counted apart.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gongfu_broker.codec import decode_telemetry
from gongfu_broker.columns import COLUMNS, DeviceKind
from gongfu_broker.errors import PayloadError
from gongfu_broker.ports import Device
from gongfu_firmware_sim.ring import read_ledger

Key = tuple[str, int]
Values = dict[str, float]


@dataclass(frozen=True)
class Verdict:
    """Counts of samples, except ``messages``."""

    messages: int
    samples: int
    lost: int
    duplicated: int
    phantom: int
    quarantined: int
    examples: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Nothing acknowledged is lost, nothing stands twice."""
        return self.lost == 0 and self.duplicated == 0 and self.phantom == 0


def check_ledger(ring: Path, telemetry: Path, devices: Mapping[str, Device]) -> Verdict:
    """Compare after everything has come to rest; reads both files only."""
    with closing(sqlite3.connect(f"{telemetry.resolve().as_uri()}?mode=ro", uri=True)) as stored:
        quarantined = _quarantined(stored)
        acked = dict(_samples(read_ledger(ring), devices, quarantined))
        lost = [key for key, values in acked.items() if not _stands(stored, key, values)]
        waiting = {key for key, _ in _samples(_in_ring(ring), devices, set())}
        phantom = [key for key in _stored_keys(stored) if key not in acked and key not in waiting]
        (twice,) = stored.execute(
            "SELECT (SELECT count(*) FROM (SELECT 1 FROM log WHERE boot IS NOT NULL"
            " GROUP BY dev, boot, mseq HAVING count(*) > 1))"
            " + (SELECT count(*) FROM hot_conflict)"
        ).fetchone()
    return Verdict(
        messages=sum(1 for _ in read_ledger(ring)),
        samples=len(acked),
        lost=len(lost),
        duplicated=twice,
        phantom=len(phantom),
        quarantined=len(quarantined),
        examples=tuple(f"lost {key}" for key in lost[:5])
        + tuple(f"phantom {key}" for key in phantom[:5]),
    )


def _samples(
    messages: Iterable[tuple[str, int, int, bytes]],
    devices: Mapping[str, Device],
    left_out: set[tuple[str, int, int]],
) -> Iterator[tuple[Key, Values]]:
    for dev, boot, seq, payload in messages:
        if (dev, boot, seq) in left_out:
            continue
        kind = devices[dev].kind
        try:
            told = decode_telemetry(kind, payload)
        except PayloadError:
            continue  # an event; the log holds it, the hot rows do not
        for sample in told.samples:
            values = _values(kind, sample.values)
            if values:
                yield (dev, sample.ts_ms), values


def _values(kind: DeviceKind, values: tuple[float | None, ...]) -> Values:
    names = [column.name for column in COLUMNS[1, kind]]
    return {n: v for n, v in zip(names, values, strict=True) if v is not None}


def _stands(stored: sqlite3.Connection, key: Key, values: Values) -> bool:
    names = ", ".join(values)
    row = stored.execute(
        f"SELECT {names} FROM hot WHERE ts = ? AND dev = ?",  # noqa: S608 - names of the contract
        (key[1], key[0]),
    ).fetchone()
    return row is not None and tuple(row) == tuple(values.values())


def _stored_keys(stored: sqlite3.Connection) -> Iterator[Key]:
    return iter(stored.execute("SELECT dev, ts FROM hot"))


def _quarantined(stored: sqlite3.Connection) -> set[tuple[str, int, int]]:
    rows = stored.execute(
        "SELECT dev, boot, mseq FROM dead_letter WHERE boot IS NOT NULL"
        " AND detail NOT LIKE 'value left out%'"
    )
    return set(rows.fetchall())


def _in_ring(ring: Path) -> list[tuple[str, int, int, bytes]]:
    with closing(sqlite3.connect(f"{ring.resolve().as_uri()}?mode=ro", uri=True)) as waiting:
        return waiting.execute("SELECT dev, boot, seq, payload FROM message").fetchall()
