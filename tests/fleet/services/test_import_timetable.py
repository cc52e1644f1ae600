"""Timetables of trucks in the registry: read from CSV, kept in versions, given to the rules."""

from datetime import date

import pytest
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.alarms.asset_rules.rulebook import AssetRulebook
from gongfu_fleet.domain.registry import CallRecord, ImportReport
from gongfu_fleet.services.asset_books import AssetBooks
from gongfu_fleet.services.delimited import TableFile
from gongfu_fleet.services.import_registry import RegistryFiles, import_registry
from gongfu_fleet.services.people import By
from gongfu_fleet.services.timetable_csv import TIMETABLE_COLUMNS, lines_of
from gongfu_fleet.services.watched_zones import RegistryZones

BY = By("someone", 1_763_424_000_000)
MONDAY = date(2026, 10, 12)
DAY = MONDAY.toordinal() - date(1970, 1, 1).toordinal()


def villages(county: Engine, count: int) -> list[str]:
    return sorted(SqlRegistry(county).known_keys().villages)[:count]


def timetable(*lines: str) -> RegistryFiles:
    text = "\n".join([",".join(TIMETABLE_COLUMNS), *lines, ""])
    return RegistryFiles(timetable=TableFile("timetable.csv", text.encode()))


def imported(county: Engine, *lines: str) -> ImportReport:
    return import_registry(SqlRegistry(county), timetable(*lines), by=BY)


def test_a_timetable_is_kept_in_versions_that_begin_on_a_day(county: Engine) -> None:
    one, other = villages(county, 2)
    report = imported(
        county,
        f"veh-0001,2026-10-12,1,{one},09:00,09:30",
        f"veh-0001,2026-10-12,2,{other},10:00,10:30",
        f"veh-0001,2026-10-19,1,{other},08:00,08:45",
    )
    assert (report.faults, report.counts.added) == ((), 3)
    found = SqlRegistry(county).timetables()
    assert set(found) == {"veh-0001"}
    table = found["veh-0001"]
    assert [c.village for c in table.calls_of(DAY)] == [one]
    assert [c.village for c in table.calls_of(DAY + 1)] == [other]
    (later,) = table.calls_of(DAY + 7)
    assert (later.village, later.from_min, later.until_min) == (other, 480, 525)
    assert table.calls_of(DAY + 8) == table.calls_of(DAY - 7) == ()
    assert later.holds(later.at, 0)
    assert not later.holds((later.at[0] + 1, later.at[1]), 500)


def test_the_same_file_twice_changes_nothing_and_a_changed_window_is_a_change(
    county: Engine,
) -> None:
    (one,) = villages(county, 1)
    line = f"veh-0001,2026-10-12,1,{one},09:00,09:30"
    imported(county, line)
    revision = SqlRegistry(county).revision()
    assert imported(county, line).counts.unchanged == 1
    assert SqlRegistry(county).revision() == revision
    assert imported(county, line.replace("09:30", "09:45")).counts.changed == 1
    assert SqlRegistry(county).revision() == revision + 1


@pytest.mark.parametrize(
    ("change", "column", "hint"),
    [
        (("veh-0001", "veh-9999"), "asset_id", "Write it in the assets first"),
        (("veh-0001", "cab-0001"), "asset_id", "no truck"),
        (("2026-10-12", "12.10.2026"), "valid_from", "2026-10-12"),
        ((",1,", ",0,"), "weekday", "1 for Monday"),
        ((",1,", ",Mon,"), "weekday", "1 for Monday"),
        (("09:00", "9 am"), "arrive_from", "08:30"),
        (("09:30", "09:30:20"), "arrive_until", "08:30"),
        (("09:30", "08:30"), "arrive_until", "Exchange"),
    ],
)
def test_a_wrong_value_is_named_by_line_and_column(
    county: Engine, change: tuple[str, str], column: str, hint: str
) -> None:
    (one,) = villages(county, 1)
    report = imported(county, f"veh-0001,2026-10-12,1,{one},09:00,09:30".replace(*change))
    (fault,) = report.faults
    assert (fault.line, fault.column, report.written) == (2, column, False)
    assert hint in str(fault)


def test_an_unknown_village_and_a_line_that_comes_twice_are_told(county: Engine) -> None:
    (one,) = villages(county, 1)
    line = f"veh-0001,2026-10-12,1,{one},09:00,09:30"
    faults = imported(county, line, line, line.replace(one, "999999999999")).faults
    assert [(fault.line, fault.column) for fault in faults] == [
        (3, "village_code"),
        (4, "village_code"),
    ]


def test_records_and_their_lines_are_the_same() -> None:
    record = CallRecord("veh-0001", DAY, 7, "330802001001", 0, 23 * 60 + 59)
    assert lines_of([record])[1] == "veh-0001,2026-10-12,7,330802001001,00:00,23:59"


def test_a_truck_with_a_timetable_is_judged_by_it_and_others_share_a_rulebook(
    county: Engine,
) -> None:
    registry = SqlRegistry(county)
    zones = RegistryZones(registry, None, AssetBooks(registry))

    def book(asset: str) -> AssetRulebook:
        found = next(z.book for z in zones.zones()[asset] if z.zone == 0)
        assert isinstance(found, AssetRulebook)
        return found

    before = book("veh-0001")
    assert before is book("veh-0002")
    (one,) = villages(county, 1)
    imported(county, f"veh-0001,2026-10-12,1,{one},09:00,09:30")
    zones.refresh()
    assert book("veh-0002") is before
    assert book("veh-0001").key != before.key
    assert book("cab-0001").key != book("cab-0080").key
