"""``gongfu import``: files into the registry."""

from collections.abc import Mapping
from pathlib import Path

import typer

from gongfu.cli.output import NOT_WELL, emit, fail, say
from gongfu.fleet_side import open_fleet
from gongfu.settings import Settings
from gongfu_broker.clock import real_ms
from gongfu_fleet.domain.registry import ImportReport
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import RegistryFiles, import_registry
from gongfu_fleet.services.people import COMMAND_LINE, By


def import_files(
    settings: Settings,
    paths: Mapping[str, Path],
    *,
    encoding: str,
    how: Mapping[str, bool],
    as_json: bool,
) -> None:
    """Read, check and write; exit code 1 when a line has a fault."""
    if not paths:
        fail("nothing to import: name at least one file, see 'gongfu import --help'")
    files = RegistryFiles(
        **{
            name: TableFile(path.name, path.read_bytes(), encoding=encoding)
            for name, path in paths.items()
        }
    )
    fleet = open_fleet(settings)
    try:
        report = import_registry(fleet.registry, files, by=By(COMMAND_LINE, real_ms()), **how)
    finally:
        fleet.close()
    _tell(report, as_json=as_json)
    if report.faults:
        raise typer.Exit(NOT_WELL)


def _tell(report: ImportReport, *, as_json: bool) -> None:
    counts = report.counts
    if as_json:
        faults = [fault.__dict__ for fault in report.faults]
        emit({"written": report.written, "counts": counts.__dict__, "faults": faults})
        return
    for fault in report.faults:
        say(str(fault))
    verb = "written" if report.written else "not written"
    say(
        f"{verb}: {counts.added} new, {counts.changed} changed, {counts.unchanged} unchanged,"
        f" {len(report.faults)} faults"
    )
