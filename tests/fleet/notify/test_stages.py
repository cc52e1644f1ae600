"""Dedupe, suppress, flood, digest, group, retry: each stage by itself, and all as a plan."""

from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms.hazard import Severity
from gongfu_fleet.domain.notify import digest, flood, group, retry
from gongfu_fleet.domain.notify.dedupe import dedupe
from gongfu_fleet.domain.notify.notice import Form, Notice, Transition
from gongfu_fleet.domain.notify.plan import Pace, plan
from gongfu_fleet.domain.notify.suppress import Standing, why_not
from tests.fleet.notify.examples import MINUTE, MONDAY_9, notice

OPEN = Standing(living=True, running=True, unacknowledged=True)
NOTICES = st.builds(
    lambda number, age, site, severity, transition: notice(
        number, made=MONDAY_9 - age, site=site, severity=severity, transition=transition
    ),
    st.integers(1, 500),
    st.integers(0, 20 * MINUTE),
    st.sampled_from(["hangzhou", "quzhou", "lishui"]),
    st.sampled_from(Severity),
    st.sampled_from(Transition),
)


def test_a_key_that_is_known_or_comes_twice_is_taken_once() -> None:
    first, again, other = notice(1), notice(1), notice(2)
    assert dedupe([first, again, other], {other.key}) == [first]


def test_an_incident_set_aside_is_not_told() -> None:
    shelved = Standing(living=True, running=True, unacknowledged=True, set_aside="shelved")
    assert why_not(notice(), shelved) == "shelved"


def test_what_was_retracted_before_it_was_told_is_not_told() -> None:
    gone = Standing(living=False, running=False, unacknowledged=True)
    assert why_not(notice(), gone) == "merged or retracted meanwhile"
    assert why_not(notice(transition=Transition.RETRACTED), gone) is None


def test_nobody_is_asked_for_what_somebody_acknowledged() -> None:
    acked = Standing(living=True, running=True, unacknowledged=False)
    assert why_not(notice(transition=Transition.ESCALATED, step=1), acked) is not None
    assert why_not(notice(), OPEN) is None


def test_the_ladder_ends_with_the_excursion() -> None:
    over = Standing(living=True, running=False, unacknowledged=True)
    assert why_not(notice(transition=Transition.REMINDED, step=2), over) == "over meanwhile"
    assert why_not(notice(), over) is None


def test_a_flood_begins_at_ten_in_ten_minutes_and_ends_below_five() -> None:
    made = [MONDAY_9 - i * MINUTE for i in range(10)]
    assert flood.flooded(made, MONDAY_9, before=False)
    assert not flood.flooded(made[:9], MONDAY_9, before=False)
    assert flood.flooded(made[:5], MONDAY_9, before=True)
    assert not flood.flooded(made[:4], MONDAY_9, before=True)


def test_in_a_flood_only_the_critical_is_told_by_itself() -> None:
    critical = notice(1, severity=Severity.CRITICAL)
    high = [notice(n) for n in range(2, 30)]
    urgent, quiet = digest.split([critical, *high], flood=True)
    assert urgent == [critical]
    assert quiet == high


def test_a_late_incident_rings_no_siren_even_when_it_is_critical() -> None:
    late = notice(transition=Transition.LATE, severity=Severity.CRITICAL)
    assert digest.split([late], flood=False) == ([], [late])


def test_a_digest_waits_a_minute_and_ten_after_the_one_before() -> None:
    quiet = [notice(n, transition=Transition.CLEARED) for n in (1, 2)]
    assert digest.digest(quiet, None, MONDAY_9 + digest.COLLECT_MS - 1) == []
    (bundle,) = digest.digest(quiet, None, MONDAY_9 + digest.COLLECT_MS)
    assert (bundle.form, len(bundle.notices)) == (Form.DIGEST, 2)
    just_now = MONDAY_9 + MINUTE
    assert digest.digest(quiet, just_now, just_now + digest.EVERY_MS - 1) == []
    assert digest.digest(quiet, just_now, just_now + digest.EVERY_MS) != []


def test_three_of_one_cause_become_one_parent_and_two_stay_alone() -> None:
    now = MONDAY_9 + group.WAIT_MS
    many = [notice(n, site="hangzhou") for n in range(68)]
    (parent,) = group.group(many, now)
    assert (parent.form, len(parent.notices)) == (Form.PARENT, 68)
    assert [one.form for one in group.group(many[:2], now)] == [Form.SINGLE, Form.SINGLE]


def test_what_is_critical_waits_for_no_company() -> None:
    alone = notice(1, severity=Severity.CRITICAL)
    assert [one.notices for one in group.group([alone], MONDAY_9)] == [(alone,)]
    assert group.group([notice(2)], MONDAY_9) == []


@given(st.lists(NOTICES, max_size=40, unique_by=lambda one: one.key), st.sampled_from([0, 7, 12]))
def test_a_plan_tells_each_notice_at_most_once_and_the_gravest_first(
    waiting: list[Notice], alarms: int
) -> None:
    planned = plan(waiting, Pace(alarms_made_real_ms=(MONDAY_9,) * alarms), MONDAY_9)
    told = [one.key for bundle in planned.bundles for one in bundle.notices]
    assert len(told) == len(set(told))
    ranks = [bundle.rank for bundle in planned.bundles]
    assert ranks == sorted(ranks, reverse=True)
    critical = {one.key for one in waiting if one.critical}
    assert critical <= set(told)


def test_the_wait_between_tries_doubles_and_ends_after_a_day() -> None:
    waits = [
        (retry.next_try_ms(n, MONDAY_9, MONDAY_9) or 0) - MONDAY_9 for n in (1, 2, 3, 8, 9, 50)
    ]
    assert waits == [5_000, 10_000, 20_000, 640_000, 900_000, 900_000]
    assert retry.next_try_ms(90, MONDAY_9, MONDAY_9 + retry.GIVE_UP_MS) is None
