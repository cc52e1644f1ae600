"""``gongfu store``: the commands; what they do stands in ``store_work.py``."""

from pathlib import Path
from typing import Annotated

import typer

from gongfu.cli.output import fail

store_app = typer.Typer(help="The embedded telemetry store.", no_args_is_help=True)
State = Annotated[Path | None, typer.Option(help="State folder (default: GONGFU_STATE or state).")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of sentences.")]
FORMATS = ("csv", "lines", "parquet")


@store_app.command()
def stat(state: State = None, as_json: Json = False) -> None:
    """Say how many rows there are, from when to when, and how many bytes they take."""
    from gongfu.cli.options import settings_of
    from gongfu.cli.store_work import tell_figures

    tell_figures(settings_of(state), as_json=as_json)


@store_app.command()
def export(
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="Default: stdout.")] = None,
    as_format: Annotated[str, typer.Option("--format", help="csv, lines or parquet.")] = "csv",
    start: Annotated[str, typer.Option("--from", help="ISO time; Shanghai without a zone.")] = "",
    end: Annotated[str, typer.Option("--to", help="ISO time, not included.")] = "",
    dev: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Write rows in order of time and device: CSV, InfluxDB line protocol or Parquet."""
    from gongfu.cli.options import settings_of
    from gongfu.cli.store_work import Request, write_rows

    if as_format not in FORMATS:
        fail(f"there is no format {as_format!r}: choose one of {', '.join(FORMATS)}")
    if out is None and (as_json or as_format == "parquet"):
        fail("rows cannot go to stdout here: name a file with --out")
    request = Request(start, end, frozenset(dev) if dev else None, as_format, out)
    write_rows(settings_of(state), request, as_json=as_json)


@store_app.command()
def expire(
    before: Annotated[str, typer.Option(help="ISO time; rows older than this are forgotten.")],
    state: State = None,
    as_json: Json = False,
) -> None:
    """Forget old rows for good; statistics of their hours stay. Not beside a running Gongfu."""
    from gongfu.cli.options import settings_of
    from gongfu.cli.store_work import forget_rows

    forget_rows(settings_of(state), before, as_json=as_json)


@store_app.command()
def verify(state: State = None, as_json: Json = False) -> None:
    """Unpack every block, compare statistics and newest values; exit code 1 if any is wrong."""
    from gongfu.cli.options import settings_of
    from gongfu.cli.store_work import examine

    examine(settings_of(state), as_json=as_json)
