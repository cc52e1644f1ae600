"""Who is asked, when: the ladder, the hours of duty, and the channels that reach somebody."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu.settings import NotifySettings
from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.assets import Asset, AssetKind, Lifecycle
from gongfu_fleet.domain.notify.duty import Hours, Shift, on_duty, parse_hours
from gongfu_fleet.domain.notify.escalation import LADDERS, REMIND_MS, parse_ladder
from gongfu_fleet.domain.notify.notice import Transition
from gongfu_fleet.domain.notify.routing import Cause, Route, recipients
from gongfu_fleet.domain.people import Role
from gongfu_fleet.domain.scope import Grant, ScopeKind, scope_of
from gongfu_fleet.errors import InvalidError
from tests.fleet.notify.examples import HOUR, MINUTE, MONDAY_9

SHANGHAI = ZoneInfo("Asia/Shanghai")
CABINET = Asset(
    "cab-0001", AssetKind.CABINET, "柜", "hangzhou", 120.15, 30.26, "", Lifecycle.LIVE,
    "330102", None, "", "", (), "sheng",
)  # fmt: skip
ALWAYS = parse_hours("1-7", "00:00-24:00")
ELSEWHERE = scope_of([Grant(ScopeKind.COUNTY, "330803")])


def shift(person: str, role: Role = Role.MANAGER, **changes: object) -> Shift:
    fields = {"hours": ALWAYS, "contact": person, **changes}
    return Shift(person, person, role, **fields)  # type: ignore[arg-type] # fields of a shift


def cause(at_ms: int = MONDAY_9, role: Role = Role.MANAGER) -> Cause:
    return Cause(CABINET, Severity.HIGH, role, at_ms)


def test_a_critical_incident_climbs_after_a_quarter_and_half_an_hour_then_reminds() -> None:
    ladder = LADDERS[Severity.CRITICAL]
    first = ladder.begin("i", Severity.CRITICAL, MONDAY_9)
    second = ladder.above(first)
    third = ladder.above(second)
    delays = [(one.due_ms - MONDAY_9) // MINUTE for one in (first, second, third)]
    assert delays == [15, 30, 30 + 240]
    assert [ladder.role(one.step) for one in (first, second, third)] == [
        Role.DISPATCHER, Role.ADMIN, Role.ADMIN,
    ]  # fmt: skip
    assert ladder.transition(second.step) is Transition.ESCALATED
    assert ladder.transition(third.step) is Transition.REMINDED


@given(st.sampled_from(Severity), st.integers(0, 10 * REMIND_MS))
def test_who_was_away_finds_the_latest_step_that_is_due(severity: Severity, away_ms: int) -> None:
    ladder, now = LADDERS[severity], MONDAY_9 + away_ms
    first = ladder.begin("i", severity, MONDAY_9)
    here = ladder.caught_up(first, now)
    assert ladder.above(here).due_ms > now
    assert here == first or here.due_ms <= now


def test_the_shipped_ladders_are_what_the_settings_say() -> None:
    notify = NotifySettings()
    told = (notify.ladder_critical, notify.ladder_high, notify.ladder_low)
    ladders = [parse_ladder(texts, notify.remind_min) for texts in told]
    assert ladders == [LADDERS[one] for one in (Severity.CRITICAL, Severity.HIGH, Severity.LOW)]


@pytest.mark.parametrize(
    "texts",
    [[], ["5 manager"], ["0 manager", "0 admin"], ["0 manager", "30 admin", "15 crew"],
     ["0 cook"], ["0 device"], ["manager"], ["-1 manager"]],
)  # fmt: skip
def test_a_ladder_that_does_not_go_up_from_zero_is_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidError, match="ladder"):
        parse_ladder(texts, 240)


@given(st.integers(0, 7 * 24 * 60 - 1), st.sets(st.integers(1, 7)), st.integers(0, 1439), st.data())
def test_duty_agrees_with_the_calendar_of_shanghai(
    minute: int, days: set[int], begin: int, data: st.DataObject
) -> None:
    end = data.draw(st.integers(0, 1440))
    at = datetime(2026, 11, 23, tzinfo=SHANGHAI) + timedelta(minutes=minute)
    covered = False
    for back in (0, 1):
        day = (at - timedelta(days=back)).replace(hour=0, minute=0)
        from_, to = day + timedelta(minutes=begin), day + timedelta(minutes=end)
        to += timedelta(days=1) if end <= begin else timedelta()
        covered |= day.isoweekday() in days and from_ <= at < to
    at_ms = int(at.astimezone(UTC).timestamp() * 1000)
    assert on_duty(Hours(frozenset(days), begin, end), at_ms) is covered


def test_a_night_shift_goes_on_into_the_next_morning() -> None:
    friday_night = parse_hours("5", "20:00-08:00")
    saturday_0 = MONDAY_9 - 9 * HOUR - 2 * 24 * HOUR
    assert on_duty(friday_night, saturday_0 + 7 * HOUR)
    assert not on_duty(friday_night, saturday_0 + 8 * HOUR)
    assert str(friday_night) == "5 20:00-08:00"


@pytest.mark.parametrize(
    ("days", "hours"),
    [("0-3", "08:00-17:00"), ("5-1", "08:00-17:00"), ("", "08:00-17:00"), ("1", "8-17"),
     ("1", "24:00-08:00"), ("1", "08:00-24:30")],
)  # fmt: skip
def test_hours_that_cannot_be_read_are_refused(days: str, hours: str) -> None:
    with pytest.raises(InvalidError, match="cannot be read"):
        parse_hours(days, hours)


def test_whoever_is_on_duty_with_the_role_is_mentioned() -> None:
    routes = [Route("wecom"), Route("mail")]
    shifts = [
        shift("wang", channel="wecom"),
        shift("li", Role.DISPATCHER),
        shift("zhao", scope=ELSEWHERE),
        shift("sun", hours=parse_hours("1", "10:00-11:00")),
    ]
    assert recipients(routes, shifts, cause()) == {"wecom": ("wang",)}
    later = recipients(routes, shifts, cause(MONDAY_9 + HOUR))
    assert later == {"wecom": ("wang", "sun"), "mail": ("sun",)}


def test_with_nobody_on_duty_every_channel_of_the_asset_is_told() -> None:
    routes = [Route("wecom"), Route("other", ELSEWHERE), Route("pager", least=Severity.CRITICAL)]
    assert recipients(routes, [], cause()) == {"wecom": ()}


def test_a_shift_whose_channel_does_not_carry_the_incident_counts_as_nobody() -> None:
    routes = [Route("wecom"), Route("other", ELSEWHERE)]
    assert recipients(routes, [shift("wang", channel="other")], cause()) == {"wecom": ()}
