"""The timeline is a pure function of the samples, however they are cut into pieces."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.policy import LIMITED, Limit, ZonePolicy
from gongfu_fleet.domain.alarms.timeline import Condition, Episode, Sample, Span, follow
from gongfu_fleet.domain.alarms.zone import CHECKPOINT_MS, ZoneState, advance

POLICY = ZonePolicy("dairy", 1, 0.0, 8.0, 0.5, 3_000, 2_000, 2_500, 1_500)
HIGH = Limit(Hazard.TEMPERATURE_HIGH, 8.0, 7.5, 3_000, 2_500, 1_500)

steps = st.sampled_from([500, 1_000, 1_500, 1_501, 4_000])
values = st.sampled_from([-3.0, -0.1, 0.0, 0.4, 0.5, 4.0, 7.5, 7.6, 8.0, 8.1, 12.0])


@st.composite
def runs_of_values(draw: st.DrawFn) -> list[Sample]:
    """Runs long enough to meet the delays, around a checkpoint boundary."""
    samples, ts_ms = [], CHECKPOINT_MS - 15_000
    for value, step, length in draw(st.lists(st.tuples(values, steps, st.integers(1, 7)))):
        for _ in range(length):
            ts_ms += step
            samples.append((ts_ms, value))
    return samples


series = runs_of_values()


def naive_end(samples: list[Sample], start: int) -> int | None:
    """Index of the sample whose recovered, gapless run first lasts the off-delay."""
    for first in range(start, len(samples)):
        for last in range(first, len(samples)):
            recovered = samples[last][1] <= HIGH.clear_celsius
            gapless = last == first or samples[last][0] - samples[last - 1][0] <= HIGH.max_gap_ms
            if not (recovered and gapless):
                break
            if samples[last][0] - samples[first][0] >= HIGH.off_delay_ms:
                return first
    return None


def naive_raise(samples: list[Sample], first: int) -> int | None:
    """Index of the sample that meets the on-delay of a run beginning at ``first``."""
    for index in range(first, len(samples)):
        if samples[index][1] <= HIGH.celsius:
            return None
        if samples[index][0] - samples[first][0] >= HIGH.on_delay_ms:
            return index
    return None


def naive_episodes(samples: list[Sample]) -> list[Episode]:
    """Read the definition literally: quadratic and without state."""
    found, index = [], 0
    while index < len(samples):
        raised = naive_raise(samples, index)
        if raised is None:
            index += 1
            continue
        end = naive_end(samples, raised)
        found.append(naive_episode(samples, index, raised, end))
        if end is None:
            break
        over = samples[end][0] + HIGH.off_delay_ms
        index = next(i for i, (ts, _) in enumerate(samples) if ts >= over) + 1
    return found


def naive_episode(samples: list[Sample], first: int, raised: int, end: int | None) -> Episode:
    inside = samples[first:] if end is None else samples[first : end + 1]
    spans: list[Span] = []
    for (earlier, _), (later, _) in pairwise(inside):
        if later - earlier > HIGH.max_gap_ms:
            start = spans.pop().start_ms if spans and spans[-1].end_ms == earlier else earlier
            spans.append(Span(start, later))
    clearing = end is None and samples[-1][1] <= HIGH.clear_celsius
    going_on = Condition.CLEARING if clearing else Condition.ACTIVE
    return Episode(
        condition=going_on if end is None else Condition.NORMAL,
        begin_ms=samples[first][0],
        raised_ms=samples[raised][0],
        end_ms=None if end is None else samples[end][0],
        peak_celsius=max(value for _, value in inside),
        unknown=tuple(spans),
    )


@given(series)
def test_the_state_machine_finds_what_the_definition_says(samples: list[Sample]) -> None:
    run = advance(ZoneState("zone_1_celsius", POLICY), samples, from_ms=0)
    assert list(run.episodes[Hazard.TEMPERATURE_HIGH]) == naive_episodes(samples)


@given(series)
def test_the_low_side_mirrors_the_high_side(samples: list[Sample]) -> None:
    mirrored = Limit(Hazard.TEMPERATURE_LOW, -8.0, -7.5, 3_000, 2_500, 1_500)
    high = follow(HIGH, None, last_ms=None, samples=samples)
    low = follow(mirrored, None, last_ms=None, samples=[(ts, -c) for ts, c in samples])
    assert [(e.begin_ms, e.end_ms, e.peak_celsius) for e in high.ended] == [
        (e.begin_ms, e.end_ms, -e.peak_celsius) for e in low.ended
    ]
    assert high.disturbed_ms == low.disturbed_ms


@given(series, st.data())
def test_following_in_pieces_is_following_at_once(
    samples: list[Sample], data: st.DataObject
) -> None:
    start = ZoneState("zone_1_celsius", POLICY)
    whole = advance(start, samples, from_ms=0)
    cut = data.draw(st.integers(0, len(samples)))
    first = advance(start, samples[:cut], from_ms=0)
    second = advance(first.after, samples[cut:], from_ms=0)
    assert second.after == whole.after
    assert first.checkpoints + second.checkpoints == whole.checkpoints
    for hazard in LIMITED:
        ended = [e for e in first.episodes[hazard] if e.end_ms is not None]
        assert (*ended, *second.episodes[hazard]) == whole.episodes[hazard]


@given(series)
def test_going_on_from_any_checkpoint_gives_the_same_state(samples: list[Sample]) -> None:
    whole = advance(ZoneState("zone_1_celsius", POLICY), samples, from_ms=0)
    for checkpoint in whole.checkpoints:
        rest = [sample for sample in samples if sample[0] >= checkpoint.at_ms]
        again = advance(checkpoint.state, rest, from_ms=checkpoint.at_ms)
        assert again.after == whole.after


@given(series)
def test_a_run_that_says_nothing_new_knows_it(samples: list[Sample]) -> None:
    run = advance(ZoneState("zone_1_celsius", POLICY), samples, from_ms=0)
    again = advance(run.after, [], from_ms=0)
    assert not any(again.changed(hazard) for hazard in LIMITED)
