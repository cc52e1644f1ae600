"""What the commands of ``gongfu store`` do."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, NamedTuple

import typer

from gongfu.cli.output import NOT_WELL, emit, fail, say
from gongfu.demo_clock import SHANGHAI
from gongfu.directory import RegisteredDevices
from gongfu.errors import GongfuError
from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings
from gongfu.state_lock import hold_state
from gongfu.telemetry import Telemetry, open_telemetry
from gongfu_ingest.errors import IngestError
from gongfu_ingest.line_protocol import Place
from gongfu_ingest.points import Point
from gongfu_ingest.stores.export import write_csv, write_lines, write_parquet
from gongfu_ingest.stores.rows import MAX_TS_MS

SHOWN_FAULTS = 20


class Request(NamedTuple):
    """What is exported, and whereto; ``out`` None is stdout, ``devs`` None all of them."""

    start: str
    end: str
    devs: frozenset[str] | None
    form: str
    out: Path | None


def tell_figures(settings: Settings, *, as_json: bool) -> None:
    """Rows, reach, bytes."""
    with _opened(settings) as telemetry:
        health, figures = telemetry.store.health(), telemetry.store.figures()
    if as_json:
        emit({**health._asdict(), **figures._asdict()})
        return
    say(f"{health.rows:,} rows, {figures.points:,} values, {health.conflicts:,} conflicts")
    say(f"from {_told(health.oldest_ms)} to {_told(health.newest_ms)}")
    say(f"{figures.hot_rows:,} rows are hot, the others lie in {figures.blocks:,} hour blocks")
    say(f"{health.bytes_on_disk:,} bytes on disk, with the log")
    if figures.bytes_per_point:
        say(f"{figures.bytes_per_point} bytes per value, without the log")


def write_rows(settings: Settings, request: Request, *, as_json: bool) -> None:
    """Export."""
    start_ms, end_ms = _time_ms(request.start, 0), _time_ms(request.end, MAX_TS_MS)
    with _opened(settings) as telemetry:
        points = telemetry.store.export(start_ms, end_ms, request.devs)
        count = _write(settings, points, request)
    if as_json:
        emit({"rows": count, "file": str(request.out)})
    elif request.out is not None:
        say(f"{count:,} rows in {request.out}")


def forget_rows(settings: Settings, before: str, *, as_json: bool) -> None:
    """Expire; the folder must not be in use, for ingest is the one writer."""
    before_ms = _time_ms(before, 0)
    try:
        with hold_state(settings.state), _opened(settings, read_only=False) as telemetry:
            count = telemetry.store.expire(before_ms)
    except GongfuError as error:
        fail(str(error))
    if as_json:
        emit({"expired": count, "before_ms": before_ms})
    else:
        say(f"{count:,} rows older than {_told(before_ms)} forgotten")


def examine(settings: Settings, *, as_json: bool) -> None:
    """Name everything that is wrong; exit code 1 if anything is."""
    with _opened(settings) as telemetry:
        faults = list(telemetry.store.faults())
    if as_json:
        emit({"ok": not faults, "faults": faults})
    else:
        for fault in faults[:SHOWN_FAULTS]:
            say(fault)
        more = f", {len(faults) - SHOWN_FAULTS} not shown" if len(faults) > SHOWN_FAULTS else ""
        say(f"{len(faults)} faults{more}: see docs/store.md" if faults else "the store is sound")
    if faults:
        raise typer.Exit(NOT_WELL)


@contextmanager
def _opened(settings: Settings, *, read_only: bool = True) -> Iterator[Telemetry]:
    """The telemetry of a state folder; errors become one sentence and exit code 2."""
    path = settings.telemetry_path
    if not path.exists():
        fail(f"{path} does not exist: run 'gongfu run' first, or name the state folder")
    try:
        telemetry = open_telemetry(path, read_only=read_only)
        try:
            yield telemetry
        finally:
            telemetry.close()
    except (IngestError, OSError) as error:
        fail(str(error))


def _write(settings: Settings, points: Iterator[Point], request: Request) -> int:
    if request.form == "parquet" and request.out is not None:
        return write_parquet(points, request.out)
    # A descriptor of stdout's own: closing the writer must not close stdout.
    target = request.out or sys.stdout.fileno()
    with open(target, "wb", closefd=request.out is not None) as to:
        if request.form == "lines":
            return write_lines(points, to, _places(settings).get)
        return _as_text(points, to)


def _as_text(points: Iterator[Point], to: IO[bytes]) -> int:
    text = io.TextIOWrapper(to, "utf-8", newline="")
    count = write_csv(points, text)
    text.flush()
    text.detach()
    return count


def _places(settings: Settings) -> dict[str, Place]:
    fleet = open_fleet(settings)
    try:
        devices = RegisteredDevices(fleet.registry).devices()
        return {dev: Place(device.kind, device.site) for dev, device in devices.items()}
    finally:
        fleet.close()


def _time_ms(text: str, usual_ms: int) -> int:
    if not text:
        return usual_ms
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text!r} is no ISO time: write it like 2026-11-20 or 2026-11-20T08:00+08:00")
    return round((time if time.tzinfo else time.replace(tzinfo=SHANGHAI)).timestamp() * 1_000)


def _told(ts_ms: int | None) -> str:
    if ts_ms is None:
        return "nothing"
    return f"{datetime.fromtimestamp(ts_ms / 1_000, SHANGHAI):%Y-%m-%d %H:%M:%S}"
