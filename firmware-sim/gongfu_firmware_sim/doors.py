"""When a door is open: openings and doors left ajar, merged so that edges alternate."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from gongfu_firmware_sim.daytime import midnight_ms

Span = tuple[int, int]


def off_grid(span: Span) -> Span:
    """Odd milliseconds, so that an edge never bears the time stamp of a periodic row."""
    return span[0] | 1, span[1] | 1


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The union of [start, end) spans off the grid, in order, without overlap."""
    result: list[Span] = []
    for start, end in sorted(map(off_grid, spans)):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)


@dataclass(frozen=True)
class DoorDay:
    """One door around one local day that begins at ``midnight_ms``.

    ``opened_before`` counts openings before that midnight, ``spans`` may reach over it.
    """

    midnight_ms: int
    spans: tuple[Span, ...]
    opened_before: int
    edges: tuple[tuple[int, int], ...] = field(init=False)
    _starts: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        edges = sorted(edge for start, end in self.spans for edge in ((start, 1), (end, 0)))
        object.__setattr__(self, "edges", tuple(edges))
        object.__setattr__(self, "_starts", tuple(start for start, _ in self.spans))

    def is_open(self, ts_ms: int) -> int:
        """1 while the door is open, else 0."""
        index = bisect_right(self._starts, ts_ms) - 1
        return int(index >= 0 and ts_ms < self.spans[index][1])

    def opened(self, ts_ms: int) -> int:
        """Openings up to the instant, since the first simulated day."""
        before = bisect_right(self._starts, self.midnight_ms - 1)
        return self.opened_before + bisect_right(self._starts, ts_ms) - before

    def edges_in(self, after_ms: int, upto_ms: int) -> Sequence[tuple[int, int]]:
        """(instant, 1 opened or 0 closed) in (after, upto]."""
        first = bisect_right(self.edges, (after_ms, 1))
        return self.edges[first : bisect_right(self.edges, (upto_ms, 1))]


class DoorBook:
    """A door over all days; counts its openings from the first simulated day on."""

    def __init__(
        self, first_day: int, opened_ever: int, spans_around: Callable[[int], Iterable[Span]]
    ) -> None:
        self._first_day = first_day
        self._opened = {first_day: opened_ever}
        self._spans_around = spans_around

    def day(self, day: int) -> DoorDay:
        """The door around one local day."""
        return DoorDay(midnight_ms(day), merged(self._spans_around(day)), self._before(day))

    def _before(self, day: int) -> int:
        last = max(self._opened)
        while last < day:
            start, end = midnight_ms(last), midnight_ms(last + 1)
            spans = merged(self._spans_around(last))
            self._opened[last + 1] = self._opened[last] + sum(start <= s < end for s, _ in spans)
            last += 1
        return self._opened.get(day, self._opened[self._first_day])
