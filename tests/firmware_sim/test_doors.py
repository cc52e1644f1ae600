"""A door's edges alternate, whatever overlaps."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gongfu_firmware_sim.daytime import DAY_MS, day_of, midnight_ms
from gongfu_firmware_sim.doors import DoorBook, DoorDay, merged

SPANS = st.lists(
    st.tuples(st.integers(0, 100_000), st.integers(10, 20_000)).map(lambda s: (s[0], s[0] + s[1])),
    max_size=12,
)


@given(SPANS)
def test_edges_alternate_off_the_grid_and_each_has_its_own_stamp(
    spans: list[tuple[int, int]],
) -> None:
    edges = DoorDay(0, merged(spans), 0).edges
    assert [is_open for _, is_open in edges] == [1, 0] * (len(edges) // 2)
    stamps = [ts for ts, _ in edges]
    assert stamps == sorted(set(stamps))
    assert all(ts % 1_000 for ts in stamps)


@given(SPANS, st.integers(0, 130_000))
def test_state_edges_and_counter_tell_the_same_story(
    spans: list[tuple[int, int]], at_ms: int
) -> None:
    door = DoorDay(0, merged(spans), 40)
    before = door.edges_in(-1, at_ms)
    assert door.is_open(at_ms) == (before[-1][1] if before else 0)
    assert door.opened(at_ms) == 40 + sum(is_open for _, is_open in before)


@given(SPANS, st.lists(st.integers(0, 130_000), max_size=6))
def test_edges_asked_for_in_pieces_are_the_same_edges(
    spans: list[tuple[int, int]], cuts: list[int]
) -> None:
    door = DoorDay(0, merged(spans), 0)
    bounds = [-1, *sorted(cuts), 200_000]
    pieces = [edge for a, b in pairwise(bounds) for edge in door.edges_in(a, b)]
    assert pieces == list(door.edges)


def test_openings_are_counted_over_days_in_any_order() -> None:
    def spans_around(day: int) -> list[tuple[int, int]]:
        return [(midnight_ms(d) + 1_000, midnight_ms(d) + 2_000) for d in (day - 1, day)]

    book = DoorBook(100, 7, spans_around)
    assert book.day(103).opened(midnight_ms(103)) == 10
    assert book.day(101).opened(midnight_ms(101) + 5_000) == 9
    assert book.day(100).opened(midnight_ms(100)) == 7


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    tuesday_8_am_utc = 20_403 * DAY_MS + 8 * 3_600_000
    assert day_of(tuesday_8_am_utc) == 20_403
    assert day_of(20_403 * DAY_MS + 16 * 3_600_000) == 20_404
