"""One row a minute is judged: the count of openings tells two openings from a door left open."""

from collections.abc import Sequence

import pytest

from gongfu_fleet.domain.alarms.hazard import Hazard
from gongfu_fleet.domain.alarms.rulebook import Row
from gongfu_fleet.domain.alarms.zone_book import ZoneBook
from gongfu_fleet.services.cold_policies import cold_policy

MINUTE_MS = 60_000
BOOK = ZoneBook("zone_1_celsius", cold_policy("chilled_generic"))


def _doors(rows: Sequence[tuple[float, float | None]]) -> list[tuple[int, int | None]]:
    """(begin, end) in minutes of what is told of a door with these (open, openings) by minute."""
    told: list[Row] = [
        (n * MINUTE_MS, (4.0, door, opens)) for n, (door, opens) in enumerate([(0.0, 0.0), *rows])
    ]
    judged = BOOK.follow(BOOK.fresh, told)
    episodes = [one.episode for one in (*judged.ended, *judged.open)]
    assert {one.hazard for one in (*judged.ended, *judged.open)} <= {Hazard.DOOR_AJAR}
    return [
        (one.begin_ms // MINUTE_MS, None if one.end_ms is None else one.end_ms // MINUTE_MS)
        for one in episodes
    ]


def test_two_openings_that_each_row_finds_open_are_no_door_left_open() -> None:
    assert _doors([(1.0, 1.0), (1.0, 1.0), (1.0, 2.0), (1.0, 2.0), (0.0, 2.0)]) == []


def test_a_door_that_was_opened_once_is_told() -> None:
    assert _doors([(1.0, 1.0)] * 6 + [(0.0, 1.0)]) == [(1, 7)]


def test_shut_for_a_moment_while_it_was_told_ends_it() -> None:
    assert _doors([(1.0, 1.0)] * 6 + [(1.0, 2.0)] * 2 + [(0.0, 2.0)]) == [(1, 7)]


def test_opened_again_and_left_open_it_is_told_from_then_on() -> None:
    assert _doors([(1.0, 1.0)] * 2 + [(1.0, 2.0)] * 8) == [(3, None)]


@pytest.mark.parametrize("count", [None, 1.0])
def test_without_a_count_or_with_one_that_stands_still_it_is_one_opening(
    count: float | None,
) -> None:
    assert _doors([(1.0, count)] * 6 + [(0.0, count)]) == [(1, 7)]


def test_a_counter_that_begins_anew_is_no_opening() -> None:
    assert _doors([(1.0, 9.0)] * 3 + [(1.0, 0.0)] * 3 + [(0.0, 0.0)]) == [(1, 7)]
