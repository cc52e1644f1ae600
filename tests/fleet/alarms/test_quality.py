"""Alarm quality: floods, chatter, waits; worked by hand, and as properties of any ledger."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from gongfu_fleet.adapters.db.incident_desk import SqlIncidentDesk
from gongfu_fleet.adapters.db.incidents import SqlIncidentStore
from gongfu_fleet.adapters.db.ledger_figures import SqlLedgerFigures
from gongfu_fleet.adapters.db.registry import SqlRegistry
from gongfu_fleet.domain.alarms.handling import OutOfService, Shelved
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.incident import Acknowledged, Subject
from gongfu_fleet.domain.alarms.liveness import raised as raised_by_clock
from gongfu_fleet.domain.alarms.modifiers import Suppressed
from gongfu_fleet.domain.alarms.quality import (
    DAY_MS,
    MINUTE_MS,
    TEN_MINUTES_MS,
    Entry,
    Quality,
    Standing,
    quality,
)
from gongfu_fleet.domain.alarms.reconcile import Draft
from gongfu_fleet.domain.audit import Deed
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from gongfu_fleet.ports import Actor
from gongfu_fleet.services.alarm_quality import AlarmQuality
from gongfu_fleet.services.incident_ports import Task
from gongfu_fleet.services.quality_state import quality_rows
from tests.fleet.alarms.test_handling import EXPOSED

HOUR_MS = 6 * TEN_MINUTES_MS


def subject(number: int) -> Subject:
    return Subject(f"cab-{number:04d}", 1, Hazard.TEMPERATURE_HIGH)


def raised(at_ms: int, number: int = 1) -> Entry:
    return Entry(at_ms, "raised", subject(number), at_ms)


def figures(*entries: Entry, end_ms: int = HOUR_MS) -> Quality:
    return quality(entries, start_ms=0, end_ms=end_ms, standing=Standing())


def test_of_nothing_nothing_is_said() -> None:
    calm = figures()
    assert (calm.annunciated, calm.per_10_min, calm.flood_share) == (0, 0.0, 0.0)
    assert (calm.top_share, calm.acknowledge_p50_s, calm.acknowledge_p95_s) == (None, None, None)


def test_the_tenth_within_ten_minutes_is_a_flood_until_fewer_than_five_are_left() -> None:
    minutes = [raised(n * MINUTE_MS, n) for n in range(10)]
    told = figures(*minutes)
    # From minute 9 until the sixth of them is ten minutes old, at minute 15.
    assert (told.floods, told.most_in_10_min) == (1, 10)
    assert told.flood_share == pytest.approx(6 / 60)
    assert figures(*minutes[1:]).floods == 0
    assert told.per_10_min == pytest.approx(10 / 6)


def test_a_flood_that_goes_on_lasts_until_the_end() -> None:
    told = figures(*[raised(n * MINUTE_MS, n) for n in range(60)])
    assert told.floods == 1
    assert told.flood_share == pytest.approx(51 / 60)


def test_slots_with_more_than_ten_are_counted_by_the_clock() -> None:
    eleven = [raised(TEN_MINUTES_MS + n, n) for n in range(11)]
    assert figures(*eleven).over_10_share == pytest.approx(1 / 6)
    assert figures(*eleven[:10]).over_10_share == 0


def test_a_subject_chatters_that_comes_three_times_within_a_minute() -> None:
    apart = [raised(0), raised(30_000), raised(60_000)]
    assert figures(*apart).chattering == 0
    assert figures(*apart, raised(59_999)).chattering == 1
    assert figures(raised(0, 1), raised(1, 2), raised(2, 3)).chattering == 0


def test_the_ten_most_frequent_are_named_with_their_share() -> None:
    told = figures(*[raised(n, 1) for n in range(9)], *[raised(n, n) for n in range(2, 13)])
    assert (told.top[0].subject, told.top[0].count, len(told.top)) == (subject(1), 9, 10)
    assert told.top_share == pytest.approx(18 / 20)


def test_what_was_found_too_late_is_no_annunciation() -> None:
    told = figures(Entry(5, "late_raised", subject(1), 5))
    assert (told.annunciated, told.late) == (0, 1)


def test_waits_are_nearest_ranks_of_what_was_acknowledged() -> None:
    acks = [Entry(n * 1_000, "acknowledged", subject(1), 0) for n in range(1, 21)]
    told = figures(*acks)
    assert (told.acknowledged, told.acknowledge_p50_s, told.acknowledge_p95_s) == (20, 10, 19)


entries = st.lists(
    st.builds(
        Entry,
        st.integers(-TEN_MINUTES_MS, 2 * HOUR_MS),
        st.sampled_from(["raised", "late_raised", "acknowledged", "shelved"]),
        st.integers(1, 4).map(subject),
        st.just(-TEN_MINUTES_MS),
    ),
    max_size=60,
)


@given(entries)
def test_the_figures_do_not_depend_on_the_order_and_stay_in_their_bounds(
    told: Sequence[Entry],
) -> None:
    first = figures(*told)
    assert figures(*reversed(told)) == first
    assert 0 <= first.flood_share <= 1
    assert 0 <= first.over_10_share <= 1
    assert first.most_in_10_min <= first.annunciated
    assert (first.floods > 0) == (first.most_in_10_min >= 10)
    assert sum(one.count for one in first.top) == first.annunciated


@pytest.fixture
def county_quality(county: Engine) -> AlarmQuality:
    """Three incidents in the ledger, of two operators; the period ends two days later."""
    ledger, desk = SqlIncidentStore(county), SqlIncidentDesk(county)
    for number, asset in enumerate(("cab-0001", "cab-0002", "veh-0001"), start=1):
        about = replace(EXPOSED, subject=replace(EXPOSED.subject, asset=asset))
        late = replace(about, late=True) if number == 2 else about
        ledger.append([Draft(f"i-{number}", late)], at_ms=number * MINUTE_MS)
    mei = Actor("mei", 3 * MINUTE_MS, real_ms=1)
    deed = Deed(1, "mei", "x", "y")
    desk.take([Task("i-1", (Acknowledged("x"),), deed)], by=mei)
    steps = (Shelved(2 * MINUTE_MS + DAY_MS, "x"), OutOfService("WO-1", ""))
    desk.take([Task("i-3", steps, deed)], by=mei)
    return AlarmQuality(SqlLedgerFigures(county), SqlRegistry(county), lambda: DAY_MS + MINUTE_MS)


def test_each_operator_has_its_own_figures_and_the_whole_has_all(
    county_quality: AlarmQuality,
) -> None:
    report = county_quality.report(2 * DAY_MS)
    whole, compound = report.overall, report.operators["hangzhou"]
    assert (whole.annunciated, whole.late, whole.shelvings) == (2, 1, 1)
    assert (compound.annunciated, compound.late, compound.shelvings) == (1, 1, 0)
    assert (compound.acknowledged, compound.acknowledge_p50_s) == (1, 120.0)
    assert whole.standing == Standing(
        stale=3, shelved=1, out_of_service=1, unacknowledged=2, oldest_unacknowledged_ms=120_000
    )
    assert sum(one.standing.stale for one in report.operators.values()) == 3


def test_grafana_gets_a_row_per_operator_with_what_can_be_said(
    county_quality: AlarmQuality,
) -> None:
    rows = {row.tags["operator"]: row for row in quality_rows(county_quality.report(2 * DAY_MS))}
    compound, county = rows["hangzhou"], rows["quzhou"]
    assert (compound.measurement, compound.ts_ms) == ("alarm_quality", DAY_MS + MINUTE_MS)
    assert compound.fields["acknowledge_p50_s"] == 120.0
    assert "acknowledge_p50_s" not in county.fields
    assert (county.fields["shelved"], county.fields["annunciated"]) == (1, 1)


def test_the_period_includes_its_ends_and_nothing_before(county_quality: AlarmQuality) -> None:
    assert county_quality.report(DAY_MS).overall.annunciated == 2
    assert county_quality.report(DAY_MS - 1).overall.annunciated == 1


def test_a_scope_hears_of_its_own_alarms_only(county_quality: AlarmQuality) -> None:
    scope = scope_of([Grant(ScopeKind.OPERATOR, "hangzhou")])
    report = county_quality.report(2 * DAY_MS, scope=scope)
    assert set(report.operators) == {"hangzhou"}
    assert report.overall.annunciated == 1
    assert report.overall.standing.out_of_service == 0


@pytest.mark.parametrize(("later_ms", "annunciated"), [(0, 0), (1, 1)])
def test_what_was_suppressed_at_once_was_told_to_nobody(
    county: Engine, later_ms: int, annunciated: int
) -> None:
    ledger = SqlIncidentStore(county)
    about = Subject("cab-0001", 0, Hazard.CHANNEL_SILENT)
    ledger.append([Draft("i-1", raised_by_clock(about, 500, 900))], at_ms=900)
    ledger.append([Draft("i-1", Suppressed("parent"))], at_ms=900 + later_ms)
    figures = AlarmQuality(SqlLedgerFigures(county), SqlRegistry(county), lambda: MINUTE_MS)
    assert figures.report(MINUTE_MS).overall.annunciated == annunciated
