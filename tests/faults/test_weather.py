"""The arithmetic of bad links."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongfu.faults.weather import CLEAR, RETRANSMIT_S, Lane, Weather, carry

SIZES = st.lists(st.tuples(st.floats(0, 2), st.integers(1, 9_000)), min_size=1, max_size=40)
WEATHERS = st.builds(
    Weather,
    delay_s=st.floats(0, 1),
    jitter_s=st.floats(0, 1),
    bytes_per_s=st.none() | st.floats(100, 1e6),
    loss=st.floats(0, 0.9),
)


def landings(weather: Weather, sent: list[tuple[float, int]], seed: int = 1) -> list[float]:
    """When each piece lands; ``sent`` is (seconds after the last one, bytes)."""
    chance, lane, now_s, landed = random.Random(seed).random, Lane(), 0.0, []
    for pause_s, size in sent:
        now_s += pause_s
        lane = carry(lane, weather, size, now_s=now_s, chance=chance)
        landed.append(lane.landed_s - now_s)
    return landed


@given(WEATHERS, SIZES, st.integers(0, 99))
def test_bytes_never_overtake_each_other_and_never_arrive_before_they_are_sent(
    weather: Weather, sent: list[tuple[float, int]], seed: int
) -> None:
    chance, lane, now_s, landed = random.Random(seed).random, Lane(), 0.0, [0.0]
    for pause_s, size in sent:
        now_s += pause_s
        lane = carry(lane, weather, size, now_s=now_s, chance=chance)
        assert lane.landed_s >= now_s + weather.delay_s
        landed.append(lane.landed_s)
    assert all(earlier <= later for earlier, later in pairwise(landed))


@given(SIZES)
def test_a_clear_link_costs_no_time(sent: list[tuple[float, int]]) -> None:
    assert max(landings(CLEAR, sent)) == 0.0


def test_a_modem_of_32_kbit_takes_a_second_for_4000_bytes() -> None:
    assert landings(Weather(bytes_per_s=4_000), [(0, 4_000), (0, 4_000), (10, 2_000)]) == [
        1.0,
        2.0,
        0.5,
    ]


def test_one_segment_in_five_waits_for_the_retransmission_timer() -> None:
    late = landings(Weather(loss=0.2), [(60, 100)] * 5_000)
    stalled = [delay for delay in late if delay > 0]
    assert 0.18 < len(stalled) / len(late) < 0.22
    assert min(stalled) == pytest.approx(RETRANSMIT_S)
    assert 0.15 < sum(delay >= 3 * RETRANSMIT_S for delay in stalled) / len(stalled) < 0.25
