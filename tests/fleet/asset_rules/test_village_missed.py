"""Villages of a truck's round: visited, late, missed, and those of which nobody can know."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import count

from gongfu_broker.columns import DeviceKind
from gongfu_fleet.adapters.memory import SettableClock
from gongfu_fleet.adapters.memory_incidents import MemoryIncidentStore
from gongfu_fleet.adapters.memory_log import MemoryHistory, MemoryLog, batch_record
from gongfu_fleet.domain.alarms.asset_rules.daytime import day_of, midnight_ms, weekday_of
from gongfu_fleet.domain.alarms.asset_rules.fold import TRUCK
from gongfu_fleet.domain.alarms.asset_rules.reading import AssetReading
from gongfu_fleet.domain.alarms.asset_rules.rulebook import asset_rulebook
from gongfu_fleet.domain.alarms.asset_rules.timetable import Call, Timetable, Version
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Incident
from gongfu_fleet.domain.alarms.rulebook import Judged
from gongfu_fleet.services.watch_cold_chain import ColdChainWatch
from gongfu_fleet.services.watch_unsaved import Pace
from tests.fleet.asset_rules.rides import MINUTE, START, TRUCKS, truck
from tests.fleet.asset_rules.test_whole_assets_in_the_watch import OneAsset

DAY = day_of(START) + 1
MIDNIGHT = midnight_ms(DAY)
DEPOT, HERE, THERE = (28.95, 118.87), (28.80, 118.80), (28.70, 118.60)
# About two kilometres each way around the point.
CORNERS = ((-0.02, -0.02), (-0.02, 0.02), (0.02, 0.02), (0.02, -0.02), (-0.02, -0.02))
RING = tuple((HERE[0] + north, HERE[1] + east) for north, east in CORNERS)
FIRST = Call("330881100200", weekday_of(DAY), 9 * 60, 9 * 60 + 30, HERE, (RING,))
SECOND = Call("330881100201", weekday_of(DAY), 11 * 60, 11 * 60 + 30, THERE)
BOTH = replace(TRUCKS, timetable=Timetable((Version(DAY - 30, (FIRST, SECOND)),)))
Where = tuple[float, float]


def stands(begin: str, end: str, at: Where, **told: object) -> list[AssetReading]:
    """Rows each 30 s from hh:mm to hh:mm at a place."""
    first, last = _ms(begin), _ms(end)
    still = truck(0, lat_deg=at[0], lon_deg=at[1], **told)
    return [still._replace(ts_ms=ts) for ts in range(first, last, 30_000)]


def drives(begin: str, end: str, a: Where, b: Where) -> list[AssetReading]:
    rows = stands(begin, end, a, speed_kmh=40.0)
    steps = len(rows)
    return [
        row._replace(
            lat_deg=a[0] + (b[0] - a[0]) * n / steps, lon_deg=a[1] + (b[1] - a[1]) * n / steps
        )
        for n, row in enumerate(rows)
    ]


def _ms(clock: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    return MIDNIGHT + (hours * 60 + minutes) * MINUTE


GOOD_DAY = [
    *stands("7:00", "8:30", DEPOT),
    *drives("8:30", "9:10", DEPOT, HERE),
    *stands("9:10", "9:50", HERE),
    *drives("9:50", "11:05", HERE, THERE),
    *stands("11:05", "11:45", THERE),
    *drives("11:45", "13:30", THERE, DEPOT),
    *stands("13:30", "18:00", DEPOT),
]


def of(rows: Iterable[AssetReading]) -> Judged:
    return TRUCK.follow(TRUCK.fresh, rows, BOTH)


def missed(judged: Judged) -> list[tuple[str, str]]:
    """When it began and was proved, by the clock."""
    found = [one.episode for one in judged.raised if one.hazard is Hazard.VILLAGE_MISSED]
    return [(_clock(one.begin_ms), _clock(one.raised_ms)) for one in found]


def ended(judged: Judged) -> list[str]:
    found = [one.episode for one in judged.ended if one.hazard is Hazard.VILLAGE_MISSED]
    return [_clock(one.end_ms or 0) for one in found]


def _clock(ts_ms: int) -> str:
    minutes = (ts_ms - MIDNIGHT) // MINUTE
    return f"{minutes // 60}:{minutes % 60:02}"


def test_a_round_that_visits_every_village_in_time_is_no_alarm() -> None:
    assert missed(of(GOOD_DAY)) == []


def test_a_truck_that_never_leaves_its_depot_misses_its_villages() -> None:
    judged = of(stands("7:00", "18:00", DEPOT))
    assert missed(judged) == [("9:30", "10:00")]
    assert ended(judged) == []


def test_a_parked_truck_that_reports_every_five_minutes_is_heard() -> None:
    rows = stands("7:00", "12:00", DEPOT)[::10]
    assert missed(of(rows)) == [("9:30", "10:00")]


def test_a_late_visit_ends_it_when_the_truck_has_stayed() -> None:
    rows = [
        *stands("7:00", "10:10", DEPOT),
        *drives("10:10", "10:40", DEPOT, HERE),
        *stands("10:40", "10:50", HERE),
    ]
    judged = of(rows)
    assert missed(judged) == [("9:30", "10:00")]
    assert ended(judged) == ["10:43"]


def test_the_next_day_ends_a_round_and_silence_over_night_does_not() -> None:
    judged = of([*stands("7:00", "18:00", DEPOT), *stands("31:00", "31:10", DEPOT)])
    assert ended(judged) == ["31:00"]


def test_driving_through_a_village_is_no_visit() -> None:
    rows = [
        *stands("7:00", "8:50", DEPOT),
        *drives("8:50", "9:10", DEPOT, HERE),
        *drives("9:10", "9:30", HERE, DEPOT),
        *stands("9:30", "10:30", DEPOT),
    ]
    assert missed(of(rows)) == [("9:30", "10:00")]


def test_a_stay_beside_the_point_but_within_the_borders_is_a_visit() -> None:
    beside = (HERE[0] + 0.015, HERE[1] + 0.015)
    outside = (HERE[0] + 0.025, HERE[1])
    for place, expected in ((beside, []), (outside, [("9:30", "10:00")])):
        rows = [*stands("7:00", "9:05", DEPOT), *drives("9:05", "9:20", DEPOT, place)]
        assert missed(of([*rows, *stands("9:20", "10:20", place)])) == expected


def test_nobody_is_told_of_a_village_that_the_truck_may_have_visited_unheard() -> None:
    offline = [row for row in GOOD_DAY if not _ms("8:40") <= row.ts_ms < _ms("10:30")]
    assert missed(of(offline)) == []


def test_rows_without_a_position_are_silence_too() -> None:
    lost = [
        row._replace(lat_deg=None, lon_deg=None) if row.ts_ms >= _ms("8:40") else row
        for row in GOOD_DAY
    ]
    assert missed(of(lost)) == []


def test_a_gap_too_short_to_drive_there_and_back_hides_nothing() -> None:
    rows = [*stands("7:00", "9:00", DEPOT), *stands("9:12", "10:30", DEPOT)]
    moved = [row._replace(lon_deg=(row.lon_deg or 0) + 0.01) for row in rows[-156:]]
    assert missed(of([*rows[:-156], *moved])) == [("9:30", "10:00")]


def test_a_gap_that_ends_far_away_as_a_village_is_due_hides_nothing_of_it() -> None:
    away = (HERE[0] + 0.5, HERE[1])
    rows = [*stands("7:00", "7:30", DEPOT), *stands("8:10", "10:30", away)]
    assert missed(of(rows)) == [("9:30", "10:00")]
    later = [*stands("7:00", "7:30", DEPOT), *stands("9:40", "10:30", away)]
    assert missed(of(later)) == []


def test_what_was_before_the_first_row_is_not_known() -> None:
    assert missed(of(stands("9:20", "10:40", DEPOT))) == []


def test_a_version_of_the_timetable_holds_from_its_day_on() -> None:
    later = Timetable((*BOTH.timetable.versions, Version(DAY + 1, (SECOND,))))
    assert later.calls_of(DAY) == (FIRST, SECOND)
    assert later.calls_of(DAY + 7) == (SECOND,)
    assert later.calls_of(DAY + 1) == later.calls_of(DAY - 31) == ()


def told_by_the_watch(*messages: list[AssetReading]) -> list[list[Incident]]:
    """The living incidents after each message."""
    book = asset_rulebook(BOTH)
    log, store, ids = MemoryLog(), MemoryIncidentStore(), count()
    watch = ColdChainWatch(
        log=log,
        readings=MemoryHistory(log),
        store=store,
        policies=OneAsset(book),
        clock=SettableClock(START),
        new_id=lambda: f"i-{next(ids):06}",
        pace=Pace(records=1),
    )
    found = []
    for n, message in enumerate(messages):
        rows = [(row.ts_ms, {name: _told(row, name) for name in book.columns}) for row in message]
        record = batch_record("a-1", DeviceKind.TRUCK, rows, mseq=n + 1, received_ms=START)
        log.append(record)
        while watch.turn(3):
            pass
        page = store.page(100, None, asset=None, only_open=False)
        mine = (one for one in page if one.subject.hazard is Hazard.VILLAGE_MISSED)
        found.append([one for one in mine if one.living])
    return found


def _told(row: AssetReading, name: str) -> float | None:
    value = getattr(row, name)
    return None if value is None else float(value)


def test_an_offline_truck_gives_no_false_miss_and_its_backlog_tells_the_truth() -> None:
    before = [row for row in GOOD_DAY if row.ts_ms < _ms("8:40")]
    after = [row for row in GOOD_DAY if row.ts_ms >= _ms("10:30")]
    visited = [row for row in GOOD_DAY if _ms("8:40") <= row.ts_ms < _ms("10:30")]
    assert told_by_the_watch(before, after, visited) == [[], [], []]
    wandering = [row._replace(lat_deg=DEPOT[0], lon_deg=DEPOT[1]) for row in visited]
    *quiet, now = told_by_the_watch(before, after, wandering)
    assert quiet == [[], []]
    assert [_clock(one.finding.episode.begin_ms) for one in now] == ["9:30"]
