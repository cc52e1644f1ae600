"""Lines of timetable.csv to records: when a truck is expected in which village."""

from collections.abc import Iterable
from datetime import date, time

from gongfu_fleet.domain.assets import AssetKind
from gongfu_fleet.domain.registry import CallRecord, ImportFault, KnownKeys
from gongfu_fleet.services.delimited import TableRow
from gongfu_fleet.services.registry_csv import Cells, refuse_twice

TIMETABLE_COLUMNS = (
    "asset_id", "valid_from", "weekday", "village_code", "arrive_from", "arrive_until",
)  # fmt: skip
_EPOCH = date(1970, 1, 1)
_SUNDAY = 7


def read_calls(
    file: str, rows: list[TableRow], known: KnownKeys
) -> tuple[list[CallRecord], list[ImportFault]]:
    """Calls of the right lines, faults of the others."""
    calls: list[CallRecord] = []
    faults: list[ImportFault] = []
    seen: dict[str, int] = {}
    for row in rows:
        cells = Cells(file, row)
        call = _call(cells, known)
        if call is not None:
            key = f"{call.asset_id} {row.values['valid_from']} {call.weekday} {call.village_code}"
            refuse_twice(cells, "village_code", key, seen)
        faults += cells.faults
        if call is not None and not cells.faults:
            calls.append(call)
    return calls, faults


def lines_of(calls: Iterable[CallRecord]) -> list[str]:
    """The file that gives these records, header first."""
    lines = (
        f"{c.asset_id},{day_text(c.from_day)},{c.weekday},{c.village_code},"
        f"{_clock(c.from_min)},{_clock(c.until_min)}"
        for c in calls
    )
    return [",".join(TIMETABLE_COLUMNS), *lines]


def day_text(day: int) -> str:
    """Days since 1970-01-01 as a date."""
    return date.fromordinal(_EPOCH.toordinal() + day).isoformat()


def _call(cells: Cells, known: KnownKeys) -> CallRecord | None:
    values = cells.row.values
    if known.assets.get(values["asset_id"]) != AssetKind.TRUCK:
        cells.complain(
            "asset_id",
            f"There is no truck {values['asset_id']!r:.50}.",
            "Write it in the assets first, or correct its line here.",
        )
    if values["village_code"] not in known.villages:
        cells.complain(
            "village_code",
            f"There is no village {values['village_code']!r:.50} in the registry.",
            "Import the village first, or correct the 12 digits.",
        )
    day = cells.converted("valid_from", _day, "Write a date such as 2026-10-12.")
    weekday = cells.converted("weekday", _weekday, "Write 1 for Monday to 7 for Sunday.")
    remedy = "Write a time of day such as 08:30."
    begin = cells.converted("arrive_from", _minutes, remedy)
    end = cells.converted("arrive_until", _minutes, remedy)
    if day is None or weekday is None or begin is None or end is None:
        return None
    if begin >= end:
        cells.complain(
            "arrive_until", "The window ends before it begins.", "Exchange the two times."
        )
    return CallRecord(values["asset_id"], day, weekday, values["village_code"], begin, end)


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - _EPOCH.toordinal()


def _weekday(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _SUNDAY:
        raise ValueError
    return number


def _minutes(text: str) -> int:
    at = time.fromisoformat(text)
    if at.tzinfo is not None or at.second or at.microsecond:
        raise ValueError
    return at.hour * 60 + at.minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
