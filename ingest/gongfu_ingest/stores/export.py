"""Rows for other programs: CSV, line protocol, Parquet (an extra)."""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from gongfu_broker.columns import metrics
from gongfu_ingest.errors import StoreError
from gongfu_ingest.line_protocol import Place, point_line
from gongfu_ingest.points import Point

KEY = ("time", "ts_ms", "dev", "boot", "seq", "index")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_GROUP_ROWS = 50_000


def write_csv(points: Iterable[Point], to: IO[str]) -> int:
    """One line a row, UTC times, nothing where there is no value; returns how many rows."""
    writer = csv.writer(to, lineterminator="\n")
    writer.writerow((*KEY, *metrics()))
    count = 0
    for point in points:
        count += 1
        told = datetime.fromtimestamp(point.ts_ms / 1_000, UTC).isoformat(timespec="milliseconds")
        values = [point.values.get(metric) for metric in metrics()]
        writer.writerow((told, point.ts_ms, _harmless(point.dev), *point.rank, *values))
    return count


def write_lines(
    points: Iterable[Point], to: IO[bytes], place_of: Callable[[str], Place | None]
) -> int:
    """InfluxDB line protocol; rows of devices without a place are left out."""
    count = 0
    for point in points:
        place = place_of(point.dev)
        if place is not None:
            to.write(point_line(place, point) + b"\n")
            count += 1
    return count


def write_parquet(points: Iterable[Point], path: Path) -> int:
    """A file with a column per metric. Raises StoreError without the extra ``parquet``."""
    try:
        import pyarrow as pa  # type: ignore[import-untyped] # noqa: PLC0415 - an extra without types
        from pyarrow import parquet  # noqa: PLC0415 - an extra
    except ImportError:
        raise StoreError("Parquet needs pyarrow: install gongfu-ingest[parquet]") from None
    fields = [("time", pa.timestamp("ms", tz="UTC")), ("dev", pa.string())]
    fields += [(name, pa.int64()) for name in KEY[3:]]
    fields += [(metric, pa.float64()) for metric in metrics()]
    schema, count = pa.schema(fields), 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for group in _groups(points):
            rows = [
                (p.ts_ms, p.dev, *p.rank, *(p.values.get(metric) for metric in metrics()))
                for p in group
            ]
            columns = [list(column) for column in zip(*rows, strict=True)]
            arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(group)
    return count


def _groups(points: Iterable[Point]) -> Iterator[list[Point]]:
    rest = iter(points)
    while group := list(islice(rest, _GROUP_ROWS)):
        yield group


def _harmless(text: str) -> str:
    """A spreadsheet would take such text for a formula, and a bare CR for the end of a row."""
    plain = " ".join(text.splitlines())
    return f"'{plain}" if text.lstrip(" \n").startswith(_FORMULA) else plain
