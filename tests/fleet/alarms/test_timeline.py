"""The plain rule, one behaviour a test. Times in minutes here, limit 8, deadband 0.5 °C."""

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.policy import Limit
from gongfu_fleet.domain.alarms.timeline import (
    Condition,
    Episode,
    Excursion,
    Sample,
    Span,
    follow,
)

MINUTE = 60_000


def limit(
    celsius: float = 8.0, *, on: int = 30, off: int = 10, hazard: Hazard = Hazard.TEMPERATURE_HIGH
) -> Limit:
    clear = celsius + (0.5 if hazard is Hazard.TEMPERATURE_LOW else -0.5)
    return Limit(hazard, celsius, clear, on * MINUTE, off * MINUTE, 15 * MINUTE)


def minutely(*values: float, start: int = 0) -> list[Sample]:
    return [((start + i) * MINUTE, value) for i, value in enumerate(values)]


def judge(
    samples: list[Sample], rule: Limit | None = None
) -> tuple[Excursion | None, tuple[Episode, ...]]:
    course = follow(rule or limit(), None, last_ms=None, samples=samples)
    return course.excursion, course.ended


def test_the_excursion_is_raised_by_the_first_sample_that_meets_the_on_delay() -> None:
    at_29, _ = judge(minutely(*[9.0] * 30))
    at_30, _ = judge(minutely(*[9.0] * 31))
    assert at_29 == Excursion(0, 9.0)
    assert at_30 == Excursion(0, 9.0, raised_ms=30 * MINUTE)


def test_one_good_sample_ends_a_pending_excursion() -> None:
    excursion, ended = judge(minutely(*[9.0] * 29, 8.0, *[9.0] * 29))
    assert excursion == Excursion(30 * MINUTE, 9.0)
    assert ended == ()


def test_one_normal_sample_does_not_close_before_the_off_delay() -> None:
    excursion, ended = judge(minutely(*[9.0] * 31, 4.0))
    assert ended == ()
    assert excursion is not None
    assert excursion.condition is Condition.CLEARING


def test_it_ends_where_the_lasting_recovery_began() -> None:
    excursion, ended = judge(minutely(*[9.0] * 31, 10.5, *[4.0] * 11))
    assert excursion is None
    assert ended == (Episode(Condition.NORMAL, 0, 30 * MINUTE, 32 * MINUTE, 10.5, ()),)


def test_a_value_inside_the_deadband_does_not_clear_and_undoes_clearing() -> None:
    inside, _ = judge(minutely(*[9.0] * 31, *[7.8] * 60))
    undone, _ = judge(minutely(*[9.0] * 31, *[7.0] * 9, 7.8, *[7.0] * 9))
    assert inside is not None
    assert inside.condition is Condition.ACTIVE
    assert undone is not None
    assert undone.clearing_ms == 41 * MINUTE


def test_a_falling_back_while_clearing_is_the_same_episode() -> None:
    excursion, ended = judge(minutely(*[9.0] * 31, *[4.0] * 5, 9.5, *[4.0] * 11))
    assert excursion is None
    assert [(e.begin_ms, e.end_ms, e.peak_celsius) for e in ended] == [(0, 37 * MINUTE, 9.5)]


def test_zero_degrees_is_a_reading() -> None:
    excursion, _ = judge(minutely(*[0.0] * 31), limit(-18.0))
    assert excursion == Excursion(0, 0.0, raised_ms=30 * MINUTE)


def test_a_limit_of_zero_counts_on_the_low_side() -> None:
    rule = limit(0.0, hazard=Hazard.TEMPERATURE_LOW)
    excursion, _ = judge(minutely(*[-0.5] * 30, -2.0), rule)
    assert excursion == Excursion(0, -2.0, raised_ms=30 * MINUTE)


def test_without_delays_a_single_sample_raises_and_a_single_one_ends() -> None:
    excursion, ended = judge(minutely(9.0, 4.0), limit(on=0, off=0))
    assert excursion is None
    assert ended == (Episode(Condition.NORMAL, 0, 0, MINUTE, 9.0, ()),)


def test_silence_alone_neither_raises_nor_clears() -> None:
    pending = minutely(9.0, 9.0)
    active = minutely(*[9.0] * 31)
    assert judge(pending)[0] == Excursion(0, 9.0)
    assert judge(active)[0] == Excursion(0, 9.0, raised_ms=30 * MINUTE)


def test_pending_goes_on_counting_over_a_gap_that_ends_beyond_the_limit() -> None:
    excursion, _ = judge([*minutely(9.0), *minutely(9.0, start=60)])
    gap = Span(0, 60 * MINUTE)
    assert excursion == Excursion(0, 9.0, raised_ms=60 * MINUTE, unknown=(gap,))


def test_a_gap_that_ends_in_good_values_proves_nothing_of_a_pending_excursion() -> None:
    assert judge([*minutely(9.0), *minutely(4.0, start=60)]) == (None, ())


def test_clearing_starts_anew_after_a_gap() -> None:
    samples = [*minutely(*[9.0] * 31, 4.0), *minutely(*[4.0] * 10, start=60)]
    excursion, ended = judge(samples)
    assert ended == ()
    assert excursion is not None
    assert excursion.clearing_ms == 60 * MINUTE
    assert excursion.unknown == (Span(31 * MINUTE, 60 * MINUTE),)


def test_hourly_data_above_the_limit_of_a_minutely_rule_is_one_long_unknown_episode() -> None:
    samples = [(hour * 60 * MINUTE, 12.0) for hour in range(100)]
    excursion, ended = judge(samples)
    assert ended == ()
    assert excursion is not None
    assert excursion.raised_ms == 60 * MINUTE
    assert excursion.unknown == (Span(0, 99 * 60 * MINUTE),)


def test_a_sample_two_hours_old_does_not_satisfy_a_delay_by_itself() -> None:
    # Event time only: there is no clock in the rule that could have moved on.
    assert judge(minutely(9.0, start=-120))[0] == Excursion(-120 * MINUTE, 9.0)
