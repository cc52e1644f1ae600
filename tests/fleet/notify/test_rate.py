"""The limits of the bots: never passed, whatever the network does; the critical goes first."""

from bisect import bisect_right

from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.adapters.notify import dingtalk, feishu, wecom
from gongfu_fleet.domain.notify.rate import (
    LONGEST_ATTEMPT_MS,
    MARGIN_MS,
    Attempt,
    Limits,
    Window,
    wait_ms,
)

SERVICES = {"wecom": wecom.LIMITS, "dingtalk": dingtalk.LIMITS, "feishu": feishu.LIMITS}
MINUTE = Limits((Window(20, 60_000),), 2_048)
# How long a request travels to the service, and its answer back; and whether we die in between.
TRIPS = st.tuples(st.integers(0, 4_000), st.integers(0, 4_000), st.booleans())


def busiest(arrivals: list[int], span_ms: int) -> int:
    """The most arrivals in any window of this span, both ends included."""
    ordered = sorted(arrivals)
    return max(bisect_right(ordered, first + span_ms) - i for i, first in enumerate(ordered))


@given(st.sampled_from(sorted(SERVICES)), st.lists(TRIPS, min_size=1, max_size=150), st.data())
def test_no_window_of_the_service_ever_holds_more_than_it_allows(
    service: str, trips: list[tuple[int, int, bool]], data: st.DataObject
) -> None:
    limits, now = SERVICES[service], 0
    attempts: list[Attempt] = []
    arrivals: list[int] = []
    for there, back, dies in trips:
        critical = data.draw(st.booleans())
        now += wait_ms(attempts, limits, now, critical=critical)
        assert wait_ms(attempts, limits, now, critical=critical) == 0
        arrivals.append(now + there)
        end = now + there + back
        attempts.append(Attempt(now, None if dies else end))
        # Whoever dies is back at once: nothing but the note of the start remains.
        now = now + 1 if dies else end
    for window in limits.windows:
        assert busiest(arrivals, window.span_ms) <= window.most


def test_a_token_bucket_of_the_same_size_would_pass_the_limit() -> None:
    tokens, now = 20.0, 0
    sent: list[int] = []
    while now <= 60_000:
        if tokens >= 1:
            tokens, sent = tokens - 1, [*sent, now]
        else:
            now += 1_000
            tokens = min(20.0, tokens + 1_000 * 20 / 60_000)
    assert busiest(sent, 60_000) >= 39


def test_a_fourth_of_the_places_is_kept_for_what_is_critical() -> None:
    attempts = [Attempt(i, i) for i in range(15)]
    assert wait_ms(attempts, MINUTE, 20, critical=False) > 0
    assert wait_ms(attempts, MINUTE, 20, critical=True) == 0


def test_the_wait_ends_when_the_oldest_attempt_leaves_the_window() -> None:
    attempts = [Attempt(i * 1_000, i * 1_000) for i in range(20)]
    wait = wait_ms(attempts, MINUTE, 30_000, critical=True)
    assert 30_000 + wait == 60_000 + MARGIN_MS


def test_an_attempt_that_nobody_ended_counts_as_long_as_it_may_have_lasted() -> None:
    attempts = [Attempt(0)] * 20
    assert wait_ms(attempts, MINUTE, 70_000, critical=True) > 0
    late = 60_000 + MARGIN_MS + LONGEST_ATTEMPT_MS
    assert wait_ms(attempts, MINUTE, late, critical=True) == 0


def test_a_channel_without_limits_never_waits() -> None:
    assert wait_ms([Attempt(0, 0)] * 1_000, Limits((), 1), 0, critical=False) == 0
