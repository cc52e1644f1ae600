"""Calm samples, told at a glance, are those that following everything would find to say nothing."""

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms.calm import Calm, calm
from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.timeline import Sample
from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS, ZoneState, advance
from tests.fleet.alarms.test_timeline_properties import POLICY, series

good_values = st.sampled_from([0.0, 0.4, 0.5, 4.0, 7.5, 7.6, 8.0])
FRESH = ZoneState("zone_1_celsius", POLICY)


def followed(samples: list[Sample]) -> ZoneState:
    return advance(FRESH, samples, from_ms=0).after


def calmed(samples: list[Sample]) -> list[Sample]:
    """With good samples at the end, enough to end every excursion."""
    begin_ms = samples[-1][0] if samples else CHECKPOINT_MS - 15_000
    return samples + [(begin_ms + n * 1_000, 4.0) for n in range(1, 6)]


def stretch_of(samples: list[Sample]) -> Calm:
    stretch = calm(followed(samples))
    assert stretch
    return stretch


@given(series.map(calmed), good_values, st.integers(1, 20_000))
def test_a_newer_calm_sample_only_becomes_the_newest(
    samples: list[Sample], celsius: float, after_ms: int
) -> None:
    state = followed(samples)
    sample = (samples[-1][0] + after_ms, celsius)
    assume(sample[0] < stretch_of(samples).until_ms)
    run = advance(state, [sample], from_ms=sample[0])
    assert run.after == state.heard(sample) == replace(state, last=sample)
    assert run.checkpoints == ()
    assert not any(run.episodes.values())


@given(series.map(calmed), good_values, st.data())
def test_a_calm_sample_that_reaches_back_changes_nothing(
    samples: list[Sample], celsius: float, data: st.DataObject
) -> None:
    from_ms, newest_ms = stretch_of(samples).from_ms, samples[-1][0]
    assume(from_ms < newest_ms)
    at_ms = data.draw(st.integers(from_ms, newest_ms - 1))
    # Another value at that time stamp may win or lose in the store; then this is the winner.
    resolved = sorted({**dict(samples), at_ms: celsius}.items())
    with_it, without = (advance(FRESH, one, from_ms=0) for one in (resolved, samples))
    assert with_it.after == without.after
    assert with_it.episodes == without.episodes
    assert [c.state for c in with_it.checkpoints] == [c.state for c in without.checkpoints]


@given(series)
def test_where_an_excursion_was_open_nothing_is_calm(samples: list[Sample]) -> None:
    for length in range(1, len(samples) + 1):
        state, newest_ms = followed(samples[:length]), samples[length - 1][0]
        disturbed = bool(state.high or state.low)
        assert (calm(state) is None) is disturbed
        if disturbed:
            assert state.disturbed_ms == newest_ms


def test_nothing_is_calm_before_the_first_sample() -> None:
    assert calm(FRESH) is None


def test_a_side_without_a_limit_has_none() -> None:
    policy = replace(POLICY, low_celsius=None, high_celsius=None)
    state = ZoneState("zone_1_celsius", policy, (CHECKPOINT_MS + 5, 99.0))
    assert calm(state) == Calm(float("-inf"), float("inf"), CHECKPOINT_MS, 2 * CHECKPOINT_MS)


def test_a_recovery_is_disturbed_up_to_the_sample_that_ends_it() -> None:
    beyond = [(n * 1_000, 9.0) for n in range(5)]
    good = [(n * 1_000, 4.0) for n in range(5, 10)]
    run = advance(FRESH, [*beyond, *good], from_ms=0)
    assert run.episodes[Hazard.TEMPERATURE_HIGH][0].end_ms == 5_000
    assert run.after.disturbed_ms == 8_000  # 2.5 s after the first good one
    assert calm(run.after) == Calm(0.0, 8.0, 8_001, CHECKPOINT_MS)
