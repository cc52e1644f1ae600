"""The numbering against a plain set, and the promises made of it."""

from hypothesis import given
from hypothesis import strategies as st

from gongfu_ingest.numbering import MAX_INTERVALS, Numbering

numbers = st.integers(min_value=1, max_value=60)


def settled(numbering: Numbering, upto: int = 200) -> set[int]:
    return {n for n in range(1, upto) if numbering.has(n)}


@given(st.lists(numbers))
def test_it_remembers_exactly_what_was_added(arrivals: list[int]) -> None:
    numbering = Numbering()
    for seq in arrivals:
        numbering = numbering.add(seq)
    assert settled(numbering) == set(arrivals)


@given(st.lists(numbers), st.randoms())
def test_the_order_of_arrival_changes_nothing(arrivals: list[int], rng: object) -> None:
    shuffled = [*arrivals, *arrivals[:5]]
    rng.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis' random.Random
    one, other = Numbering(), Numbering()
    for seq in arrivals:
        one = one.add(seq)
    for seq in shuffled:
        other = other.add(seq)
    assert one == other


@given(st.lists(numbers), numbers)
def test_what_a_device_gave_up_is_counted_once_and_acknowledged(
    arrivals: list[int], lo: int
) -> None:
    numbering = Numbering()
    for seq in arrivals:
        numbering = numbering.add(seq)
    given_up = numbering.give_up_below(lo)
    assert given_up.lost == len(set(range(1, lo)) - set(arrivals))
    assert given_up.prefix >= lo - 1
    assert given_up.give_up_below(lo) == given_up
    assert settled(given_up) == set(arrivals) | set(range(1, lo))


def test_the_acknowledged_prefix_never_skips_a_gap() -> None:
    numbering = Numbering().add(1).add(2).add(4)
    assert numbering.prefix == 2
    assert numbering.add(3).prefix == 4
    assert numbering.add(3).islands == ()


def test_memory_stays_bounded_by_a_fixed_number_of_gaps() -> None:
    numbering = Numbering()
    for seq in range(2, 2 * MAX_INTERVALS + 1, 2):
        assert not numbering.full
        numbering = numbering.add(seq)
    assert numbering.full
