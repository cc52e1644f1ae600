"""Clocks that are wrong in every way a clock can be, judged by the live messages they stamp."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongfu_ingest.device_clock import (
    FUTURE_MS,
    NEWS_MS,
    SURE_AFTER_MS,
    TOLERATED_MS,
    DeviceClock,
    Flag,
    Resolved,
    Stamps,
    from_text,
    resolve,
    to_text,
)

NOW = 1_763_424_000_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
LEAP_DAY = int(datetime(2028, 2, 29, 12, tzinfo=UTC).timestamp() * 1000)

delays_ms = st.integers(0, 4_000)


def hear(
    clock: DeviceClock | None, seq: int, *, at: int, stamp: int, live: bool = True
) -> Resolved:
    return resolve(clock, Stamps(at, seq, stamp, stamp), live=live)


def follow(
    messages: Iterable[tuple[int, int]], clock: DeviceClock | None = None, *, first: int = 1
) -> list[Resolved]:
    """What becomes of live messages (received, stamp), numbered as they come."""
    told = []
    for seq, (at, stamp) in enumerate(messages, first):
        told.append(hear(clock, seq, at=at, stamp=stamp))
        clock = told[-1].clock
    return told


def steady(skew_ms: int, *, minutes: int = 5, every_ms: int = 30_000) -> list[tuple[int, int]]:
    """A clock that is off by ``skew_ms``, heard at once."""
    return [(NOW + t, NOW + t + skew_ms) for t in range(0, minutes * MINUTE, every_ms)]


@given(
    late_ms=st.integers(10 * DAY, 2_000 * DAY),
    kept_ms=st.integers(DAY, 9 * DAY),
    live=st.lists(st.booleans(), max_size=4),
)
def test_a_clock_slower_than_rows_are_kept_is_not_believed_before_it_is_known(
    late_ms: int, kept_ms: int, live: list[bool]
) -> None:
    clock, flags, offsets = None, [], []
    for seq, alive in enumerate([True, *live, *[True] * 12], 1):
        at = NOW + seq * 10 * SECOND
        stamps = Stamps(at, seq, at - late_ms, at - late_ms)
        clock, offset_ms, flag = resolve(clock, stamps, live=alive, kept_ms=kept_ms)
        flags.append(flag)
        offsets.append(offset_ms)
    known = flags.index(Flag.CORRECTED)
    assert set(flags[:known]) == {Flag.UNSET}
    assert set(flags[known:]) == {Flag.CORRECTED}
    assert set(offsets[known:]) == {late_ms}


def test_what_was_numbered_before_the_clock_was_set_is_judged_by_its_own_time() -> None:
    told = follow(steady(0))
    set_back = hear(told[-1].clock, 11, at=NOW + 5 * MINUTE, stamp=NOW - 200 * DAY)
    late = Stamps(NOW + 5 * MINUTE, 5, NOW - HOUR, NOW - HOUR)
    assert resolve(set_back.clock, late, live=False, kept_ms=90 * DAY).flag is Flag.RIGHT


@pytest.mark.parametrize(
    ("stamp", "at_first"),
    [
        (NOW - HOUR, Flag.UNPROVEN),
        (NOW - DAY, Flag.UNPROVEN),
        (NOW + DAY, Flag.AHEAD),
        (NOW + 200 * SECOND, Flag.RIGHT),
        (0, Flag.UNSET),
        (946_684_800_000, Flag.UNSET),
        (LEAP_DAY, Flag.AHEAD),
    ],
)
def test_a_wrong_clock_is_believed_where_it_can_be_true_and_corrected_after_a_minute(
    stamp: int, at_first: Flag
) -> None:
    told = follow(steady(stamp - NOW))
    # What seems slow may have waited: that takes one message more.
    doubted = 3 if stamp < NOW else 2
    assert [one.flag for one in told] == [at_first] * doubted + [Flag.CORRECTED] * (10 - doubted)
    assert {one.offset_ms for one in told[doubted:]} == {NOW - stamp}


@given(waited_s=st.integers(130, 3_600), every_s=st.integers(5, 60), more=st.integers(0, 3_600))
def test_a_queue_that_drains_all_at_once_moves_nothing(
    waited_s: int, every_s: int, more: int
) -> None:
    """Two messages would fall on one place if each were moved by its own lateness."""
    first = (NOW, NOW - waited_s * SECOND)
    at = NOW + MINUTE + more * SECOND
    stamps = range(first[1] + every_s * SECOND, at, every_s * SECOND)
    told = follow([first, *((at, stamp) for stamp in stamps)])
    assert {one.offset_ms for one in told} == {0}


@given(
    skew_ms=st.integers(-NOW, DAY * 365 * 20),
    delays=st.lists(delays_ms, min_size=20, max_size=60),
)
def test_after_a_minute_a_steady_clock_is_resolved_to_within_its_smallest_delay(
    skew_ms: int, delays: list[int]
) -> None:
    sent = [NOW + n * 15 * SECOND for n in range(len(delays))]
    told = follow([(true + late, true + skew_ms) for true, late in zip(sent, delays, strict=True)])
    for true, one in zip(sent[6:], told[6:], strict=True):
        error_ms = true + skew_ms + one.offset_ms - true
        assert abs(error_ms) <= TOLERATED_MS + max(delays) + NEWS_MS
        if one.offset_ms:
            assert -NEWS_MS <= error_ms <= min(delays[:6]) + NEWS_MS


@given(skew_ms=st.integers(-100_000, 100_000), delays=st.lists(delays_ms, max_size=60))
def test_a_clock_within_two_minutes_is_left_alone(skew_ms: int, delays: list[int]) -> None:
    sent = [NOW + n * 15 * SECOND for n in range(len(delays))]
    told = follow([(true + late, true + skew_ms) for true, late in zip(sent, delays, strict=True)])
    assert {(one.offset_ms, one.flag) for one in told} <= {(0, Flag.RIGHT)}


@settings(deadline=None)
@given(
    away_minutes=st.integers(1, 300),
    every_s=st.sampled_from([5, 30, 60, 300]),
    drain_s=st.integers(1, 50),
    booted_meanwhile=st.booleans(),
)
def test_live_messages_that_waited_for_us_do_not_make_a_right_clock_wrong(
    away_minutes: int, every_s: int, drain_s: int, *, booted_meanwhile: bool
) -> None:
    before = [] if booted_meanwhile else steady(0)
    begin = NOW + 10 * MINUTE
    back = begin + away_minutes * MINUTE
    stamps = range(begin, back, every_s * SECOND)
    drained = [(back + n * drain_s * SECOND // len(stamps), s) for n, s in enumerate(stamps)]
    after = [
        (back + drain_s * SECOND + t, back + drain_s * SECOND + t) for t in range(0, HOUR, MINUTE)
    ]
    assert {one.offset_ms for one in follow([*before, *drained, *after])} == {0}


@given(
    wild_ms=st.integers(0, LEAP_DAY * 2),
    place=st.integers(1, 200),
    skew_ms=st.sampled_from([0, DAY]),
)
def test_one_wild_stamp_moves_no_other_by_more_than_it_was_wrong(
    wild_ms: int, place: int, skew_ms: int
) -> None:
    messages = steady(skew_ms, minutes=150)
    tidy = follow(messages)
    at, _ = messages[place]
    told = follow([*messages[:place], (at, wild_ms), *messages[place + 1 :]])
    for n, (one, other) in enumerate(zip(told, tidy, strict=True)):
        if n == place or one.offset_ms == other.offset_ms:
            continue
        # While the clock is judged anew, stamps of a right clock stay; a wrong one's wait.
        assert one.offset_ms == 0
        assert skew_ms
        assert place < n <= place + 3
        assert one.flag is Flag.AHEAD


@pytest.mark.parametrize("per_mille", [-200, -20, -1, 1, 20, 200])
def test_a_drifting_clock_is_followed_within_an_hour_of_its_drift(per_mille: int) -> None:
    messages = [(NOW + t, NOW + t + t * per_mille // 1000) for t in range(0, 12 * HOUR, MINUTE)]
    most_ms = TOLERATED_MS + NEWS_MS + (HOUR + 2 * MINUTE) * abs(per_mille) // 1000
    for (at, stamp), one in zip(messages, follow(messages), strict=True):
        assert abs(stamp + one.offset_ms - at) <= most_ms
        assert one.flag not in (Flag.AHEAD, Flag.UNSET)


def test_a_clock_set_back_in_the_middle_is_corrected_after_a_minute_and_right_again_at_once() -> (
    None
):
    wrong = [(at + HOUR, stamp + HOUR) for at, stamp in steady(-2 * HOUR)]
    right = [(at + 2 * HOUR, stamp + 2 * HOUR) for at, stamp in steady(0)]
    told = follow([*steady(0), *wrong, *right])
    assert [one.offset_ms for one in told] == [0] * 13 + [2 * HOUR] * 7 + [0] * 10


def test_what_was_numbered_before_the_clock_was_set_keeps_the_offset_of_its_time() -> None:
    told = follow([*steady(DAY), *[(at + HOUR, stamp + HOUR) for at, stamp in steady(0)]])
    clock = told[-1].clock
    late = hear(clock, 5, at=NOW + 2 * HOUR, stamp=NOW + DAY, live=False)
    assert (late.offset_ms, late.flag) == (-DAY, Flag.CORRECTED)
    later = hear(clock, 15, at=NOW + 2 * HOUR, stamp=NOW + HOUR, live=False)
    assert (later.offset_ms, later.flag) == (0, Flag.RIGHT)


def test_when_our_own_clock_leaps_and_returns_the_devices_are_right_again_at_once() -> None:
    leap = [(at + HOUR - HOUR, stamp + HOUR) for at, stamp in steady(0)]
    back = [(at + 2 * HOUR, stamp + 2 * HOUR) for at, stamp in steady(0)]
    told = follow([*steady(0), *leap, *back])
    assert [one.offset_ms for one in told] == [0] * 12 + [-HOUR] * 8 + [0] * 10


backlogs = st.lists(
    st.tuples(st.integers(1, 500), st.integers(NOW - 8 * HOUR, NOW)),
    min_size=1,
    max_size=40,
    unique_by=lambda message: message[0],
)


@given(backlog=backlogs, skew_ms=st.sampled_from([0, -HOUR, DAY, -NOW]), data=st.data())
def test_backfill_is_no_evidence_and_its_order_changes_nothing(
    backlog: list[tuple[int, int]], skew_ms: int, data: st.DataObject
) -> None:
    clock = follow(steady(skew_ms), first=1_000)[-1].clock
    shuffled = data.draw(st.permutations(backlog))

    def offsets(messages: Iterable[tuple[int, int]]) -> dict[int, Resolved]:
        told = {}
        for at, (seq, true) in enumerate(messages, NOW + HOUR):
            told[seq] = hear(clock, seq, at=at, stamp=true + skew_ms, live=False)
            assert told[seq].clock is clock
        return told

    in_order = offsets(sorted(backlog))
    assert offsets(shuffled) == in_order == offsets(sorted(backlog, reverse=True))
    assert {one.offset_ms for one in in_order.values()} == {-skew_ms}


@given(skew_ms=st.integers(-2 * DAY, 2 * DAY), repeats=st.lists(st.integers(0, 39), max_size=80))
def test_a_message_that_came_before_is_no_evidence(skew_ms: int, repeats: list[int]) -> None:
    messages = steady(skew_ms, minutes=20)
    clock = follow(messages)[-1].clock
    for n in repeats:
        at = messages[-1][0] + NEWS_MS
        seen = clock.seq - 1 if clock else 0
        again = hear(clock, min(n + 1, seen), at=at, stamp=messages[min(n, seen - 1)][1])
        assert again.clock is clock


def test_backfill_before_the_first_live_message_is_believed_where_it_can_be_true() -> None:
    assert hear(None, 1, at=NOW, stamp=NOW - 8 * HOUR, live=False) == (None, 0, Flag.RIGHT)
    assert hear(None, 2, at=NOW, stamp=NOW + FUTURE_MS, live=False) == (None, 0, Flag.RIGHT)
    assert hear(None, 3, at=NOW, stamp=NOW + FUTURE_MS + 1, live=False) == (None, 0, Flag.AHEAD)
    assert hear(None, 4, at=NOW, stamp=5 * MINUTE, live=False) == (None, 0, Flag.UNSET)


def test_a_good_clock_costs_no_new_state_but_once_a_minute() -> None:
    messages = [(NOW + t + t % 7, NOW + t) for t in range(0, 25 * MINUTE, SECOND)]
    clocks = [one.clock for one in follow(messages)]
    changes = sum(a is not b for a, b in pairwise(clocks))
    assert changes <= 26


@given(
    st.builds(
        DeviceClock,
        *[st.integers(-(2**53), 2**53), st.booleans()],
        *[st.integers(-(2**53), 2**53)] * 7,
    )
)
def test_a_clock_survives_being_written_down(clock: DeviceClock) -> None:
    assert from_text(to_text(clock)) == clock


def test_a_minute_is_a_minute_of_receipt_not_of_stamps() -> None:
    told = follow([(NOW, NOW - HOUR), (NOW + SURE_AFTER_MS - 1, NOW - HOUR + SURE_AFTER_MS)])
    assert [one.offset_ms for one in told] == [0, 0]
