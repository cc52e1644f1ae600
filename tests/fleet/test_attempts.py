"""Waiting after wrong passwords: it grows, it ends, and it hits whoever guesses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.attempts import (
    FORGET_MS,
    LIMITS,
    MAX_WAIT_MS,
    Caller,
    Counts,
    Tally,
    buckets,
    counted,
    network_of,
    wait_ms,
)

NOW = 1_790_000_000_000
MINUTE = 60_000


def failed(times: int) -> Tally:
    return Tally(times, NOW)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (8, 8), (9, 15), (500, 15)]
)
def test_the_wait_of_an_account_at_an_address_doubles_up_to_a_quarter_hour(
    failures: int, minutes: int
) -> None:
    assert wait_ms(Counts.PAIR, failed(failures), NOW) == minutes * MINUTE
    assert wait_ms(Counts.PAIR, failed(failures), NOW + minutes * MINUTE) == 0


def test_an_hour_without_attempts_forgets_them() -> None:
    tally = failed(500)
    assert wait_ms(Counts.PAIR, tally, NOW + FORGET_MS) == 0
    assert counted(tally, NOW + FORGET_MS) == Tally(1, NOW + FORGET_MS)


@given(st.sampled_from(Counts), st.integers(0, 10**6), st.integers(-(10**9), 10**9))
def test_no_wait_is_longer_than_the_longest_whatever_the_clock_does(
    by: Counts, failures: int, later_ms: int
) -> None:
    assert 0 <= wait_ms(by, failed(failures), NOW + later_ms) <= LIMITS[by].most_ms <= MAX_WAIT_MS


def test_a_known_browser_passes_no_count_that_others_can_fill() -> None:
    known = buckets(Caller("li", "192.0.2.1", browser="b"))
    stranger = buckets(Caller("li", "192.0.2.1"))
    at_home = buckets(Caller("li", "192.0.2.1", address_known=True))
    assert [bucket.by for bucket in known] == [Counts.BROWSER]
    assert {bucket.by for bucket in stranger} == {Counts.PAIR, Counts.ADDRESS, Counts.ACCOUNT}
    assert {bucket.by for bucket in at_home} == {Counts.PAIR, Counts.ADDRESS}
    assert not set(known) & set(stranger)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_host_with_a_whole_network_of_addresses_counts_once(address: str, network: str) -> None:
    assert network_of(address) == network
