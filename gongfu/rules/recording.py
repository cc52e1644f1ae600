"""A recorded series as readings of one zone: a column of temperatures, perhaps one of the door."""

from dataclasses import dataclass, replace
from pathlib import Path

from gongfu.errors import GongfuError
from gongfu.replay.series import Fault, Mapping, Series, SeriesError, Unit, read_series
from gongfu_fleet.domain.coldchain.reading import Reading


class RecordingError(GongfuError):
    """The file cannot be read as a recorded series."""


@dataclass(frozen=True)
class Recording:
    """Readings in order of time, each time once, and the lines that were left out."""

    readings: tuple[Reading, ...]
    faults: tuple[Fault, ...]


def read_recording(path: Path, mapping: Mapping, door_column: str = "") -> Recording:
    """Read a CSV with a header line; a door value above 0 is open. Raises RecordingError."""
    series = _series(path, mapping)
    doors: dict[int, bool] = {}
    if door_column:
        told = _series(path, replace(mapping, value_column=door_column, unit=Unit.CELSIUS))
        doors = {row.ts_ms: row.celsius > 0 for row in told.rows}
    return Recording(
        tuple(Reading(row.ts_ms, row.celsius, doors.get(row.ts_ms)) for row in series.rows),
        series.faults,
    )


def _series(path: Path, mapping: Mapping) -> Series:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return read_series(lines, mapping)
    except (SeriesError, UnicodeDecodeError, OSError) as error:
        raise RecordingError(f"{path}: {error}") from error
